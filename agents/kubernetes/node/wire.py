"""What is read of the kubelet's summary (kubelet/pkg/apis/stats/v1alpha1) and of the node's object.

Whatever the kubelet may leave out is null here. Pods and containers are dropped unread.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

__all__ = [
    "CpuStats",
    "FsStats",
    "Interface",
    "MemoryStats",
    "NetworkStats",
    "NodeObject",
    "NodeStats",
    "Summary",
]


class CpuStats(Struct, frozen=True, rename="camel"):
    time: datetime
    usage_nano_cores: int | None = None


class MemoryStats(Struct, frozen=True, rename="camel"):
    time: datetime
    working_set_bytes: int | None = None


class FsStats(Struct, frozen=True, rename="camel"):
    time: datetime
    used_bytes: int | None = None
    capacity_bytes: int | None = None


class Interface(Struct, frozen=True, rename="camel"):
    name: str
    rx_bytes: int | None = None
    tx_bytes: int | None = None


class NetworkStats(Struct, frozen=True, rename="camel"):
    """The default interface is told beside `interfaces`, and among them."""

    time: datetime
    name: str = ""
    rx_bytes: int | None = None
    tx_bytes: int | None = None


class NodeStats(Struct, frozen=True, rename="camel"):
    """`start_time`: since when the node's counters count."""

    node_name: str
    start_time: datetime
    cpu: CpuStats | None = None
    memory: MemoryStats | None = None
    network: NetworkStats | None = None
    fs: FsStats | None = None


class Summary(Struct, frozen=True):
    node: NodeStats


class Metadata(Struct, frozen=True):
    uid: str


class Address(Struct, frozen=True):
    type: str
    address: str


class Endpoint(Struct, frozen=True):
    Port: int = 0


class Endpoints(Struct, frozen=True, rename="camel"):
    kubelet_endpoint: Endpoint = field(default_factory=Endpoint)


class NodeInfo(Struct, frozen=True, rename="camel"):
    kubelet_version: str = ""


class NodeStatus(Struct, frozen=True, rename="camel"):
    allocatable: Mapping[str, str] = field(default_factory=dict)
    addresses: list[Address] = field(default_factory=list)
    daemon_endpoints: Endpoints = field(default_factory=Endpoints)
    node_info: NodeInfo = field(default_factory=NodeInfo)


class NodeObject(Struct, frozen=True):
    """Of `/api/v1/nodes/NAME`."""

    metadata: Metadata
    status: NodeStatus = field(default_factory=NodeStatus)
