"""Intervals that keep their promise while the world changes.

The bounds are quantiles of a rolling window of what was missed before (split conformal
prediction), and the share outside that is allowed is corrected after every miss and every hit
(adaptive conformal inference; Gibbs and Candes, "Adaptive Conformal Inference Under Distribution
Shift", NeurIPS 2021): in the long run the share of values inside comes out as promised, whatever
the series does.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.forecasting.series import FloatArray

__all__ = ["INSIDE_RATIO", "Intervals"]

INSIDE_RATIO = 0.9
LEARNING_RATE = 0.05
WINDOW = 240


@dataclass(frozen=True)
class Intervals:
    """`misses`: actual - forecast, a row an origin, a column a step of the horizon.

    `allowance`: by step, the share outside that the next bounds aim at. Below 0 the bounds are
    wider than all that was seen.
    """

    misses: FloatArray
    allowance: FloatArray

    @classmethod
    def of(cls, misses: FloatArray) -> "Intervals":
        """From the first misses, at least one row."""
        horizon = misses.shape[1]
        return cls(misses[-WINDOW:], np.full(horizon, 1 - INSIDE_RATIO))

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """What to add to a forecast for its lower and its upper end, by step."""
        return _bounds(np.sort(self.misses.T, axis=1), self.allowance)

    def after(self, came: FloatArray, outside: npt.NDArray[np.bool_]) -> "Intervals":
        """When one more value is known: by step, what was missed, and whether that was outside."""
        misses = np.concatenate((self.misses, came[None]))[-WINDOW:]
        return Intervals(misses, _moved(self.allowance, outside))

    def followed(self, misses: FloatArray) -> tuple["Intervals", npt.NDArray[np.bool_]]:
        """As it stands after these origins, and which of their values were inside.

        A forecast `h` steps ahead is judged when it has come true, `h` origins later. It is
        `after` for each of them, with the misses laid out once and by step: several times faster.
        """
        rows, horizon = misses.shape
        steps = np.arange(horizon)
        origins = np.arange(horizon - 1, rows - 1)[:, None] - steps
        by_step = np.concatenate((self.misses, misses[origins, steps])).T.copy()
        first, last = 0, len(self.misses)
        allowance = self.allowance
        below, above = self.bounds()
        inside = np.empty(misses.shape, dtype=bool)
        for row, missed in enumerate(misses):
            inside[row] = (below <= missed) & (missed <= above)
            if row >= horizon:
                last += 1
                first = max(0, last - WINDOW)
                allowance = _moved(allowance, ~inside[origins[row - horizon], steps])
                below, above = _bounds(np.sort(by_step[:, first:last], axis=1), allowance)
        return Intervals(by_step[:, first:last].T, allowance), inside


def _moved(allowance: FloatArray, outside: npt.NDArray[np.bool_]) -> FloatArray:
    return allowance + LEARNING_RATE * ((1 - INSIDE_RATIO) - outside)


def _bounds(ordered: FloatArray, allowance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """`ordered` has a row a step, the least miss first."""
    steps, last = np.arange(len(ordered)), ordered.shape[1] - 1
    tail = np.minimum(np.maximum(allowance, 0.0), 1.0) / 2
    low = (tail * last).astype(np.int64)
    least, most = ordered[:, 0], ordered[:, last]
    beyond = np.maximum(-allowance, 0.0) * np.maximum(np.abs(least), np.abs(most))
    return ordered[steps, low] - beyond, ordered[steps, last - low] + beyond
