"""`WorkerPoolMetrics`: one pool and the workers in it.

Every worker has one status, and the pool's counts add up:
`total = idle + active + busy + failed + terminating`.
"""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from contracts.base import Count, NonNegative, Ratio, Record, Text, UtcDatetime
from contracts.orchestrator import Metadata

__all__ = [
    "AutoScalingMetrics",
    "PoolHealth",
    "PoolPerformance",
    "PoolResourceUsage",
    "ScalingAction",
    "ScalingDecision",
    "WorkerInstance",
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

    id: Text = Field(min_length=1, max_length=255)
    hostname: Text | None = None
    status: WorkerStatus
    current_task: Text | None = None
    tasks_completed: Count | None = Field(default=None, description="Total since it started.")
    tasks_failed: Count | None = Field(default=None, description="Total since it started.")
    cpu_usage: NonNegative | None = None
    memory_usage: NonNegative | None = None
    disk_usage: NonNegative | None = None
    network_usage: NonNegative | None = Field(default=None, description="Bytes per second.")
    uptime: NonNegative | None = Field(default=None, description="Seconds.")
    last_heartbeat: UtcDatetime | None = None
    used_slots: Count | None = Field(default=None, description="Additive.")
    total_slots: Count | None = Field(default=None, description="Additive.")
    labels: dict[Text, Text] = Field(default_factory=dict)


class PoolHealth(Record):
    """Health over the workers of the pool."""

    healthy_workers: Count | None = None
    unhealthy_workers: Count | None = None
    average_health: Ratio | None = None
    failure_rate: Ratio | None = None
    restart_count: Count | None = None
    communication_errors: Count | None = None
    resource_exhaustion: Count | None = None


class PoolResourceUsage(Record):
    """Usage over the pool, shares as in `WorkerInstance`."""

    cpu_usage: NonNegative | None = None
    memory_usage: NonNegative | None = None
    used_slots: Count | None = None
    total_slots: Count | None = None


class PoolPerformance(Record):
    """What the pool gets done."""

    throughput: NonNegative | None = Field(default=None, description="Tasks per second.")
    avg_task_duration: NonNegative | None = Field(default=None, description="Milliseconds.")
    error_rate: Ratio | None = None
    utilization: NonNegative | None = None


class ScalingAction(StrEnum):
    """What a scaling decision did."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    MAINTAIN = "maintain"


class ScalingDecision(Record):
    """One decision about the size of a pool."""

    timestamp: UtcDatetime
    action: ScalingAction
    from_count: Count
    to_count: Count
    reason: Text
    metrics: dict[Text, float] = Field(default_factory=dict)
    success: bool | None = None
    duration: NonNegative | None = Field(default=None, description="Milliseconds.")


class AutoScalingMetrics(Record):
    """Scaling of the pool, as far as something that scales it is known."""

    enabled: bool | None = None
    min_workers: Count | None = None
    max_workers: Count | None = None
    current_target: Count | None = None
    scaling_decisions: tuple[ScalingDecision, ...] = ()
    scaling_efficiency: Ratio | None = None
    cost_optimization: Ratio | None = None
    predicted_demand: NonNegative | None = None


class WorkerPoolMetrics(Record):
    """The specification's record, with the ids and times that storage and live updates need."""

    id: UUID = Field(description="Names the sample; a retry of it has the same id.")
    pool_id: UUID
    orchestrator_id: UUID
    pool_name: Text = Field(min_length=1, max_length=255)
    worker_type: Text = Field(max_length=100)
    collected_at: UtcDatetime
    total_workers: Count | None
    active_workers: Count | None = None
    idle_workers: Count | None = None
    busy_workers: Count | None = None
    failed_workers: Count | None = None
    terminating_workers: Count | None = None
    workers: tuple[WorkerInstance, ...] | None = Field(
        default=None, description="null: not known. Empty: known to be none."
    )
    pool_health: PoolHealth = PoolHealth()
    resource_usage: PoolResourceUsage = PoolResourceUsage()
    performance: PoolPerformance = PoolPerformance()
    scaling: AutoScalingMetrics = AutoScalingMetrics()
    metadata: Metadata = Metadata()
