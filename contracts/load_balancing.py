"""`LoadBalancingMetrics`: how evenly work lies on the workers that could do it.

One record is about the workers of one pool, or, without `pool_id`, about all workers of the
orchestrator. Only workers that can take one another's work are worth comparing, so an agent
that knows pools sends a record for each.
"""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from contracts.base import (
    CollectedAt,
    Count,
    NonNegative,
    OrchestratorId,
    Ratio,
    Record,
    Text,
    UtcDatetime,
)
from contracts.orchestrator import Metadata

__all__ = [
    "BalancingEfficiency",
    "FailoverMetrics",
    "HealthCheckMetrics",
    "LoadBalancingAlgorithm",
    "LoadBalancingMetrics",
    "WorkloadDistribution",
]


class LoadBalancingAlgorithm(StrEnum):
    """How the next worker is chosen.

    `custom` is everything the specification has no word for, such as workers that pull;
    `metadata.algorithm` then names it. `adaptive` is additive: the optimizer may recommend it.
    """

    ROUND_ROBIN = "round_robin"
    LEAST_CONNECTIONS = "least_connections"
    WEIGHTED = "weighted"
    RANDOM = "random"
    IP_HASH = "ip_hash"
    CONSISTENT_HASH = "consistent_hash"
    CUSTOM = "custom"
    ADAPTIVE = "adaptive"


class WorkloadDistribution(Record):
    """Load by worker, in the unit that `load_unit` names."""

    worker_loads: dict[Text, NonNegative] = Field(
        description="Load by worker id. A worker whose load is not known is left out."
    )
    load_unit: Text | None = Field(
        default=None, description="e.g. `used slots / total slots`, `running tasks` (additive)."
    )
    standard_deviation: NonNegative | None = Field(
        default=None, description="Population standard deviation, in the unit of the loads."
    )
    imbalance_score: NonNegative | None = Field(
        default=None, description="Standard deviation / mean; null for a mean of 0."
    )
    hotspots: tuple[Text, ...] = Field(default=(), description="Workers with far too much.")
    underutilized: tuple[Text, ...] = Field(default=(), description="Workers with far too little.")
    redistribution_count: Count | None = Field(
        default=None, description="Times work was moved, total as the source counts it."
    )
    fairness_index: Ratio | None = Field(
        default=None, description="As in `efficiency`; here too for who reads only this (additive)."
    )


class BalancingEfficiency(Record):
    """What the distribution costs. Balances are 1 when all workers are alike."""

    load_variance: NonNegative | None = Field(
        default=None, description="Population variance, in the squared unit of the loads."
    )
    response_time_variance: NonNegative | None = Field(
        default=None, description="Variance of the workers' mean response times, in ms squared."
    )
    throughput_balance: Ratio | None = Field(
        default=None, description="Jain's index of the workers' throughputs."
    )
    resource_utilization_balance: Ratio | None = Field(
        default=None, description="Jain's index of the workers' resource use."
    )
    fairness_index: Ratio | None = Field(
        default=None, description="Jain's index of the loads: 1/n (one has all) to 1 (equal)."
    )


class HealthCheckMetrics(Record):
    """How it is found out which workers may get work. Counts are deltas of the interval."""

    checks: Count | None = Field(default=None, description="Checks made.")
    failed_checks: Count | None = Field(default=None, description="Those of them that failed.")
    healthy_targets: Count | None = Field(default=None, description="Workers that may get work.")
    unhealthy_targets: Count | None = Field(default=None, description="Workers that may not.")
    avg_latency: NonNegative | None = Field(default=None, description="Milliseconds.")
    interval_s: NonNegative | None = Field(default=None, description="Time between two checks.")


class FailoverMetrics(Record):
    """Work that had to go elsewhere. Counts are deltas of the interval."""

    failovers: Count | None = Field(default=None, description="Workers that were lost.")
    rerouted_tasks: Count | None = Field(default=None, description="Tasks begun anew elsewhere.")
    lost_tasks: Count | None = Field(default=None, description="Tasks given up.")
    last_failover: UtcDatetime | None = Field(
        default=None, description="When the last worker was lost."
    )
    avg_failover_time: NonNegative | None = Field(
        default=None, description="Milliseconds from the loss until the work ran again."
    )


class LoadBalancingMetrics(Record):
    """The specification's record. The ids, `collected_at` and `metadata` are additive."""

    id: UUID = Field(description="Names the sample; a retry of it has the same id.")
    orchestrator_id: OrchestratorId
    pool_id: UUID | None = Field(
        default=None, description="null: about all workers of the orchestrator."
    )
    collected_at: CollectedAt
    algorithm: LoadBalancingAlgorithm
    distribution: WorkloadDistribution
    efficiency: BalancingEfficiency
    health_checks: HealthCheckMetrics | None = None
    failover: FailoverMetrics | None = None
    metadata: Metadata = Metadata()

    @property
    def scope_id(self) -> UUID:
        """What the record is about: the pool, or else the orchestrator."""
        return self.pool_id or self.orchestrator_id
