"""Records of which only what a test speaks of is known."""

from contracts.health import (
    ComponentHealth,
    ComponentIssue,
    ComponentStatus,
    ComponentType,
    HealthStatus,
    OrchestratorHealth,
)
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    Metadata,
    OrchestratorMetrics,
    QueueMetrics,
    RecentOutcomes,
    SchedulingPerformance,
)
from tests.records import NOON, orchestrator_record

__all__ = ["component", "known", "perfect_sections"]

SECTIONS = (
    "capacity",
    "scheduling",
    "queuing",
    "execution",
    "resources",
    "networking",
    "persistence",
)


def known(*components: ComponentHealth, **sections: object) -> OrchestratorMetrics:
    """A reachable orchestrator's record that knows the components and sections given."""
    health = OrchestratorHealth(
        status=HealthStatus.HEALTHY,
        health_score=None,
        components=components,
        last_health_check=NOON,
    )
    nothing: dict[str, object] = dict.fromkeys(SECTIONS)
    fields: dict[str, object] = {"health": health, "metadata": Metadata()}
    return orchestrator_record(**(nothing | fields | sections))


def component(
    kind: ComponentType, status: ComponentStatus | None, *issues: str, name: str | None = None
) -> ComponentHealth:
    """A component that is named after its type unless said otherwise."""
    return ComponentHealth(
        name=name or kind.value,
        type=kind,
        status=status,
        last_check=NOON,
        issues=tuple(ComponentIssue(code="issue", message=issue) for issue in issues),
    )


def perfect_sections() -> dict[str, object]:
    """Every section measured, and as good as it gets but for the bound of the failure rate."""
    return {
        "capacity": CapacityMetrics(
            total_slots=100,
            used_slots=80,
            available_slots=20,
            pending_workflows=0,
            capacity_utilization=0.8,
            peak_utilization=0.84,
        ),
        "scheduling": SchedulingPerformance(p95_scheduling_latency=50.0),
        "queuing": QueueMetrics(
            queues=(), backlog_size=0, max_wait_time=0.0, backlog_growing_for_s=0.0
        ),
        "execution": ExecutionMetrics(
            recent=RecentOutcomes(completed=1_000_000, failed=0, window_s=3600.0)
        ),
    }
