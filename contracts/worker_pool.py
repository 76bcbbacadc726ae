"""`WorkerPoolMetrics`: one pool and the workers in it.

Every worker has one status, and the pool's counts add up:
`total = idle + active + busy + failed + terminating`.
"""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from contracts.base import (
    CollectedAt,
    Count,
    NonNegative,
    OrchestratorId,
    PoolId,
    Ratio,
    Record,
    Text,
    UtcDatetime,
)
from contracts.orchestrator import Metadata

__all__ = [
    "AutoScalingMetrics",
    "PoolHealth",
    "PoolPerformance",
    "PoolResourceUsage",
    "ScalingAction",
    "ScalingDecision",
    "WorkerInstance",
    "WorkerPage",
    "WorkerPoolMetrics",
    "WorkerStatus",
]


class WorkerStatus(StrEnum):
    """`idle` no work, `active` some work and room for more, `busy` full."""

    ACTIVE = "active"
    IDLE = "idle"
    BUSY = "busy"
    FAILED = "failed"
    TERMINATING = "terminating"


class WorkerInstance(Record):
    """One worker. Usage is the share of what it may use and may exceed 1."""

    id: Text = Field(
        min_length=1, max_length=255, description="Its name at the source, unique within the pool."
    )
    hostname: Text | None = Field(default=None, description="Where it runs; null: not known.")
    status: WorkerStatus
    current_task: Text | None = Field(
        default=None, description="What it works on; null: nothing, or not known."
    )
    tasks_completed: Count | None = Field(default=None, description="Total since it started.")
    tasks_failed: Count | None = Field(default=None, description="Total since it started.")
    cpu_usage: NonNegative | None = Field(
        default=None, description="Share of the CPU it may use; may exceed 1."
    )
    memory_usage: NonNegative | None = Field(
        default=None, description="Share of the memory it may use; may exceed 1."
    )
    disk_usage: NonNegative | None = Field(
        default=None, description="Share of the disk it may use; may exceed 1."
    )
    network_usage: NonNegative | None = Field(default=None, description="Bytes per second.")
    uptime: NonNegative | None = Field(default=None, description="Seconds.")
    last_heartbeat: UtcDatetime | None = Field(
        default=None,
        description="When it last said that it lives; null: it never did, or not known.",
    )
    used_slots: Count | None = Field(default=None, description="Additive.")
    total_slots: Count | None = Field(default=None, description="Additive.")
    labels: dict[Text, Text] = Field(
        default_factory=dict, description="What the source says of it, by name."
    )


class PoolHealth(Record):
    """Health over the workers of the pool."""

    healthy_workers: Count | None = Field(
        default=None, description="Workers whose status is not `failed`."
    )
    unhealthy_workers: Count | None = Field(
        default=None, description="Workers whose status is `failed`."
    )
    average_health: Ratio | None = Field(default=None, description="0..1, healthy workers / all.")
    failure_rate: Ratio | None = Field(
        default=None, description="Share of its tasks that failed in the interval."
    )
    restart_count: Count | None = Field(default=None, description="Total as the source counts it.")
    communication_errors: Count | None = Field(
        default=None,
        description="Calls between workers and orchestrator that failed in the interval.",
    )
    resource_exhaustion: Count | None = Field(
        default=None, description="Workers that ran out of a resource in the interval."
    )


class PoolResourceUsage(Record):
    """Usage over the pool, shares as in `WorkerInstance`."""

    cpu_usage: NonNegative | None = Field(
        default=None, description="Mean over the workers that tell it."
    )
    memory_usage: NonNegative | None = Field(
        default=None, description="Mean over the workers that tell it."
    )
    used_slots: Count | None = Field(default=None, description="Places that are taken.")
    total_slots: Count | None = Field(default=None, description="Places on live workers.")


class PoolPerformance(Record):
    """What the pool gets done."""

    throughput: NonNegative | None = Field(default=None, description="Tasks per second.")
    avg_task_duration: NonNegative | None = Field(default=None, description="Milliseconds.")
    error_rate: Ratio | None = Field(
        default=None, description="Share of its tasks that failed in the interval."
    )
    utilization: NonNegative | None = Field(default=None, description="Used slots / total slots.")


class ScalingAction(StrEnum):
    """What a scaling decision did."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    MAINTAIN = "maintain"


class ScalingDecision(Record):
    """One decision about the size of a pool."""

    timestamp: UtcDatetime = Field(description="When it was made.")
    action: ScalingAction
    from_count: Count = Field(description="Workers before.")
    to_count: Count = Field(description="Workers after, or asked for.")
    reason: Text = Field(description="Why, as whoever decided says.")
    metrics: dict[Text, float] = Field(
        default_factory=dict, description="Measured inputs, unit in the name."
    )
    success: bool | None = Field(default=None, description="null: not known (yet).")
    duration: NonNegative | None = Field(default=None, description="Milliseconds.")


class AutoScalingMetrics(Record):
    """Scaling of the pool, as far as something that scales it is known."""

    enabled: bool | None = Field(
        default=None, description="Whether something scales it; null: not known."
    )
    min_workers: Count | None = Field(default=None, description="Fewest workers it may have.")
    max_workers: Count | None = Field(default=None, description="Most workers it may have.")
    current_target: Count | None = Field(
        default=None, description="Workers that whatever scales it wants now."
    )
    scaling_decisions: tuple[ScalingDecision, ...] = Field(
        default=(), description="The newest ones, as the source tells them."
    )
    scaling_efficiency: Ratio | None = Field(
        default=None, description="0..1; null until it is analysed."
    )
    cost_optimization: Ratio | None = Field(
        default=None, description="0..1; null until it is analysed, and without a price."
    )
    predicted_demand: NonNegative | None = Field(
        default=None,
        description="Workers needed soon, as whatever scales it foresees; null: it does not say.",
    )


class WorkerPage(Record):
    """Which of the pool's workers a record lists, where they are too many for one message.

    Each page says all about its range of ids, in the order of their code points, so it can be
    applied by itself: whoever is in the range and not in the page is gone.
    """

    number: Count = Field(ge=1, description="Pages are counted from 1.")
    pages: Count = Field(ge=1, description="How many pages the sample has.")
    after: Text | None = Field(
        default=None, description="The range begins after this id; null: with the first."
    )
    up_to: Text | None = Field(
        default=None, description="The last id of the range; null: it has no end."
    )


class WorkerPoolMetrics(Record):
    """The specification's record, with the ids and times that storage and live updates need."""

    id: UUID = Field(description="Names the sample; a retry of it has the same id.")
    pool_id: PoolId
    orchestrator_id: OrchestratorId
    pool_name: Text = Field(min_length=1, max_length=255, description="Its name at the source.")
    worker_type: Text = Field(
        max_length=100, description="What kind of workers, in the source's words."
    )
    collected_at: CollectedAt
    total_workers: Count | None = Field(description="All workers of any status; null: not known.")
    active_workers: Count | None = Field(
        default=None, description="With some work and room for more."
    )
    idle_workers: Count | None = Field(default=None, description="Without work.")
    busy_workers: Count | None = Field(default=None, description="Full.")
    failed_workers: Count | None = Field(default=None, description="Not alive any more.")
    terminating_workers: Count | None = Field(default=None, description="On their way out.")
    workers: tuple[WorkerInstance, ...] | None = Field(
        default=None, description="null: not known. Empty: known to be none."
    )
    page: WorkerPage | None = Field(
        default=None,
        exclude_if=lambda page: page is None,
        description="Where `workers` lists a part of them; all other fields are of the whole pool.",
    )
    pool_health: PoolHealth = PoolHealth()
    resource_usage: PoolResourceUsage = PoolResourceUsage()
    performance: PoolPerformance = PoolPerformance()
    scaling: AutoScalingMetrics = AutoScalingMetrics()
    metadata: Metadata = Metadata()
