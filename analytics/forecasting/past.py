"""What of a series' past a forecast looks at: means of earlier values, against the last one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.forecasting.series import FloatArray

__all__ = ["Past"]

SEASONS_A_WEEK = 7
LONG_SEASON = 48
"""Steps. A season of more is not looked back at step by step."""

NEAR = 24
TRAILING_RATIOS = (1 / 6, 1 / 2, 1.0)
"""Of a long season: the lengths of the trailing means."""

PROFILE_POINTS = 4
Steps = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Past:
    """Each feature is the weighted mean of the values `lags` steps ago, less the last value.

    `weights` has a row a lag and a column a feature; None: each lag is a feature.
    """

    lags: Steps
    weights: FloatArray | None

    @property
    def reach(self) -> int:
        """How many values there must be before the last one."""
        return int(self.lags.max())

    def changes(self, values: FloatArray, moments: Steps) -> FloatArray:
        """Features of shape (moments, features)."""
        before: FloatArray = values[moments[:, None] - self.lags]
        if self.weights is not None:
            before = before @ self.weights
        return before - values[moments, None]

    @classmethod
    def of(cls, length: int, horizon: int, season: int, seasons: int) -> "Past":
        """For a history of `length` steps, of which `seasons` are looked back at at the least."""
        if season > LONG_SEASON:
            return cls._smooth(length, horizon, season)
        lags = np.arange(1, seasons * season + 1)
        week = SEASONS_A_WEEK * season
        if length >= 2 * week + 2 * horizon:
            lags = np.union1d(lags, np.arange(max(1, week - horizon), week + 1))
        return cls(lags, None)

    @classmethod
    def _smooth(cls, length: int, horizon: int, season: int) -> "Past":
        """Many steps a day are noisy: the near past, trailing means, and the days' mean profile."""
        windows = [np.array([lag]) for lag in range(1, NEAR + 1)]
        windows += [np.arange(round(ratio * season)) for ratio in TRAILING_RATIOS]
        days = min(SEASONS_A_WEEK, length // (2 * season))
        if days:
            width = np.arange(-(horizon // 2), horizon // 2 + 1)
            back = season * np.arange(1, days + 1)
            for point in range(PROFILE_POINTS + 1):
                ahead = horizon * point // PROFILE_POINTS
                windows.append((back[:, None] - ahead + width).ravel())
        lags = np.unique(np.concatenate(windows))
        weights = np.zeros((len(lags), len(windows)))
        for column, window in enumerate(windows):
            weights[np.searchsorted(lags, window), column] = 1 / len(window)
        return cls(lags, weights)
