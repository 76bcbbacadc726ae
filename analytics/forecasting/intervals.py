"""Intervals that keep their promise while the world changes.

The bounds are quantiles of a rolling window of what was missed before (split conformal
prediction), and the share outside that is allowed is corrected after every miss and every hit
(adaptive conformal inference; Gibbs and Candes, "Adaptive Conformal Inference Under Distribution
Shift", NeurIPS 2021): in the long run the share of values inside comes out as promised, whatever
the series does.
"""

from dataclasses import dataclass, replace

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
        ordered = np.sort(self.misses, axis=0)
        last = len(ordered) - 1
        tail = np.clip(self.allowance, 0.0, 1.0) / 2
        low = np.floor(tail * last).astype(np.int64)
        steps = np.arange(ordered.shape[1])
        beyond = np.maximum(-self.allowance, 0.0) * np.abs(ordered[[0, last]]).max(axis=0)
        return ordered[low, steps] - beyond, ordered[last - low, steps] + beyond

    def after(self, came: FloatArray, outside: npt.NDArray[np.bool_]) -> "Intervals":
        """When one more value is known: by step, what was missed, and whether that was outside."""
        moved = self.allowance + LEARNING_RATE * ((1 - INSIDE_RATIO) - outside)
        return replace(self, misses=np.vstack([self.misses, came])[-WINDOW:], allowance=moved)

    def followed(self, misses: FloatArray) -> tuple["Intervals", npt.NDArray[np.bool_]]:
        """As it stands after these origins, and which of their values were inside.

        A forecast `h` steps ahead is judged when it has come true, `h` origins later.
        """
        state, steps = self, np.arange(misses.shape[1])
        inside = np.empty(misses.shape, dtype=bool)
        for row, missed in enumerate(misses):
            below, above = state.bounds()
            inside[row] = (below <= missed) & (missed <= above)
            true_now = row - 1 - steps
            if true_now[-1] >= 0:
                state = state.after(misses[true_now, steps], ~inside[true_now, steps])
        return state, inside
