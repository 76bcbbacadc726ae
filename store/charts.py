"""Which lines a chart has, and where their samples are: raw, by minute or by hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    Double,
    TableClause,
    TableValuedAlias,
    case,
    cast,
    column,
    extract,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from store.series import History, Intervals, Latencies, Line, Reduce, Samples
from store.tables import (
    LATENCY_ROLLUPS,
    ORCHESTRATOR_METRICS,
    ORCHESTRATOR_ROLLUPS,
    QUEUE_METRICS,
    QUEUE_ROLLUPS,
    WORKER_POOL_ROLLUPS,
)

__all__ = [
    "ARRIVALS",
    "CAPACITY",
    "DEMAND_BY_HOUR",
    "HOUR_S",
    "INTERVAL",
    "LATENCIES",
    "MINUTE_S",
    "POOL_BY_MINUTE",
    "POOL_WORK",
    "QUEUE",
    "SCHEDULING",
    "Chart",
    "Resolution",
]

MINUTE_S = 60
HOUR_S = 3_600

T = TypeVar("T")


class Resolution(Enum):
    """How finely samples are kept. Its value is how the name of a rollup table ends."""

    RAW = ""
    MINUTE = "1m"
    HOUR = "1h"


@dataclass(frozen=True)
class Chart(Generic[T]):
    """The same history at each resolution."""

    at: Mapping[Resolution, T]

    def for_step(self, step_s: int) -> T:
        """The coarsest resolution that the step is a multiple of: steps begin at multiples of
        their length, so its rows lie in one step each and give what raw samples would.
        """
        if step_s % HOUR_S == 0:
            return self.at[Resolution.HOUR]
        return self.at[Resolution.MINUTE if step_s % MINUTE_S == 0 else Resolution.RAW]


@dataclass(frozen=True)
class Metric:
    """A line, and the metric of the rollups that holds it."""

    line: str
    column: str
    reduce: Reduce = Reduce.LAST
    whole: bool = False


def _chart(
    raw: Samples,
    raw_samples: Mapping[str, ColumnElement[float]],
    rollups: Mapping[str, TableClause],
    metrics: tuple[Metric, ...],
) -> Chart[History]:
    lines = (
        Line(each.line, raw_samples[each.line], raw.at, each.reduce, each.whole) for each in metrics
    )
    histories = {Resolution.RAW: History(raw, tuple(lines))}
    for step, rollup in rollups.items():
        histories[Resolution(step)] = _rolled_up(rollup, raw, metrics)
    return Chart(histories)


def _rolled_up(rollup: TableClause, raw: Samples, metrics: tuple[Metric, ...]) -> History:
    def line(metric: Metric) -> Line:
        last = metric.reduce is Reduce.LAST
        at = rollup.c[f"{metric.column}_at" if last else "time_bucket"]
        return Line(metric.line, rollup.c[metric.column], at, metric.reduce, metric.whole)

    return History(_rows(rollup, raw), tuple(map(line, metrics)))


def _rows(rollup: TableClause, raw: Samples) -> Samples:
    subject = tuple(rollup.c[key.name] for key in raw.subject)
    return Samples(rollup, subject, rollup.c.time_bucket)


def _record(
    document: ColumnElement[Any], name: str, types: Mapping[str, TypeEngine[Any]]
) -> TableValuedAlias:
    """The leaves of a JSON object as columns. It is parsed once, not once a leaf."""
    columns = (column(leaf, kind) for leaf, kind in types.items())
    # A JSON null, unlike an SQL one, is no record to PostgreSQL but an error.
    object_only = case((func.jsonb_typeof(document) == "object", document))
    values = func.jsonb_to_record(object_only).table_valued(*columns)
    return values.render_derived(name=name, with_types=True)


def _leaves(document: ColumnElement[Any], *leaves: str) -> TableValuedAlias:
    # As double precision: a count may exceed an integer's range, and must not stop a chart.
    return _record(document, "leaves", {leaf: Double() for leaf in leaves})


def _section(name: str, metrics: tuple[Metric, ...]) -> Chart[History]:
    """The chart of a section of the orchestrator's record."""
    leaves = _leaves(ORCHESTRATOR_METRICS.c[name], *(metric.line for metric in metrics))
    return _chart(_records(leaves), dict(leaves.c.items()), ORCHESTRATOR_ROLLUPS, metrics)


def _records(values: TableValuedAlias) -> Samples:
    raw = ORCHESTRATOR_METRICS
    return Samples(raw.join(values, true()), (raw.c.orchestrator_id,), raw.c.collected_at)


def _age_s() -> ColumnElement[float]:
    age = QUEUE_METRICS.c.collected_at - QUEUE_METRICS.c.oldest_message_time
    seconds = cast(extract("epoch", age), Double)
    # Two clocks are at work, so a new item may look younger than now. GREATEST would make an
    # unknown age 0.
    return case((seconds < 0, 0.0), else_=seconds)


CAPACITY = _section(
    "capacity",
    (
        Metric("totalSlots", "total_slots", whole=True),
        Metric("usedSlots", "used_slots", whole=True),
        Metric("capacityUtilization", "capacity_utilization"),
        Metric("runningWorkflows", "running_workflows", whole=True),
        Metric("pendingWorkflows", "pending_workflows", whole=True),
        Metric("completedWorkflows", "completed_workflows", Reduce.SUM, whole=True),
        Metric("failedWorkflows", "failed_workflows", Reduce.SUM, whole=True),
    ),
)


def _mean(rollup: TableClause, name: str) -> ColumnElement[float]:
    """Of a row of a rollup; null where nothing was known."""
    samples = cast(func.nullif(rollup.c[f"{name}_samples"], 0), Double)
    return cast(rollup.c[f"{name}_sum"] / samples, Double)


def _demand_by_hour() -> History:
    rollup = ORCHESTRATOR_ROLLUPS[Resolution.HOUR.value]
    at = rollup.c.time_bucket
    lines = (
        Line("usedSlots", _mean(rollup, "used_slots"), at),
        Line("pendingWorkflows", _mean(rollup, "pending_workflows"), at),
        Line("totalSlots", rollup.c.total_slots, at),
    )
    return History(Samples(rollup, (rollup.c.orchestrator_id,), at), lines)


DEMAND_BY_HOUR = _demand_by_hour()
"""What was used and what waited, the mean of each hour, and what there was at its end."""


def _pool_by_minute() -> History:
    rollup = WORKER_POOL_ROLLUPS[Resolution.MINUTE.value]
    at = rollup.c.time_bucket
    lines = (
        Line("usedSlots", rollup.c.used_slots_max, at),
        Line("totalSlots", rollup.c.total_slots, at),
        Line("totalWorkers", rollup.c.total_workers, at),
    )
    return History(Samples(rollup, (rollup.c.orchestrator_id, rollup.c.pool_id), at), lines)


POOL_BY_MINUTE = _pool_by_minute()
"""The most that a pool's workers held in each minute, and what there was of them."""


def _pool_work() -> History:
    rollup = WORKER_POOL_ROLLUPS[Resolution.MINUTE.value]
    at = rollup.c.time_bucket
    lines = (
        *(
            Line(name, _mean(rollup, metric), at, Reduce.MEAN)
            for name, metric in (
                ("throughput", "throughput"),
                ("taskMs", "avg_task_duration_ms"),
                ("usedSlots", "used_slots"),
                ("busyWorkers", "busy_workers"),
            )
        ),
        Line("totalSlots", rollup.c.total_slots, at),
        Line("totalWorkers", rollup.c.total_workers, at, whole=True),
    )
    return History(Samples(rollup, (rollup.c.orchestrator_id, rollup.c.pool_id), at), lines)


POOL_WORK = _pool_work()
"""What a pool's workers did and held, means of minutes, and what there was of them."""


def _arrivals() -> History:
    rollup = QUEUE_ROLLUPS[Resolution.MINUTE.value]
    at = rollup.c.time_bucket
    lines = (
        Line("arrivalRate", _mean(rollup, "arrival_rate"), at, Reduce.MEAN),
        Line("waiting", _mean(rollup, "size"), at, Reduce.MEAN),
    )
    return History(Samples(rollup, (rollup.c.orchestrator_id, rollup.c.queue_id), at), lines)


ARRIVALS = _arrivals()
"""What came into a queue each second, and what waited in it, means of minutes."""

SCHEDULING = _section(
    "scheduling",
    (
        Metric("schedulingThroughput", "scheduling_throughput"),
        Metric("queueDepth", "queue_depth", whole=True),
    ),
)

QUEUE = _chart(
    Samples(
        QUEUE_METRICS,
        (QUEUE_METRICS.c.orchestrator_id, QUEUE_METRICS.c.queue_id),
        QUEUE_METRICS.c.collected_at,
    ),
    {
        "size": cast(QUEUE_METRICS.c.size, Double),
        "consumers": cast(QUEUE_METRICS.c.consumers, Double),
        "processingRate": QUEUE_METRICS.c.processing_rate,
        "arrivalRate": QUEUE_METRICS.c.arrival_rate,
        "errorRate": QUEUE_METRICS.c.error_rate,
        "oldestAgeS": _age_s(),
    },
    QUEUE_ROLLUPS,
    (
        Metric("size", "size", whole=True),
        Metric("consumers", "consumers", whole=True),
        Metric("processingRate", "processing_rate"),
        Metric("arrivalRate", "arrival_rate"),
        Metric("errorRate", "error_rate"),
        Metric("oldestAgeS", "oldest_age_s"),
    ),
)


def _raw_latencies() -> Latencies:
    document = ORCHESTRATOR_METRICS.c.scheduling["latencyHistogram"]
    values = _record(
        document,
        "histogram",
        {"boundsMs": ARRAY(Double), "counts": ARRAY(Double), "sumMs": Double()},
    )
    counts = document["counts"]
    length = case((func.jsonb_typeof(counts) == "array", func.jsonb_array_length(counts)))
    # As in the rollups: the sum of absurd values must not exceed what a number can be.
    sum_ms = func.least(values.c.sumMs, 1e290)
    return Latencies(_records(values), values.c.boundsMs, values.c.counts, sum_ms, length)


def _kept_latencies(rollup: TableClause) -> Latencies:
    samples = Samples(rollup, (rollup.c.orchestrator_id,), rollup.c.time_bucket)
    counts = rollup.c.counts
    return Latencies(samples, rollup.c.bounds_ms, counts, rollup.c.sum_ms, func.cardinality(counts))


LATENCIES = Chart(
    {Resolution.RAW: _raw_latencies()}
    | {Resolution(step): _kept_latencies(rollup) for step, rollup in LATENCY_ROLLUPS.items()}
)


def _raw_intervals() -> Intervals:
    raw = ORCHESTRATOR_METRICS
    samples = Samples(raw, (raw.c.orchestrator_id,), raw.c.collected_at)
    return Intervals(samples, cast(raw.c.metadata["intervalS"].astext, Double))


def _kept_intervals(rollup: TableClause) -> Intervals:
    samples = Samples(rollup, (rollup.c.orchestrator_id,), rollup.c.time_bucket)
    return Intervals(samples, rollup.c.interval_s_min)


INTERVAL = Chart(
    {Resolution.RAW: _raw_intervals()}
    | {Resolution(step): _kept_intervals(rollup) for step, rollup in ORCHESTRATOR_ROLLUPS.items()}
)
