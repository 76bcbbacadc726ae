"""Hypothesis strategies: any record that the contracts allow and the database can hold."""

from datetime import UTC, datetime
from typing import TypeVar

from hypothesis import strategies as st

from contracts.base import Record
from contracts.health import (
    ComponentHealth,
    ComponentIssue,
    ComponentStatus,
    ComponentType,
    DiagnosticInfo,
    HealthStatus,
    OrchestratorError,
    OrchestratorHealth,
)
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    LatencyHistogram,
    Metadata,
    OrchestratorMetrics,
    OrchestratorType,
    QueueInfo,
    QueueMetrics,
    QueueType,
    RecentOutcomes,
    ResourceAllocation,
    SchedulingPerformance,
)

__all__ = ["histograms", "orchestrator_metrics", "statuses"]

T = TypeVar("T")
M = TypeVar("M", bound=Record)

# Past the largest bigint nothing is stored; small numbers are what meets the borders.
counts = st.one_of(st.integers(0, 50), st.integers(0, 2**63 - 1))
amounts = st.one_of(
    st.floats(0, 2), st.floats(0, 1e6), st.floats(0, allow_nan=False, allow_infinity=False)
)
ratios = st.floats(0, 1)
moments = st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive limits
names = st.text(min_size=1, max_size=10)
statuses = st.sampled_from(HealthStatus)


def maybe(values: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    """A value, or not known."""
    return st.none() | values


def build(model: type[M], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[M]:
    """Valid records of a kind. (`st.builds` reads the camelCase names off the signature.)"""
    return st.fixed_dictionaries(fields).map(model.model_validate)


@st.composite
def histograms(draw: st.DrawFn, bounds: tuple[float, ...] | None = None) -> LatencyHistogram:
    """A well-formed histogram, on `bounds` if given."""
    if bounds is None:
        bounds = tuple(sorted(draw(st.sets(st.integers(1, 10_000), min_size=1, max_size=8))))
    observed = draw(
        st.lists(st.integers(0, 40), min_size=len(bounds) + 1, max_size=len(bounds) + 1)
    )
    return LatencyHistogram(
        bounds_ms=bounds, counts=tuple(observed), sum_ms=draw(st.floats(0, 1e9))
    )


components = build(
    ComponentHealth,
    name=names,
    type=st.sampled_from(ComponentType),
    status=maybe(st.sampled_from(ComponentStatus)),
    latency=maybe(amounts),
    throughput=maybe(amounts),
    error_rate=maybe(ratios),
    last_check=moments,
    issues=st.lists(build(ComponentIssue, code=names, message=st.text()), max_size=2).map(tuple),
)
healths = build(
    OrchestratorHealth,
    status=statuses,
    health_score=maybe(ratios),
    components=st.lists(components, max_size=5).map(tuple),
    last_health_check=moments,
    uptime=maybe(amounts),
    restarts=maybe(counts),
    errors=st.lists(
        build(OrchestratorError, code=names, message=st.text(), source=names, occurred_at=moments),
        max_size=2,
    ).map(tuple),
    diagnostics=build(DiagnosticInfo, previous_status=maybe(statuses)),
)
capacities = build(
    CapacityMetrics,
    total_slots=maybe(counts),
    available_slots=maybe(counts),
    used_slots=maybe(counts),
    pending_workflows=maybe(counts),
    capacity_utilization=maybe(amounts),
    peak_utilization=maybe(amounts),
)
schedulings = build(
    SchedulingPerformance,
    avg_scheduling_latency=maybe(amounts),
    p50_scheduling_latency=maybe(amounts),
    p95_scheduling_latency=maybe(amounts),
    p99_scheduling_latency=maybe(amounts),
    latency_histogram=maybe(histograms()),
    scheduling_throughput=maybe(amounts),
    scheduling_failures=maybe(counts),
    queue_depth=maybe(counts),
)
queues = build(
    QueueInfo,
    name=names,
    type=st.sampled_from(QueueType),
    size=maybe(counts),
    consumers=maybe(counts),
    processing_rate=maybe(amounts),
    arrival_rate=maybe(amounts),
    oldest_message=maybe(moments),
)
queuings = build(
    QueueMetrics,
    queues=maybe(st.lists(queues, max_size=4).map(tuple)),
    backlog_size=maybe(counts),
    backlog_growing_for_s=maybe(amounts),
    avg_wait_time=maybe(amounts),
    max_wait_time=maybe(amounts),
    dead_letter_count=maybe(counts),
    poison_message_count=maybe(counts),
)
executions = build(
    ExecutionMetrics,
    completed_workflows=maybe(counts),
    failed_workflows=maybe(counts),
    recent=maybe(build(RecentOutcomes, completed=counts, failed=counts, window_s=amounts)),
)
metadatas = build(
    Metadata,
    unavailable=st.dictionaries(
        st.sampled_from(["/capacity", "/scheduling/p95SchedulingLatency", "/queuing"]), names
    ),
    estimated=st.lists(st.sampled_from(["/capacity/capacityUtilization"]), max_size=1).map(tuple),
    partial=st.booleans(),
)
orchestrator_metrics = build(
    OrchestratorMetrics,
    id=st.uuids(),
    orchestrator_id=st.uuids(),
    orchestrator_type=st.sampled_from(OrchestratorType),
    instance_id=names,
    cluster_name=names,
    collected_at=moments,
    health=healths,
    capacity=maybe(capacities),
    scheduling=maybe(schedulings),
    queuing=maybe(queuings),
    execution=maybe(executions),
    resources=maybe(build(ResourceAllocation, cpu_cores=maybe(amounts))),
    metadata=metadatas,
)
