"""Histories of one orchestrator that nobody has seen before, and the ways they may arrive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, TypeVar
from uuid import UUID, uuid4

from hypothesis import strategies as st
from pydantic import BaseModel

from contracts.health import HealthStatus, OrchestratorHealth
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    LatencyHistogram,
    Metadata,
    OrchestratorMetrics,
    QueueInfo,
    QueueMetrics,
    QueueType,
    SchedulingPerformance,
)
from contracts.worker_pool import (
    PoolHealth,
    PoolPerformance,
    PoolResourceUsage,
    WorkerPoolMetrics,
)
from tests.records import NOON, orchestrator_record, pool_record

__all__ = ["SPAN_S", "Arrival", "arrivals"]

M = TypeVar("M", bound=BaseModel)

SPAN_S = 3 * 3_600
"""The histories begin at noon and are no longer."""

# Few moments, and many of them at the borders of steps; totals of the source may go back.
moments = st.one_of(
    st.sampled_from([0, 1, 59, 60, 61, 3_599, 3_600, 3_601]), st.integers(0, SPAN_S - 1)
).map(lambda second: NOON + timedelta(seconds=second))
counts = st.integers(0, 9) | st.sampled_from([2**53, 2**63 - 1])
increases = st.integers(0, 9) | st.just(2**40)
amounts = st.floats(0, 9) | st.sampled_from([0.1, 1e300])
ratios = st.floats(0, 1)
ages = st.integers(-5, 500).map(lambda seconds: timedelta(seconds=seconds))


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def _build(model: type[M], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[M]:
    return st.fixed_dictionaries(fields).map(model.model_validate)


def _histograms(*bounds_ms: float) -> st.SearchStrategy[LatencyHistogram]:
    size = len(bounds_ms) + 1
    return _build(
        LatencyHistogram,
        bounds_ms=st.just(bounds_ms),
        counts=st.lists(st.integers(0, 9), min_size=size, max_size=size),
        sum_ms=amounts,
    )


healths = _build(
    OrchestratorHealth,
    status=st.sampled_from(HealthStatus),
    health_score=_maybe(ratios),
    restarts=_maybe(counts),
    last_health_check=st.just(NOON),
)
capacities = _build(
    CapacityMetrics,
    total_slots=_maybe(counts),
    used_slots=_maybe(counts),
    capacity_utilization=_maybe(amounts),
    running_workflows=_maybe(counts),
    pending_workflows=_maybe(counts),
    completed_workflows=_maybe(increases),
    failed_workflows=_maybe(increases),
)
schedulings = _build(
    SchedulingPerformance,
    scheduling_throughput=_maybe(amounts),
    queue_depth=_maybe(counts),
    avg_scheduling_latency=_maybe(amounts),
    latency_histogram=st.one_of(
        st.none(), _histograms(10.0, 100.0), _histograms(10.0, 50.0, 100.0), _histograms()
    ),
)
queues = _build(
    QueueInfo,
    name=st.just("orders"),
    type=st.just(QueueType.FIFO),
    size=_maybe(counts),
    consumers=_maybe(counts),
    in_flight=_maybe(counts),
    processing_rate=_maybe(amounts),
    arrival_rate=_maybe(amounts),
    error_rate=_maybe(ratios),
    avg_processing_time=_maybe(amounts),
    oldest_message=_maybe(ages.map(lambda age: NOON - age)),
)
queuings = _build(
    QueueMetrics,
    queues=_maybe(st.lists(queues, max_size=1).map(tuple)),
    avg_wait_time=_maybe(amounts),
)
executions = _build(
    ExecutionMetrics,
    completed_workflows=_maybe(increases),
    failed_workflows=_maybe(increases),
)
sections = st.fixed_dictionaries(
    {
        "health": healths,
        "capacity": _maybe(capacities),
        "scheduling": _maybe(schedulings),
        "queuing": _maybe(queuings),
        "execution": _maybe(executions),
        "metadata": _build(Metadata, interval_s=_maybe(st.sampled_from([5.0, 15.0, 60.0]))),
    }
)
pools = st.fixed_dictionaries(
    {
        "total_workers": _maybe(counts),
        "active_workers": _maybe(counts),
        "idle_workers": _maybe(counts),
        "busy_workers": _maybe(counts),
        "failed_workers": _maybe(counts),
        "terminating_workers": _maybe(counts),
        "workers": st.none(),
        "pool_health": _build(PoolHealth, restart_count=_maybe(counts)),
        "resource_usage": _build(
            PoolResourceUsage, used_slots=_maybe(counts), total_slots=_maybe(counts)
        ),
        "performance": _build(
            PoolPerformance,
            throughput=_maybe(amounts),
            avg_task_duration=_maybe(amounts),
            error_rate=_maybe(ratios),
            utilization=_maybe(amounts),
        ),
    }
)


@dataclass(frozen=True)
class Arrival:
    """The records of one orchestrator and its pool, each once; and the batches they come in."""

    orchestrator_id: UUID
    orchestrators: tuple[OrchestratorMetrics, ...]
    pools: tuple[WorkerPoolMetrics, ...]
    batches: tuple[Sequence[OrchestratorMetrics | WorkerPoolMetrics], ...]

    def __repr__(self) -> str:
        times = ([str(record.collected_at.time()) for record in batch] for batch in self.batches)
        return f"<Arrival of {self.orchestrator_id} in {list(times)}>"


@st.composite
def arrivals(draw: st.DrawFn) -> Arrival:
    """Some records in any order, some more than once, cut into batches."""
    times = draw(st.lists(moments, min_size=1, max_size=8, unique=True))
    name = uuid4().hex
    records = tuple(
        orchestrator_record(instance_id=name, collected_at=at, **draw(sections)) for at in times
    )
    owner = records[0].orchestrator_id
    of_pool = tuple(
        pool_record(orchestrator_id=owner, collected_at=at, **draw(pools)) for at in times[:4]
    )
    known: list[OrchestratorMetrics | WorkerPoolMetrics] = [*records, *of_pool]
    repeated = draw(st.lists(st.sampled_from(range(len(known))), max_size=4))
    order = draw(st.permutations([*range(len(known)), *repeated]))
    cuts = draw(st.sets(st.integers(1, len(order)), max_size=4))
    edges = sorted({0, len(order), *cuts})
    batches = tuple([known[i] for i in order[start:end]] for start, end in pairwise(edges))
    return Arrival(owner, records, of_pool, batches)
