"""What was seen of a queue: its newest record, and its past minute by minute."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

import numpy as np

from analytics.forecasting.series import FloatArray, regular
from contracts.orchestrator import QueueInfo

__all__ = ["MINUTE_S", "Minutes", "ObservedQueue", "QueueSample", "bridged", "known", "minutes"]

MINUTE_S = 60.0
HOUR_MINUTES = 60
LONGEST_BRIDGE_MINUTES = 5
KEPT = timedelta(days=7)
LARGEST = 1e100
"""No queue is that long or fast; squares of what is below stay finite."""


@dataclass(frozen=True)
class QueueSample:
    """A queue around `at`, as a row of `queue_rollup_1m` has it; null is unknown.

    Raises `ValueError` for what is negative, and for a time without a zone.
    """

    at: datetime
    size: float | None = None
    arrival_rate_per_s: float | None = None
    processing_rate_per_s: float | None = None
    oldest_age_s: float | None = None
    consumers: float | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a sample of a queue without a time zone")
        values = (
            self.size,
            self.arrival_rate_per_s,
            self.processing_rate_per_s,
            self.oldest_age_s,
            self.consumers,
        )
        if any(value is not None and value < 0 for value in values):
            raise ValueError(f"sizes, rates, ages and consumers must be >= 0, not {values}")


@dataclass(frozen=True)
class ObservedQueue:
    """The newest record of a queue, when it was read, and samples in any order.

    Samples may have gaps and doubles; those after `read_at`, and those of more than a week
    before it, are not looked at.
    """

    newest: QueueInfo
    read_at: datetime
    samples: Sequence[QueueSample] = ()

    def __post_init__(self) -> None:
        if self.read_at.tzinfo is None:
            raise ValueError(f"{self.newest.name}: read at a time without a zone")

    @property
    def name(self) -> str:
        return self.newest.name


@dataclass(frozen=True)
class Minutes:
    """Values by minute, the last minute being that of the newest record; NaN is unknown.

    Sizes and consumers are bridged over gaps of at most five minutes.
    """

    size: FloatArray
    arrivals_per_s: FloatArray
    processed_per_s: FloatArray
    oldest_age_s: FloatArray
    consumers: FloatArray

    def until(self, minute: int) -> "Minutes":
        """The hour that ends with a minute, or what there is of it."""
        span = slice(max(0, minute + 1 - HOUR_MINUTES), minute + 1)
        return Minutes(
            self.size[span],
            self.arrivals_per_s[span],
            self.processed_per_s[span],
            self.oldest_age_s[span],
            self.consumers[span],
        )

    @property
    def last_hour(self) -> "Minutes":
        return self.until(len(self.size) - 1)

    def backlogged_per_s(self, consumers: float | None) -> FloatArray:
        """What so many consumers do: what was processed in minutes in which they had enough to do.

        Those are minutes before which as much waited as a minute takes on average. In others what
        is processed is what arrives, and not what consumers can do. Where another number of
        consumers was there, it is taken in proportion; no number given: as it was.
        """
        rates = self.processed_per_s
        count = np.isfinite(rates).sum()
        if not count:
            return rates
        enough = max(1.0, float(np.where(np.isfinite(rates), rates, 0.0).sum() / count) * MINUTE_S)
        waited = np.concatenate([[np.nan], self.size[:-1]]) >= enough
        if consumers and np.isfinite(self.consumers).any():
            there = np.where(self.consumers >= 1, self.consumers, np.nan)
            rates = rates * (consumers / there)
        return np.where(waited & (rates <= LARGEST), rates, np.nan)


def known(value: float | None) -> float | None:
    """The value where it is a number that a queue could have."""
    return None if value is None or not isfinite(value) or value > LARGEST else float(value)


def minutes(queue: ObservedQueue) -> Minutes:
    """The samples of the last week on one grid; arrays are empty where there are none."""
    first = queue.read_at - KEPT
    samples = [each for each in queue.samples if first < each.at <= queue.read_at]
    last = int(queue.read_at.timestamp() // MINUTE_S)
    oldest = min((int(each.at.timestamp() // MINUTE_S) for each in samples), default=last + 1)
    count = last + 1 - oldest
    return Minutes(
        bridged(_column([(each.at, each.size) for each in samples], oldest, count)),
        _column([(each.at, each.arrival_rate_per_s) for each in samples], oldest, count),
        _column([(each.at, each.processing_rate_per_s) for each in samples], oldest, count),
        _column([(each.at, each.oldest_age_s) for each in samples], oldest, count),
        bridged(_column([(each.at, each.consumers) for each in samples], oldest, count)),
    )


def bridged(values: FloatArray) -> FloatArray:
    """Straight lines over gaps of at most five minutes."""
    at = np.flatnonzero(np.isfinite(values))
    if not len(at):
        return values
    steps = np.arange(len(values))
    after = np.minimum(np.searchsorted(at, steps), len(at) - 1)
    before = np.maximum(np.searchsorted(at, steps, side="right") - 1, 0)
    gap = at[after] - at[before] - 1
    inside = (steps >= at[0]) & (steps <= at[-1]) & (gap <= LONGEST_BRIDGE_MINUTES)
    bridged: FloatArray = np.where(inside, np.interp(steps, at, values[at]), np.nan)
    return bridged


def _column(values: Sequence[tuple[datetime, float | None]], first: int, count: int) -> FloatArray:
    column = np.full(count, np.nan)
    series = regular(((at, known(value)) for at, value in values), timedelta(seconds=MINUTE_S))
    if series is not None:
        begin = int(series.start.timestamp() // MINUTE_S) - first
        column[begin : begin + len(series.values)] = series.values
    return column
