"""History in steps: one column of values a line.

A step without a sample is null, never 0 and never left out. What is read for a chart, and where,
is in store/charts.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Row,
    Select,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, array

from store.window import EPOCH, Window

__all__ = [
    "History",
    "Intervals",
    "Latencies",
    "Line",
    "Reduce",
    "Samples",
    "Series",
    "bucket_count",
    "histograms",
    "in_steps",
    "shortest_interval_s",
    "stepped",
]

BUCKETS_AT_MOST = 1_000

Number = int | float | None


class Reduce(Enum):
    """How the samples of a step become one value."""

    LAST = "last"
    """That of the latest time; of two of one time, the larger."""
    SUM = "sum"
    MEAN = "mean"
    """Of those that are known."""


@dataclass(frozen=True)
class Line:
    """One line of a chart: where its samples are and how they become steps."""

    name: str
    sample: ColumnElement[float]
    at: ColumnElement[datetime]
    """When the sample was taken."""
    reduce: Reduce = Reduce.LAST
    whole: bool = False
    """The values are counts and are given as integers."""


@dataclass(frozen=True)
class Samples:
    """Rows of a table: whose they are, and which time places them in a step."""

    source: FromClause
    subject: tuple[ColumnElement[UUID], ...]
    at: ColumnElement[datetime]

    def within(self, subject: tuple[UUID, ...], window: Window) -> tuple[ColumnElement[bool], ...]:
        """The conditions on the rows of one subject in a window."""
        owned = (column == key for column, key in zip(self.subject, subject, strict=True))
        return (*owned, self.at >= window.start, self.at < window.end)

    def step(self, window: Window) -> ColumnElement[datetime]:
        """The beginning of the step that a row falls in."""
        return func.date_bin(timedelta(seconds=window.step_s), self.at, EPOCH)


@dataclass(frozen=True)
class History:
    """Where samples are and which lines they make."""

    samples: Samples
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Intervals:
    """Where the planned times between two samples are."""

    samples: Samples
    interval_s: ColumnElement[float]


@dataclass(frozen=True)
class Latencies:
    """Where histograms of scheduling latency are."""

    samples: Samples
    bounds_ms: ColumnElement[Sequence[float]]
    counts: ColumnElement[Sequence[float]]
    sum_ms: ColumnElement[float]
    buckets: ColumnElement[int]
    """How many counts there are."""


@dataclass(frozen=True)
class Series:
    """Columns of equal length: the steps, and for each line a value or null."""

    window: Window
    lines: Mapping[str, list[Number]]


def stepped(
    history: History, subject: tuple[UUID, ...], window: Window
) -> Select[*tuple[Any, ...]]:
    """The statement that gives a row for each step that has a sample: its start, its values."""
    samples = history.samples
    step = samples.step(window)
    return (
        select(step.label("step"), *(_reduced(line).label(line.name) for line in history.lines))
        .select_from(samples.source)
        .where(*samples.within(subject, window))
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


def shortest_interval_s(
    intervals: Intervals, subject: tuple[UUID, ...], window: Window, rows: int
) -> Select[*tuple[Any, ...]]:
    """The shortest interval of the newest rows of the window; null where none tells one."""
    newest = (
        select(intervals.interval_s.label("interval_s"))
        .where(*intervals.samples.within(subject, window))
        .order_by(intervals.samples.at.desc())
        .limit(rows)
        .subquery()
    )
    return select(func.min(newest.c.interval_s))


def bucket_count(
    latencies: Latencies, subject: tuple[UUID, ...], window: Window
) -> Select[*tuple[Any, ...]]:
    """How many buckets the largest latency histogram of the window has; null without one."""
    conditions = latencies.samples.within(subject, window)
    return select(func.max(latencies.buckets)).where(*conditions)


def histograms(
    latencies: Latencies, subject: tuple[UUID, ...], window: Window, buckets: int
) -> Select[*tuple[Any, ...]]:
    """The latency histograms of each step, added up where their bounds are equal.

    A row for each step and set of bounds: `step`, `bounds_ms`, `counts`, `sum_ms`. Counts that a
    histogram lacks are null.
    """
    step = latencies.samples.step(window)
    # One sum a bucket is several times faster than a row a bucket.
    counts = (func.sum(latencies.counts[i + 1]) for i in range(min(buckets, BUCKETS_AT_MOST)))
    return (
        select(
            step.label("step"),
            latencies.bounds_ms.label("bounds_ms"),
            array(counts).label("counts"),
            func.sum(latencies.sum_ms).label("sum_ms"),
        )
        .select_from(latencies.samples.source)
        .where(
            *latencies.samples.within(subject, window),
            func.cardinality(latencies.bounds_ms) < BUCKETS_AT_MOST,
        )
        .group_by(step, latencies.bounds_ms)
    )


def _reduced(line: Line) -> ColumnElement[float]:
    if line.reduce is Reduce.SUM:
        return func.sum(line.sample)
    if line.reduce is Reduce.MEAN:
        return func.avg(line.sample)
    order = aggregate_order_by(line.sample, line.at.desc(), line.sample.desc())
    newest_first = func.array_agg(order, type_=ARRAY(Double))
    return newest_first.filter(line.sample.is_not(None))[1]
