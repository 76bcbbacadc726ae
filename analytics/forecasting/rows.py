"""What a model that learns gets to see of a history, and what is kept back to judge it by."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.forecasting.past import Past
from analytics.forecasting.series import FloatArray

__all__ = ["Rows", "block_steps"]

LONGEST_BLOCK = 7  # seasons
BEYOND_RATIO = 0.5
"""A forecast may leave the range of the history by this share of it, and no further."""

LEAST_ROWS = 3  # horizons
Steps = npt.NDArray[np.int64]


def block_steps(length: int, horizon: int, season: int) -> int:
    """How many of the last origins of a history are kept back to judge by."""
    return max(horizon, min(length // 4, LONGEST_BLOCK * season))


@dataclass(frozen=True)
class Rows:
    """A row a moment of the history that has all lags before it and a horizon after it.

    `learnt`: how many of them may be learnt from before the last `block` is judged; a gap of one
    horizon is between them, so that no target is seen by both. `lowest` and `highest` are the
    limits of what may be forecast.
    """

    past: Past
    length: int
    horizon: int
    block: int
    lowest: float
    highest: float

    @property
    def moments(self) -> Steps:
        """Of each row, the step of its newest value."""
        return np.arange(self.past.reach, self.length - self.horizon)

    @property
    def learnt(self) -> int:
        return len(self.moments) - self.block - self.horizon

    @classmethod
    def of(cls, values: FloatArray, horizon: int, season: int, seasons: int = 1) -> "Rows | None":
        """Of a finite history; None where it is too short. `seasons`: see `Past.of`."""
        length = len(values)
        past = Past.of(length, horizon, season, seasons)
        block = block_steps(length, horizon, season)
        if length - horizon - past.reach - block - horizon < LEAST_ROWS * horizon:
            return None
        spread = BEYOND_RATIO * float(np.ptp(values))
        lowest, highest = float(values.min()) - spread, float(values.max()) + spread
        return cls(past, length, horizon, block, lowest, highest)

    def targets(self, values: FloatArray) -> FloatArray:
        """The changes since each moment's value, a column a step of the horizon."""
        moments = self.moments[:, None]
        changes: FloatArray = values[moments + np.arange(1, self.horizon + 1)] - values[moments]
        return changes

    def forecasts(self, values: FloatArray, last: Steps, changes: FloatArray) -> FloatArray:
        """The `changes` since the values at `last`, within the limits.

        Where not all lags are before it, all stays as it is.
        """
        known = np.where((last < self.past.reach)[:, None], 0.0, changes)
        return np.clip(values[last][:, None] + known, self.lowest, self.highest)
