"""All that one scrape knows, before it becomes records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agents.calls import CallLog
from agents.kubernetes.control_plane import ControlPlane
from agents.kubernetes.kueue import ClusterQueueState, LocalQueueState, QuotaState
from agents.kubernetes.leases import LeaseEvent
from agents.kubernetes.scalers import PoolLimits, ScalerState
from agents.kubernetes.state import JobState, LeaseState, NodeState, PodState
from agents.kubernetes.tally import Tally
from agents.kubernetes.workloads import WorkloadState
from agents.missing import Missing

__all__ = ["Extras", "Readiness", "Snapshot"]


@dataclass(frozen=True)
class Readiness:
    """What /readyz?verbose says: whether all is well, and which checks are not."""

    ok: bool
    failing: Sequence[str]


@dataclass(frozen=True)
class Extras:
    """What not every cluster has, or shows. Of events only that they are heard."""

    warnings: Sequence[object] | Missing
    scalers: Sequence[ScalerState] | Missing
    workloads: Sequence[WorkloadState] | Missing
    cluster_queues: Sequence[ClusterQueueState] | Missing
    local_queues: Sequence[LocalQueueState] | Missing
    quota_waits: Sequence[QuotaState] | Missing
    node_limits: Sequence[PoolLimits] | Missing
    node_claims: Sequence[str] | Missing


@dataclass(frozen=True)
class Snapshot:
    """Each part is what was read, or why it could not be.

    `at` is the scrape's time by the server's clock. `happened` is since the scrape before,
    `seconds` ago. `usage`: CPU in cores and memory in bytes by node, of metrics.k8s.io. `totals`:
    pods that ended on each node since the agent began, by node and phase.
    """

    now: datetime
    at: datetime
    readiness: Readiness | Missing
    readiness_ms: float | Missing
    version: str | Missing
    cluster: str | Missing
    nodes: Sequence[NodeState] | Missing
    pods: Sequence[PodState] | Missing
    jobs: Sequence[JobState] | Missing
    leases: Sequence[LeaseState] | Missing
    usage: Mapping[str, tuple[float, float]] | Missing
    control: ControlPlane
    extras: Extras
    happened: Tally | Missing
    seconds: float | Missing
    totals: Mapping[tuple[str, str], int]
    elections: int
    lease_events: Sequence[LeaseEvent]
    relists: int
    log: CallLog
    took_ms: float
