"""What a pool held and had, step by step, as far as it is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analytics.forecasting.series import FloatArray
from analytics.scaling.simulator import Conditions
from analytics.scaling.windows import needed
from analytics.whatif import PoolStep

__all__ = ["DAY_S", "GAP_S", "Past"]

DAY_S = 86_400.0
GAP_S = 600.0
"""Over shorter gaps the last value stands: pools may be read less often than steps are long."""


@dataclass(frozen=True)
class Past:
    """Steps of `conditions.step_s`, the oldest first, without the `begin` first known ones."""

    steps: Sequence[PoolStep]
    conditions: Conditions
    begin: int = 0

    @cached_property
    def loads(self) -> FloatArray:
        """Workers' worth; NaN is unknown. Begins and ends with a known step."""
        return self._columns[0]

    @cached_property
    def workers(self) -> FloatArray:
        """Of the same steps."""
        return self._columns[1]

    @cached_property
    def both(self) -> FloatArray:
        """Loads and workers of the steps in which both are known, of shape (2, steps)."""
        known = np.isfinite(self.loads) & np.isfinite(self.workers)
        return np.array([self.loads[known], self.workers[known]])

    def since(self, step: int) -> "Past":
        """The same without the first `step` steps."""
        return Past(self.steps, self.conditions, self.begin + step)

    @property
    def days(self) -> float:
        """Known ones."""
        return float(np.isfinite(self.loads).sum()) * self.conditions.step_s / DAY_S

    @property
    def efficiency(self) -> float | None:
        """Load / workers, of all known steps together."""
        loads, workers = self.both
        return float(loads.sum() / workers.sum()) if workers.sum() > 0 else None

    @property
    def short_ratio(self) -> float | None:
        """Share of the time with fewer workers than the load needs at the target utilization."""
        loads, workers = self.both
        if not len(loads):
            return None
        return float((workers < needed(loads, self.conditions.target_utilization)).mean())

    @property
    def full_ratio(self) -> float | None:
        """Share of the time in which no worker had room: the load may have been more."""
        loads, workers = self.both
        return float((loads >= workers).mean()) if len(loads) else None

    @property
    def worker_hours_per_day(self) -> float | None:
        workers = self.both[1]
        return float(workers.mean()) * 24 if len(workers) else None

    @cached_property
    def _columns(self) -> tuple[FloatArray, FloatArray]:
        loads = np.array([each.load for each in self.steps], dtype=np.float64)
        workers = np.array([each.total_workers for each in self.steps], dtype=np.float64)
        known = np.flatnonzero(np.isfinite(loads))
        if not len(known):
            return np.empty(0), np.empty(0)
        span = slice(int(known[0]), int(known[-1]) + 1)
        most = max(1, round(GAP_S / self.conditions.step_s))
        return (
            _carried(loads[span], most)[self.begin :],
            _carried(workers[span], most)[self.begin :],
        )


def _carried(values: FloatArray, most: int) -> FloatArray:
    """Each gap of fewer than `most` steps filled with the value before it."""
    steps = np.arange(len(values))
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, steps, -1))
    near = (last >= 0) & (steps - last < most)
    return np.where(near, values[np.maximum(last, 0)], np.nan)
