"""The result of `OrchestratorAnalyzer.analyze_orchestrator_health`."""

from typing import Self

from pydantic import Field

from analytics.findings import Confidence, Finding, Recommendation
from contracts.health import ComponentStatus, ComponentType, HealthStatus, ScorePart

__all__ = [
    "Bottleneck",
    "CapacityAnalysis",
    "ComponentAnalysis",
    "ComponentFinding",
    "Contribution",
    "HealthAnalysis",
    "QueueFinding",
    "QueueHealth",
    "SchedulingEfficiency",
]


class Contribution(Finding):
    """One addend of the score: `contracts.health.ScorePart` with the keys of an analysis."""

    name: str
    weight: float
    effective_weight: float
    score: float | None
    contribution: float | None
    raw: dict[str, float | str | None]
    evidence: str
    repair: str | None
    gain: float | None
    reason: str | None

    @classmethod
    def of(cls, part: ScorePart) -> Self:
        """The same numbers under snake_case names."""
        return cls(**part.model_dump(by_alias=False))


class ComponentFinding(Finding):
    """One component and what it weighs in the component part."""

    name: str
    type: ComponentType
    status: ComponentStatus | None
    weight: float
    latency_ms: float | None
    error_rate_ratio: float | None
    issues: tuple[str, ...]


class ComponentAnalysis(Finding):
    """Components by status."""

    healthy: int
    degraded: int
    unhealthy: int
    unknown: int
    components: tuple[ComponentFinding, ...]
    findings: tuple[str, ...] = ()


class CapacityAnalysis(Finding):
    """Slots against the target utilization."""

    total_slots: int | None = None
    used_slots: int | None = None
    available_slots: int | None = None
    pending_workflows: int | None = None
    utilization_ratio: float | None = None
    peak_utilization_ratio: float | None = Field(default=None, description="Of the last hour.")
    target_low_ratio: float
    target_high_ratio: float
    missing_slots: int | None = Field(
        default=None, description="To add, so that what is used now is at most the target."
    )
    findings: tuple[str, ...] = ()
    reason: str | None = Field(default=None, description="Why the utilization is unknown.")


class SchedulingEfficiency(Finding):
    """How long work waits for a place, against the target."""

    avg_latency_ms: float | None = None
    p50_latency_ms: float | None = None
    p95_latency_ms: float | None = None
    p99_latency_ms: float | None = None
    target_ms: float
    placements: int | None = Field(
        default=None, description="Observations in the interval that the percentiles rest on."
    )
    throughput_per_s: float | None = None
    failures: int | None = Field(default=None, description="In the interval.")
    queue_depth: int | None = None
    findings: tuple[str, ...] = ()
    reason: str | None = Field(default=None, description="Why the 95th percentile is unknown.")


class QueueFinding(Finding):
    """One queue in which work waits, or nobody would take it."""

    name: str
    size: int | None
    consumers: int | None
    oldest_age_s: float | None
    arrival_rate_per_s: float | None
    processing_rate_per_s: float | None
    drain_time_s: float | None = Field(
        default=None,
        description="size / (processing - arrival rate) (Little); null where it is unknown or "
        "does not drain.",
    )


class QueueHealth(Finding):
    """All queues, and those worth a look, the largest first."""

    backlog_items: int | None = None
    max_wait_ms: float | None = None
    avg_wait_ms: float | None = None
    target_wait_ms: float
    backlog_growing_for_s: float | None = None
    dead_letters: int | None = None
    poison_messages: int | None = None
    queues: tuple[QueueFinding, ...] = ()
    findings: tuple[str, ...] = ()
    reason: str | None = Field(default=None, description="Why the queues are unknown.")


class Bottleneck(Finding):
    """A place where work waits. The list is ranked by `wait_item_s`, unknown last."""

    kind: str = Field(description="queue, capacity or scheduling.")
    name: str
    waiting_items: int | None
    wait_s: float | None = Field(description="Wait of one item; `basis` says of which.")
    wait_item_s: float | None = Field(description="Wait of all items together, item-seconds.")
    basis: str = Field(description="What `wait_item_s` is, and how it was reckoned.")
    evidence: str


class HealthAnalysis(Finding):
    """Health of one orchestrator, explained.

    `health_score` and `health_status` are exactly those of the record.
    """

    health_score: float | None
    health_status: HealthStatus
    status_reason: str | None
    component_analysis: ComponentAnalysis
    capacity_analysis: CapacityAnalysis
    scheduling_efficiency: SchedulingEfficiency
    queue_health: QueueHealth
    bottlenecks: tuple[Bottleneck, ...]
    recommendations: tuple[Recommendation, ...] = Field(description="The largest known gain first.")
    coverage: float = Field(description="Share of the weights whose parts are known.")
    contributions: tuple[Contribution, ...]
    evidence: tuple[str, ...] = Field(description="What was measured, a sentence a part.")
    confidence: Confidence
    method: str
