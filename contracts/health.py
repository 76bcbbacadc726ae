"""Health of an orchestrator and of its components, with the explanation of its score."""

from enum import StrEnum

from pydantic import Field

from contracts.base import Count, NonNegative, Ratio, Record, Text, UtcDatetime

__all__ = [
    "ComponentHealth",
    "ComponentIssue",
    "ComponentStatus",
    "ComponentType",
    "DiagnosticInfo",
    "HealthStatus",
    "OrchestratorError",
    "OrchestratorHealth",
    "ScorePart",
]


class HealthStatus(StrEnum):
    """Bands of the health score: >= 0.9, >= 0.7, >= 0.5 and below."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    CRITICAL = "critical"


class ComponentStatus(StrEnum):
    """State of one component."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class ComponentType(StrEnum):
    """Role of a component inside its orchestrator."""

    SCHEDULER = "scheduler"
    EXECUTOR = "executor"
    QUEUE = "queue"
    DATABASE = "database"
    CACHE = "cache"
    API = "api"


class ComponentIssue(Record):
    """One thing that is wrong with a component."""

    code: Text = Field(description="Stable identifier, e.g. `no_pollers`.")
    message: Text = Field(description="What is wrong, for a person.")
    since: UtcDatetime | None = Field(default=None, description="Since when; null: not known.")


class ComponentHealth(Record):
    """One component as it was last seen."""

    name: Text = Field(description="Its name at the source.")
    type: ComponentType
    status: ComponentStatus | None = Field(description="null: could not be determined.")
    latency: NonNegative | None = Field(default=None, description="Milliseconds.")
    throughput: NonNegative | None = Field(default=None, description="Requests per second.")
    error_rate: Ratio | None = Field(
        default=None, description="Share of its requests that failed in the interval."
    )
    last_check: UtcDatetime = Field(description="When it was looked at.")
    issues: tuple[ComponentIssue, ...] = Field(
        default=(), description="What is wrong with it; empty: nothing known."
    )


class OrchestratorError(Record):
    """A call or a component that failed while the sample was taken."""

    code: Text = Field(description="Stable identifier, e.g. `unreachable`, `resource_exhausted`.")
    message: Text = Field(description="What the source or the agent said.")
    source: Text = Field(description="The call or component it came from.")
    occurred_at: UtcDatetime = Field(description="When it last happened.")
    count: Count = Field(default=1, description="How often in the interval.")


class ScorePart(Record):
    """One addend of the health score.

    `contribution` is `effective_weight * score`; the contributions add up to the score.
    """

    name: Text = Field(
        description="component_health, capacity_utilization, scheduling_performance, "
        "queue_efficiency or error_rate."
    )
    weight: Ratio = Field(description="Weight of the specification.")
    effective_weight: Ratio = Field(description="Weight after renormalizing over known parts.")
    score: Ratio | None = Field(description="null: unknown; `reason` says why.")
    contribution: Ratio | None = Field(
        default=None, description="What it adds to the score; null where the part is unknown."
    )
    raw: dict[Text, float | Text | None] = Field(
        default_factory=dict, description="Measured inputs, unit in the name."
    )
    evidence: Text = Field(description="One sentence: what was measured against what.")
    repair: Text | None = Field(default=None, description="What would bring the part to 1.")
    gain: Ratio | None = Field(default=None, description="What the score would gain by it.")
    reason: Text | None = Field(default=None, description="Why the part is unknown.")


class DiagnosticInfo(Record):
    """How the health score came about."""

    coverage: Ratio | None = Field(
        default=None, description="Share of the weights whose parts are known."
    )
    score_parts: tuple[ScorePart, ...] = Field(
        default=(), description="The addends of the score, unknown ones too."
    )
    previous_status: HealthStatus | None = Field(
        default=None, description="Status of the sample before, the input of the hysteresis."
    )
    status_reason: Text | None = Field(default=None, description="Why the status is what it is.")


class OrchestratorHealth(Record):
    """Overall health. `health_score` is null when nothing is known to score."""

    status: HealthStatus
    health_score: Ratio | None = Field(
        description="0..1, the sum of the contributions in `diagnostics`; null: nothing is known."
    )
    components: tuple[ComponentHealth, ...] = Field(
        default=(), description="Parts of the orchestrator as far as they can be told apart."
    )
    last_health_check: UtcDatetime = Field(description="When the health was looked at.")
    uptime: NonNegative | None = Field(default=None, description="Seconds.")
    restarts: Count | None = Field(default=None, description="Total as the source counts it.")
    errors: tuple[OrchestratorError, ...] = Field(
        default=(), description="Calls and components that failed."
    )
    warnings: tuple[Text, ...] = Field(
        default=(), description="What deserves a look, for a person."
    )
    diagnostics: DiagnosticInfo = DiagnosticInfo()
