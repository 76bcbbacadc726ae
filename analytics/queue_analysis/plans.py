"""Settings of a queue, and the result of `QueueAnalyzer.optimize_queue_configuration`."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from analytics.findings import Confidence, Finding

__all__ = [
    "ExpectedPerformance",
    "ImplementationRisk",
    "Jitter",
    "OptimizationType",
    "Performance",
    "QueueChange",
    "QueueConfig",
    "QueueOptimization",
    "RetryPolicy",
    "RiskLevel",
]


class Jitter(StrEnum):
    """How much of a back-off is drawn at random."""

    NONE = "none"
    FULL = "full"


class RetryPolicy(Finding):
    """When what failed is tried again. Each back-off is twice the one before, up to the cap."""

    max_attempts: int = Field(ge=1, description="The first one counts.")
    first_backoff_s: float = Field(ge=0)
    max_backoff_s: float = Field(ge=0)
    jitter: Jitter = Field(description="full: between 0 and the back-off, evenly.")
    budget_ratio: float | None = Field(
        default=None, ge=0, description="Retries / first attempts that are allowed; null: no bound."
    )


class QueueConfig(Finding):
    """What is set for a queue."""

    batch_size: int = Field(default=1, ge=1, description="Items that are taken at once.")
    consumers: int | None = Field(default=None, ge=0, description="Null: as the record has it.")
    retry_policy: RetryPolicy | None = Field(default=None, description="Null: unknown.")


class OptimizationType(StrEnum):
    """What can be set."""

    BATCH_SIZE = "batch_size"
    CONSUMER_COUNT = "consumer_count"
    RETRY_POLICY = "retry_policy"


class RiskLevel(StrEnum):
    """How much may go wrong."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"


class QueueChange(Finding):
    """One setting to change."""

    type: OptimizationType
    current: int | RetryPolicy | None
    recommended: int | RetryPolicy
    impact: str
    evidence: str
    risk: str
    risk_level: RiskLevel


class Performance(Finding):
    """What is measured or, for a change, expected."""

    utilization_ratio: float | None = Field(default=None, description="Of the consumers.")
    mean_wait_s: float | None = Field(
        default=None, description="Without a backlog (Erlang C); null: unknown, or without bound."
    )
    drain_time_s: float | None = Field(
        default=None, description="Of the backlog; null: unknown, or it does not drain."
    )
    batch_latency_s: float | None = Field(
        default=None, description="Mean wait for the batch to fill, and its work."
    )
    retry_load_ratio: float | None = Field(
        default=None, description="All attempts / first attempts, at most."
    )


class ExpectedPerformance(Finding):
    """As things are, and with all changes made."""

    current: Performance
    optimized: Performance


class ImplementationRisk(Finding):
    """The highest of all changes, with what may go wrong."""

    level: RiskLevel
    reasons: tuple[str, ...] = ()


class QueueOptimization(Finding):
    """Settings that reach the goal. Whoever sets them decides; nothing here acts."""

    current_config: QueueConfig
    optimizations: tuple[QueueChange, ...] = ()
    kept: Mapping[OptimizationType, str] = Field(
        default_factory=dict, description="Why each of the other settings is kept."
    )
    expected_performance: ExpectedPerformance
    implementation_risk: ImplementationRisk
    evidence: tuple[str, ...]
    confidence: Confidence
    method: str
    reason: str | None = Field(default=None, description="Why nothing is recommended.")
