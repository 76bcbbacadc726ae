"""Shapes of the answers: records as on the wire, and what a reader must know beside them."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from analytics.anomalies.findings import PoolJudgement
from analytics.balancing.findings import AlgorithmChoice, LoadDistribution
from analytics.coordination.results import CoordinationHealth, CoordinationIssue
from analytics.health_analysis import HealthAnalysis
from analytics.queue_analysis.findings import QueuePerformance, WaitEstimate
from analytics.scorecard import Scorecard
from contracts.base import Record, UtcDatetime
from contracts.coordination import CoordinationMetrics
from contracts.events import Event, ScalingEvent
from contracts.health import HealthStatus, OrchestratorHealth
from contracts.load_balancing import LoadBalancingAlgorithm, LoadBalancingMetrics
from contracts.orchestrator import (
    CapacityMetrics,
    Metadata,
    OrchestratorMetrics,
    OrchestratorType,
    QueueInfo,
    SchedulingPerformance,
)
from contracts.worker_pool import (
    AutoScalingMetrics,
    PoolHealth,
    PoolPerformance,
    PoolResourceUsage,
    WorkerInstance,
)
from store.freshness import SectionState

__all__ = [
    "CapacityFrame",
    "CapacitySeries",
    "CoordinationFrame",
    "EventList",
    "HealthFrame",
    "LoadBalancingItem",
    "LoadBalancingList",
    "OrchestratorFrame",
    "OrchestratorItem",
    "OrchestratorList",
    "QueueFrame",
    "QueueItem",
    "QueueList",
    "QueueSeries",
    "Readiness",
    "ScalingEventList",
    "SchedulingFrame",
    "SchedulingSeriesColumns",
    "SeriesRange",
    "WorkerItem",
    "WorkerList",
    "WorkerPoolItem",
    "WorkerPoolList",
]

NEXT_CURSOR = Field(description="Where the next page begins; null at the end.")
Counts = list[int | None]
Numbers = list[float | None]


class Observed(Record):
    """When what stands beside it was observed, and how far it may be trusted."""

    observed_at: UtcDatetime | None = Field(description="null: never.")
    state: SectionState = Field(
        description="ok; stale: older than three intervals; error: the newest record could not "
        "read it, the last good value stands; unsupported: nothing ever reported it."
    )


class Reasoned(Observed):
    """The same with the reason of any state but ok."""

    reason: str | None


class OrchestratorItem(Reasoned):
    """One orchestrator in a list.

    In an outage the numbers are the last good ones, and `observedAt` is theirs; otherwise a
    number that the newest record lacks is null.
    """

    id: UUID
    orchestrator_type: OrchestratorType
    instance_id: str
    cluster_name: str
    simulated: bool
    first_seen: UtcDatetime
    last_seen: UtcDatetime
    status: HealthStatus
    health_score: float | None
    capacity_utilization: float | None
    backlog_size: int | None
    active_workers: int | None
    running_workflows: int | None


class OrchestratorList(Record):
    """Orchestrators by type, cluster and instance."""

    items: list[OrchestratorItem]
    next_cursor: str | None = NEXT_CURSOR


class OrchestratorFrame(Reasoned):
    """The newest record of an orchestrator, put together from all of its parts."""

    record: OrchestratorMetrics = Field(
        description="A section that the newest record lacks has its last good value."
    )
    sections: dict[str, Observed] = Field(description="How fresh each section is.")


class CoordinationFrame(Observed):
    """Coordination as it was last reported; null where nothing ever reported it."""

    orchestrator_id: UUID
    coordination: CoordinationMetrics | None
    analysis: CoordinationHealth | None = Field(description="Of that record.")


class CoordinationIssueList(Record):
    """What went wrong, the worst first."""

    items: list[CoordinationIssue]
    events: int = Field(description="Events that were looked at.")
    truncated: bool = Field(description="There were more in the range.")


class LoadBalancingItem(LoadBalancingMetrics, Observed):
    """How work lies on the workers of one pool, or of all."""


class LoadBalancingList(Record):
    """The newest record of each scope."""

    items: list[LoadBalancingItem]


class BalanceItem(Observed):
    """How evenly work lies on the workers of one pool, or of all."""

    scope_id: UUID
    pool_id: UUID | None
    algorithm: LoadBalancingAlgorithm | None
    analysis: LoadDistribution


class BalanceChoice(Observed):
    """The algorithm for one pool, or for all workers; observed is what it was chosen by."""

    scope_id: UUID
    pool_id: UUID | None
    optimization: AlgorithmChoice


class BalanceChoiceList(Record):
    """A choice for each scope."""

    items: list[BalanceChoice]


class BalanceList(Record):
    """An analysis of the newest record of each scope."""

    items: list[BalanceItem]


class ScorecardItem(Record):
    """How one orchestrator did by the specification's success metrics."""

    orchestrator_id: UUID
    simulated: bool
    scorecard: Scorecard


class ScorecardList(Record):
    """Orchestrators by type, cluster and instance, and all of this page as one."""

    since: UtcDatetime
    items: list[ScorecardItem]
    together: Scorecard = Field(description="Of those that are not simulated.")
    next_cursor: str | None = NEXT_CURSOR


class EventList(Record):
    """Events, the newest first."""

    items: list[Event]
    next_cursor: str | None = NEXT_CURSOR


class ScalingEventList(Record):
    """What happened to the size of a pool, the newest first."""

    items: list[ScalingEvent]
    next_cursor: str | None = NEXT_CURSOR


class HealthFrame(Reasoned):
    """The health block of the newest record, and the analysis of that very record."""

    orchestrator_id: UUID
    health: OrchestratorHealth
    analysis: HealthAnalysis


class SeriesRange(Record):
    """The steps of a series. `to` is the end of the step that the present lies in."""

    from_: UtcDatetime = Field(alias="from")
    to: UtcDatetime
    step_s: int


class SeriesColumns(Record):
    """Columns of one length. null: no sample in the step knew it."""

    t: list[int] = Field(description="Beginning of each step, milliseconds since 1970 UTC.")


class CapacitySeries(SeriesColumns):
    """Last value of each step; completed and failed are sums."""

    total_slots: Counts
    used_slots: Counts
    capacity_utilization: Numbers
    running_workflows: Counts
    pending_workflows: Counts
    completed_workflows: Counts
    failed_workflows: Counts


class SchedulingSeriesColumns(SeriesColumns):
    """Latencies in milliseconds, read from the merged histograms of each step."""

    avg_scheduling_latency: Numbers
    p50_scheduling_latency: Numbers
    p95_scheduling_latency: Numbers
    p99_scheduling_latency: Numbers
    scheduling_throughput: Numbers
    queue_depth: Counts


class QueueSeries(SeriesColumns):
    """Last value of each step."""

    size: Counts
    consumers: Counts
    processing_rate: Numbers
    arrival_rate: Numbers
    error_rate: Numbers
    oldest_age_s: Numbers = Field(alias="oldestAgeS")


class SectionFrame(Reasoned):
    """One section of an orchestrator, now and before."""

    orchestrator_id: UUID
    unavailable: dict[str, str] = Field(
        description="JSON pointer -> why the newest record does not know the value."
    )
    estimated: list[str] = Field(description="JSON pointers of values that are estimates.")
    range: SeriesRange


class CapacityFrame(SectionFrame):
    """Capacity, now and before."""

    capacity: CapacityMetrics | None
    series: CapacitySeries


class SchedulingFrame(SectionFrame):
    """Scheduling performance, now and before."""

    scheduling: SchedulingPerformance | None
    series: SchedulingSeriesColumns


class QueueItem(QueueInfo, Observed):
    """One queue in a list."""

    orchestrator_id: UUID


class QueueList(Record):
    """Queues by orchestrator and name."""

    items: list[QueueItem]
    next_cursor: str | None = NEXT_CURSOR


class QueueFrame(Observed):
    """One queue, now and before."""

    orchestrator_id: UUID
    queue: QueueInfo
    range: SeriesRange
    series: QueueSeries


class WorkerPoolItem(Observed):
    """One worker pool: its record without the workers, which have a list of their own."""

    id: UUID
    pool_id: UUID
    orchestrator_id: UUID
    pool_name: str
    worker_type: str
    collected_at: UtcDatetime
    total_workers: int | None
    active_workers: int | None
    idle_workers: int | None
    busy_workers: int | None
    failed_workers: int | None
    terminating_workers: int | None
    pool_health: PoolHealth
    resource_usage: PoolResourceUsage
    performance: PoolPerformance
    scaling: AutoScalingMetrics
    metadata: Metadata


class QueueAnalysis(Observed):
    """How one queue does, and when an item that waits in it will be taken."""

    queue_id: UUID
    performance: QueuePerformance
    wait: WaitEstimate


class WorkerAnomalies(Observed):
    """The workers of a pool that are unlike the others."""

    pool_id: UUID
    judgement: PoolJudgement


class WorkerPoolList(Record):
    """Worker pools by orchestrator and name."""

    items: list[WorkerPoolItem]
    next_cursor: str | None = NEXT_CURSOR


class UsageTold(Observed):
    """What became of the usage that an agent beside the worker tells."""

    unavailable: dict[str, str] = Field(
        description="JSON pointer -> why it told no value; then the pool's record gives it, or it "
        "is null."
    )


class WorkerItem(WorkerInstance, Observed):
    """One worker in a list."""

    pool_id: UUID
    usage: UsageTold | None = Field(
        description="CPU, memory, disk and network come from an agent beside the worker where it "
        "tells them; once they are stale they count no more. null: there is no such agent."
    )


class WorkerList(Record):
    """Workers of a pool by their own id."""

    items: list[WorkerItem]
    next_cursor: str | None = NEXT_CURSOR


class Liveness(Record):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Record):
    """Whether the server can do its work."""

    ready: bool
    checks: dict[str, str | None] = Field(description="Part -> what is missing, or null.")
