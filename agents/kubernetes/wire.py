"""What is read of nodes, pods, jobs and leases. Environments and commands are dropped unread."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from agents.kube.wire import Watched

__all__ = [
    "ApiGroups",
    "Condition",
    "Job",
    "Lease",
    "Namespace",
    "Node",
    "NodeUsage",
    "Pod",
    "Version",
]


class Condition(Struct, frozen=True, rename="camel", gc=False):
    type: str
    status: str
    reason: str | None = None
    message: str | None = None
    last_transition_time: datetime | None = None


class Taint(Struct, frozen=True):
    key: str
    effect: str | None = None


class NodeSpec(Struct, frozen=True):
    unschedulable: bool = False
    taints: list[Taint] = field(default_factory=list)


class NodeInfo(Struct, frozen=True, rename="camel"):
    kubelet_version: str = ""


class NodeStatus(Struct, frozen=True, rename="camel"):
    allocatable: Mapping[str, str] = field(default_factory=dict)
    conditions: list[Condition] = field(default_factory=list)
    node_info: NodeInfo = field(default_factory=NodeInfo)


class Node(Watched, frozen=True):
    spec: NodeSpec = field(default_factory=NodeSpec)
    status: NodeStatus = field(default_factory=NodeStatus)


class Resources(Struct, frozen=True, gc=False):
    requests: Mapping[str, str] = field(default_factory=dict)


class Container(Struct, frozen=True, rename="camel", gc=False):
    resources: Resources = field(default_factory=Resources)
    restart_policy: str | None = None


class Gate(Struct, frozen=True):
    name: str


class PodSpec(Struct, frozen=True, rename="camel"):
    node_name: str | None = None
    priority: int | None = None
    priority_class_name: str | None = None
    scheduler_name: str | None = None
    containers: list[Container] = field(default_factory=list)
    init_containers: list[Container] = field(default_factory=list)
    overhead: Mapping[str, str] = field(default_factory=dict)
    scheduling_gates: list[Gate] = field(default_factory=list)
    node_selector: Mapping[str, str] = field(default_factory=dict)


class Waiting(Struct, frozen=True):
    reason: str | None = None


class Terminated(Struct, frozen=True):
    reason: str | None = None


class ContainerState(Struct, frozen=True):
    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(Struct, frozen=True, rename="camel"):
    restart_count: int = 0
    state: ContainerState = field(default_factory=ContainerState)
    last_state: ContainerState = field(default_factory=ContainerState)


class PodStatus(Struct, frozen=True, rename="camel"):
    phase: str = ""
    reason: str | None = None
    conditions: list[Condition] = field(default_factory=list)
    container_statuses: list[ContainerStatus] = field(default_factory=list)


class Pod(Watched, frozen=True):
    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)


class JobSpec(Struct, frozen=True):
    suspend: bool = False


class JobStatus(Struct, frozen=True, rename="camel"):
    active: int = 0
    start_time: datetime | None = None
    completion_time: datetime | None = None
    conditions: list[Condition] = field(default_factory=list)


class Job(Watched, frozen=True):
    spec: JobSpec = field(default_factory=JobSpec)
    status: JobStatus = field(default_factory=JobStatus)


class LeaseSpec(Struct, frozen=True, rename="camel"):
    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: datetime | None = None
    renew_time: datetime | None = None
    lease_transitions: int | None = None


class Lease(Watched, frozen=True):
    spec: LeaseSpec = field(default_factory=LeaseSpec)


class Version(Struct, frozen=True, rename="camel"):
    git_version: str


class GroupVersion(Struct, frozen=True, rename="camel"):
    group_version: str


class ApiGroup(Struct, frozen=True):
    versions: list[GroupVersion]


class ApiGroups(Struct, frozen=True):
    """Of `/apis`: what the server offers beside the core."""

    groups: list[ApiGroup]

    @property
    def versions(self) -> frozenset[str]:
        return frozenset(each.group_version for group in self.groups for each in group.versions)


class Named(Struct, frozen=True):
    uid: str


class Namespace(Struct, frozen=True):
    metadata: Named


class NodeUsageItem(Watched, frozen=True):
    usage: Mapping[str, str] = field(default_factory=dict)


class NodeUsage(Struct, frozen=True):
    """Of metrics.k8s.io."""

    items: list[NodeUsageItem]
