"""Evenly spaced values from samples that may be late, doubled, missing or no numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

import numpy as np
import numpy.typing as npt

__all__ = ["FloatArray", "Series", "regular"]

FloatArray = npt.NDArray[np.float64]

MOST_STEPS = 1_000_000


@dataclass(frozen=True)
class Series:
    """`values[i]` belongs to the step that begins at `start + i * step`; NaN is unknown."""

    start: datetime
    step: timedelta
    values: FloatArray

    @property
    def end(self) -> datetime:
        """When the last step is over."""
        return self.start + len(self.values) * self.step

    def filled(self, longest_gap: int) -> FloatArray:
        """What follows the last gap of more than `longest_gap` steps, shorter gaps bridged.

        Bridges are straight lines between known neighbours: a forecast needs a value at each
        step, and no record gets one that was made up here.
        """
        known = np.flatnonzero(np.isfinite(self.values))
        if not len(known):
            return np.empty(0)
        breaks = np.flatnonzero(np.diff(known) > longest_gap + 1)
        known = known[breaks[-1] + 1 :] if len(breaks) else known
        steps = np.arange(known[0], known[-1] + 1)
        return np.interp(steps, known, self.values[known])


def regular(samples: Iterable[tuple[datetime, float | None]], step: timedelta) -> Series | None:
    """The mean of each step's known samples, in order of time; None where nothing is known.

    Steps begin at multiples of `step` since 1970, so that two runs agree. Raises `ValueError`
    for a span of more than a million steps.
    """
    length_s = step.total_seconds()
    sums: dict[int, tuple[float, int]] = {}
    zone = None
    for at, value in samples:
        if value is None or not isfinite(value):
            continue
        zone = zone or at.tzinfo
        slot = int(at.timestamp() // length_s)
        total, count = sums.get(slot, (0.0, 0))
        sums[slot] = total + value, count + 1
    if not sums:
        return None
    first, last = min(sums), max(sums)
    if last - first >= MOST_STEPS:
        raise ValueError(f"{last - first + 1} steps of {step} are too many: choose a longer step")
    values = np.full(last - first + 1, np.nan)
    for slot, (total, count) in sums.items():
        values[slot - first] = total / count
    return Series(datetime.fromtimestamp(first * length_s, zone), step, values)
