"""Rates of one queue, and what follows from them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analytics.forecasting.series import FloatArray
from analytics.queue_analysis.observed import MINUTE_S, Minutes, ObservedQueue, known, minutes
from analytics.queue_analysis.rates import Rate, measured_rate

__all__ = ["Measured", "ratio"]


@dataclass(frozen=True)
class Measured:
    """Rates of one queue: means of the last hour where known, else those of the newest record."""

    queue: ObservedQueue

    @cached_property
    def hour(self) -> Minutes:
        return minutes(self.queue).last_hour

    @cached_property
    def arrivals(self) -> Rate | None:
        return measured_rate(self.hour.arrivals_per_s)

    @cached_property
    def processed(self) -> Rate | None:
        return measured_rate(self.hour.processed_per_s)

    @cached_property
    def capacity(self) -> Rate | None:
        return measured_rate(self._at_work)

    @cached_property
    def growth(self) -> Rate | None:
        """Of the backlog: arrivals less what is worked off, else the change of the size."""
        return measured_rate(self.hour.arrivals_per_s - self.hour.processed_per_s) or measured_rate(
            np.diff(self.hour.size) / MINUTE_S
        )

    @cached_property
    def draining(self) -> Rate | None:
        """How fast the backlog shrinks, in minutes in which there was one."""
        return measured_rate(self._at_work - self.hour.arrivals_per_s) or measured_rate(
            np.where(self.hour.size[:-1] > 0, -np.diff(self.hour.size) / MINUTE_S, np.nan)
        )

    @property
    def arrival_rate_per_s(self) -> float | None:
        return _mean(self.arrivals, self.queue.newest.arrival_rate)

    @property
    def processing_rate_per_s(self) -> float | None:
        return _mean(self.processed, self.queue.newest.processing_rate)

    @cached_property
    def _at_work(self) -> FloatArray:
        return self.hour.backlogged_per_s(self.queue.newest.consumers)

    @property
    def service_s(self) -> float | None:
        """How long an item keeps one consumer busy; null where unknown, or no time at all."""
        newest = self.queue.newest
        if newest.consumers and self.capacity is not None and self.capacity.mean_per_s > 0:
            return known(newest.consumers / self.capacity.mean_per_s)
        processing_ms = known(newest.avg_processing_time)
        return processing_ms / 1000 if processing_ms else None


def ratio(part: float | None, whole: float | None) -> float | None:
    """Null where a part is unknown, or nothing to divide by."""
    return None if part is None or not whole else known(part / whole)


def _mean(rate: Rate | None, newest: float | None) -> float | None:
    return rate.mean_per_s if rate is not None else known(newest)
