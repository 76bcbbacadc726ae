"""History in steps: one column of values a line.

A step without a sample is null, never 0 and never left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Numeric,
    Row,
    Select,
    TableValuedAlias,
    case,
    cast,
    column,
    extract,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, array
from sqlalchemy.types import TypeEngine

from store.tables import ORCHESTRATOR_METRICS, QUEUE_METRICS
from store.window import EPOCH, Window

__all__ = [
    "CAPACITY",
    "QUEUE",
    "SCHEDULING",
    "History",
    "Line",
    "Series",
    "bucket_count",
    "histograms",
    "in_steps",
    "stepped",
]

BUCKETS_AT_MOST = 1_000

Number = int | float | None


class Reduce(Enum):
    """How the samples of a step become one value."""

    LAST = "last"
    SUM = "sum"


@dataclass(frozen=True)
class Line:
    """One line of a chart: where its samples are and how they become steps."""

    name: str
    sample: ColumnElement[float]
    reduce: Reduce = Reduce.LAST
    whole: bool = False
    """The values are counts and are given as integers."""


@dataclass(frozen=True)
class History:
    """Where samples are and which lines they make."""

    source: FromClause
    collected_at: ColumnElement[datetime]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Series:
    """Columns of equal length: the steps, and for each line a value or null."""

    window: Window
    lines: Mapping[str, list[Number]]


def stepped(
    history: History, owner: ColumnElement[bool], window: Window
) -> Select[*tuple[Any, ...]]:
    """The statement that gives a row for each step that has a sample: its start, its values."""
    at = history.collected_at
    step = _step(at, window)
    values = (_reduced(line, at).label(line.name) for line in history.lines)
    return (
        select(step.label("step"), *values)
        .select_from(history.source)
        .where(owner, *_within(at, window))
        .group_by(step)
    )


def in_steps(rows: Iterable[Row[Any]], window: Window, history: History) -> Series:
    """The rows of `stepped` as columns, gaps filled with null."""
    by_step = {row[0]: row._mapping for row in rows}
    columns: dict[str, list[Number]] = {line.name: [] for line in history.lines}
    for start in window.starts():
        row = by_step.get(start)
        for line in history.lines:
            value = None if row is None else row[line.name]
            columns[line.name].append(int(value) if line.whole and value is not None else value)
    return Series(window, columns)


def bucket_count(owner: ColumnElement[bool], window: Window) -> Select[*tuple[Any, ...]]:
    """How many buckets the largest latency histogram of the window has; null without one."""
    counts = LATENCIES["counts"]
    length = case((func.jsonb_typeof(counts) == "array", func.jsonb_array_length(counts)))
    return select(func.max(length)).where(owner, *_within(SAMPLED_AT, window))


def histograms(
    owner: ColumnElement[bool], window: Window, buckets: int
) -> Select[*tuple[Any, ...]]:
    """The latency histograms of each step, added up where their bounds are equal.

    A row for each step and set of bounds: `step`, `bounds_ms`, `counts`, `sum_ms`. Counts that a
    histogram lacks are null.
    """
    values = _record(
        LATENCIES,
        "histogram",
        {"boundsMs": ARRAY(Double), "counts": ARRAY(Numeric), "sumMs": Double()},
    )
    step = _step(SAMPLED_AT, window)
    # One sum a bucket is several times faster than a row a bucket.
    counts = (func.sum(values.c.counts[i + 1]) for i in range(min(buckets, BUCKETS_AT_MOST)))
    return (
        select(
            step.label("step"),
            values.c.boundsMs.label("bounds_ms"),
            array(counts).label("counts"),
            func.sum(values.c.sumMs).label("sum_ms"),
        )
        .select_from(ORCHESTRATOR_METRICS.join(values, true()))
        .where(owner, *_within(SAMPLED_AT, window), values.c.boundsMs.is_not(None))
        .group_by(step, values.c.boundsMs)
    )


def _step(at: ColumnElement[datetime], window: Window) -> ColumnElement[datetime]:
    return func.date_bin(timedelta(seconds=window.step_s), at, EPOCH)


def _within(at: ColumnElement[datetime], window: Window) -> tuple[ColumnElement[bool], ...]:
    return at >= window.start, at < window.end


def _reduced(line: Line, at: ColumnElement[datetime]) -> ColumnElement[float]:
    if line.reduce is Reduce.SUM:
        return func.sum(line.sample)
    newest_first = func.array_agg(aggregate_order_by(line.sample, at.desc()), type_=ARRAY(Double))
    return newest_first.filter(line.sample.is_not(None))[1]


def _record(
    document: ColumnElement[Any], name: str, types: Mapping[str, TypeEngine[Any]]
) -> TableValuedAlias:
    """The leaves of a JSON object as columns. It is parsed once, not once a leaf."""
    columns = (column(leaf, kind) for leaf, kind in types.items())
    # A JSON null, unlike an SQL one, is no record to PostgreSQL but an error.
    object_only = case((func.jsonb_typeof(document) == "object", document))
    values = func.jsonb_to_record(object_only).table_valued(*columns)
    return values.render_derived(name=name, with_types=True)


def _leaves(document: ColumnElement[Any], name: str, *leaves: str) -> TableValuedAlias:
    # As double precision: a count may exceed an integer's range, and must not stop a chart.
    return _record(document, name, {leaf: Double() for leaf in leaves})


def _age_s() -> ColumnElement[float]:
    age = QUEUE_METRICS.c.collected_at - QUEUE_METRICS.c.oldest_message_time
    seconds = cast(extract("epoch", age), Double)
    # Two clocks are at work, so a new item may look younger than now. GREATEST would make an
    # unknown age 0.
    return case((seconds < 0, 0.0), else_=seconds)


SAMPLED_AT = ORCHESTRATOR_METRICS.c.collected_at
LATENCIES = ORCHESTRATOR_METRICS.c.scheduling["latencyHistogram"]

CAPACITY_LEAVES = _leaves(
    ORCHESTRATOR_METRICS.c.capacity,
    "leaves",
    *("totalSlots", "usedSlots", "capacityUtilization", "runningWorkflows"),
    *("pendingWorkflows", "completedWorkflows", "failedWorkflows"),
)
CAPACITY = History(
    ORCHESTRATOR_METRICS.join(CAPACITY_LEAVES, true()),
    SAMPLED_AT,
    (
        Line("totalSlots", CAPACITY_LEAVES.c.totalSlots, whole=True),
        Line("usedSlots", CAPACITY_LEAVES.c.usedSlots, whole=True),
        Line("capacityUtilization", CAPACITY_LEAVES.c.capacityUtilization),
        Line("runningWorkflows", CAPACITY_LEAVES.c.runningWorkflows, whole=True),
        Line("pendingWorkflows", CAPACITY_LEAVES.c.pendingWorkflows, whole=True),
        Line("completedWorkflows", CAPACITY_LEAVES.c.completedWorkflows, Reduce.SUM, whole=True),
        Line("failedWorkflows", CAPACITY_LEAVES.c.failedWorkflows, Reduce.SUM, whole=True),
    ),
)

SCHEDULING_LEAVES = _leaves(
    ORCHESTRATOR_METRICS.c.scheduling, "leaves", "schedulingThroughput", "queueDepth"
)
SCHEDULING = History(
    ORCHESTRATOR_METRICS.join(SCHEDULING_LEAVES, true()),
    SAMPLED_AT,
    (
        Line("schedulingThroughput", SCHEDULING_LEAVES.c.schedulingThroughput),
        Line("queueDepth", SCHEDULING_LEAVES.c.queueDepth, whole=True),
    ),
)

QUEUE = History(
    QUEUE_METRICS,
    QUEUE_METRICS.c.collected_at,
    (
        Line("size", cast(QUEUE_METRICS.c.size, Double), whole=True),
        Line("consumers", cast(QUEUE_METRICS.c.consumers, Double), whole=True),
        Line("processingRate", QUEUE_METRICS.c.processing_rate),
        Line("arrivalRate", QUEUE_METRICS.c.arrival_rate),
        Line("errorRate", QUEUE_METRICS.c.error_rate),
        Line("oldestAgeS", _age_s()),
    ),
)
