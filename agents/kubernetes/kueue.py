"""Kueue: jobs that wait for quota before their pods may want nodes."""

from datetime import datetime

from msgspec import Struct, field

from agents.kube.wire import Watched
from agents.kubernetes.wire import Condition

__all__ = [
    "Admitted",
    "ClusterQueue",
    "ClusterQueueState",
    "KueueWorkload",
    "LocalQueue",
    "LocalQueueState",
    "QuotaState",
    "admitted",
    "cluster_queue_state",
    "local_queue_state",
    "quota_state",
]


class ClusterQueueSpec(Struct, frozen=True, rename="camel"):
    queueing_strategy: str = "BestEffortFIFO"


class QueueStatus(Struct, frozen=True, rename="camel"):
    pending_workloads: int = 0
    reserving_workloads: int = 0
    admitted_workloads: int = 0


class ClusterQueue(Watched, frozen=True):
    spec: ClusterQueueSpec = field(default_factory=ClusterQueueSpec)
    status: QueueStatus = field(default_factory=QueueStatus)


class LocalQueueSpec(Struct, frozen=True, rename="camel"):
    cluster_queue: str = ""


class LocalQueue(Watched, frozen=True):
    spec: LocalQueueSpec = field(default_factory=LocalQueueSpec)
    status: QueueStatus = field(default_factory=QueueStatus)


class WorkloadSpec(Struct, frozen=True, rename="camel"):
    queue_name: str = ""
    priority: int | None = None
    active: bool | None = None


class Admission(Struct, frozen=True, rename="camel"):
    cluster_queue: str = ""


class WorkloadStatus(Struct, frozen=True):
    conditions: list[Condition] = field(default_factory=list)
    admission: Admission | None = None


class KueueWorkload(Watched, frozen=True):
    spec: WorkloadSpec = field(default_factory=WorkloadSpec)
    status: WorkloadStatus = field(default_factory=WorkloadStatus)


class ClusterQueueState(Struct, frozen=True, gc=False):
    name: str
    strict: bool
    pending: int
    reserving: int
    admitted: int


class LocalQueueState(Struct, frozen=True, gc=False):
    name: str
    cluster_queue: str
    pending: int
    admitted: int


class QuotaState(Struct, frozen=True, gc=False):
    """A Workload. `since` is when it began to wait: created, or evicted from where it was."""

    queue: str
    cluster_queue: str
    priority: int
    since: datetime | None
    reserved: datetime | None
    admitted: datetime | None
    finished: bool
    active: bool

    @property
    def waits(self) -> bool:
        return self.reserved is None and self.active and not self.finished


class Admitted(Struct, frozen=True, gc=False):
    """A workload that was let in: how long it waited for quota, and for checks after that."""

    cluster_queue: str
    quota_ms: float
    checks_ms: float


def cluster_queue_state(each: ClusterQueue) -> ClusterQueueState:
    status = each.status
    return ClusterQueueState(
        each.metadata.name,
        each.spec.queueing_strategy == "StrictFIFO",
        status.pending_workloads,
        status.reserving_workloads,
        status.admitted_workloads,
    )


def local_queue_state(each: LocalQueue) -> LocalQueueState:
    status = each.status
    name = f"{each.metadata.namespace}/{each.metadata.name}"
    return LocalQueueState(
        name, each.spec.cluster_queue, status.pending_workloads, status.admitted_workloads
    )


def quota_state(each: KueueWorkload) -> QuotaState:
    meta, spec = each.metadata, each.spec
    held = {
        found.type: found.last_transition_time
        for found in each.status.conditions
        if found.status == "True"
    }
    evicted = held.get("Evicted")
    begun = [moment for moment in (meta.creation_timestamp, evicted) if moment is not None]
    admission = each.status.admission
    return QuotaState(
        queue=f"{meta.namespace}/{spec.queue_name}",
        cluster_queue="" if admission is None else admission.cluster_queue,
        priority=spec.priority or 0,
        since=max(begun, default=None),
        reserved=held.get("QuotaReserved"),
        admitted=held.get("Admitted"),
        finished="Finished" in held,
        active=spec.active is not False,
    )


def admitted(before: QuotaState | None, after: QuotaState | None) -> Admitted | None:
    """What a change of a workload tells of its wait, if it was let in by it."""
    if after is None or after.admitted is None or (before is not None and before.admitted):
        return None
    # Being let in ends the eviction, so the wait's begin is what was known before it.
    since = (before or after).since
    reserved = after.reserved or after.admitted
    if since is None:
        return None
    return Admitted(
        after.cluster_queue,
        max(0.0, (reserved - since).total_seconds() * 1000),
        max(0.0, (after.admitted - reserved).total_seconds() * 1000),
    )
