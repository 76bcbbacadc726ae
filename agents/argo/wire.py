"""What is read of workflows and of the controller's settings; everything else is dropped unread."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from agents.kube.wire import Meta, Watched

__all__ = ["ConfigMap", "Node", "ServerVersion", "Synchronization", "Workflow"]


class NodeSynchronization(Struct, frozen=True):
    waiting: str | None = None


class NodeFlag(Struct, frozen=True):
    retried: bool = False


class Node(Struct, frozen=True, rename="camel"):
    """A step. Go writes null for times that are not set."""

    id: str = ""
    name: str = ""
    type: str = ""
    phase: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    synchronization_status: NodeSynchronization | None = None
    node_flag: NodeFlag | None = None


class Held(Struct, frozen=True):
    """One mutex with its holder, or one semaphore with those that hold it."""

    mutex: str | None = None
    semaphore: str | None = None
    holder: str | None = None
    holders: list[str] | None = None

    @property
    def lock(self) -> str:
        return self.mutex or self.semaphore or ""


class Locks(Struct, frozen=True):
    holding: list[Held] | None = None
    waiting: list[Held] | None = None


class Synchronization(Struct, frozen=True):
    mutex: Locks | None = None
    semaphore: Locks | None = None


class Spec(Struct, frozen=True):
    priority: int | None = None
    suspend: bool | None = None


class Status(Struct, frozen=True, rename="camel"):
    phase: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    message: str | None = None
    nodes: Mapping[str, Node] | None = None
    compressed_nodes: str | None = None
    offload_node_status_version: str | None = None
    synchronization: Synchronization | None = None


class Workflow(Watched, frozen=True):
    spec: Spec = field(default_factory=Spec)
    status: Status = field(default_factory=Status)


class ConfigMap(Struct, frozen=True):
    """Without `data` it is empty; without `metadata` it is something else."""

    metadata: Meta
    data: Mapping[str, str] | None = None


class ServerVersion(Struct, frozen=True):
    """Of Argo's own server."""

    version: str
