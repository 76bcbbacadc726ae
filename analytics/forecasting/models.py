"""What can forecast: each learns from a history and then says, at any origin, what comes.

`origins` are counts of known values: a forecast at origin `o` has seen `values[:o]` alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from analytics.forecasting.boosted import fit_boosted
from analytics.forecasting.forest import fit_forest
from analytics.forecasting.names import ModelName
from analytics.forecasting.ridge import fit_ridge
from analytics.forecasting.series import FloatArray

__all__ = ["MODELS", "TOGETHER", "Fitted", "Learnt", "Model", "persistence", "seasonal_naive"]

Origins = npt.NDArray[np.int64]


class Fitted(Protocol):
    """A model that has learnt."""

    def at(self, values: FloatArray, origins: Origins) -> FloatArray:
        """Forecasts of shape (origins, horizon), in the unit of `values`."""


@dataclass(frozen=True)
class Learnt:
    """A model that learnt from `whole` a history, and `early`, from all but its last block.

    What `early` says of that block is judged like any forecast. It is a little flattered: the
    block chose the amount of shrinkage, one number.
    """

    whole: Fitted
    early: Fitted

    @classmethod
    def without_learning(cls, fitted: Fitted) -> "Learnt":
        return cls(fitted, fitted)


Model = Callable[[FloatArray, int, int], Learnt]
"""Learns from (history, horizon, season), the latter two in steps."""


@dataclass(frozen=True)
class _Persistence:
    horizon: int

    def at(self, values: FloatArray, origins: Origins) -> FloatArray:
        return np.repeat(values[origins - 1][:, None], self.horizon, axis=1)


@dataclass(frozen=True)
class _SeasonalNaive:
    horizon: int
    season: int

    def at(self, values: FloatArray, origins: Origins) -> FloatArray:
        ahead = np.arange(self.horizon) % self.season
        index = origins[:, None] - self.season + ahead
        last = (origins - 1)[:, None]
        return values[np.where(index < 0, last, index)]


@dataclass(frozen=True)
class _Median:
    """Of several forecasts, at each step the one in the middle: one bad one does no harm."""

    parts: tuple[Fitted, ...]

    def at(self, values: FloatArray, origins: Origins) -> FloatArray:
        made = np.stack([part.at(values, origins) for part in self.parts])
        middle: FloatArray = np.median(made, axis=0)
        return middle


def persistence(_: FloatArray, horizon: int, __: int) -> Learnt:
    """All stays as it is."""
    return Learnt.without_learning(_Persistence(horizon))


def seasonal_naive(_: FloatArray, horizon: int, season: int) -> Learnt:
    """All is as it was a season ago."""
    return Learnt.without_learning(_SeasonalNaive(horizon, season))


def ridge(history: FloatArray, horizon: int, season: int) -> Learnt:
    """One ridge regression, see `analytics.forecasting.ridge`; persistence on a short history."""
    return _ridge(history, horizon, season, logarithm=True)


def ensemble(history: FloatArray, horizon: int, season: int) -> Learnt:
    """The median of both naive ones and three ridges.

    The ridges learn from values, from their logarithms, and from those of two seasons.
    """
    parts = (
        persistence(history, horizon, season),
        seasonal_naive(history, horizon, season),
        _ridge(history, horizon, season, logarithm=False),
        _ridge(history, horizon, season, logarithm=True),
        _ridge(history, horizon, season, logarithm=True, seasons=2),
    )
    return Learnt(
        _Median(tuple(part.whole for part in parts)), _Median(tuple(part.early for part in parts))
    )


def random_forest(history: FloatArray, horizon: int, season: int) -> Learnt:
    """See `analytics.forecasting.forest`; persistence on a short history."""
    fitted = fit_forest(history, horizon, season)
    return persistence(history, horizon, season) if fitted is None else Learnt(*fitted)


def lightgbm(history: FloatArray, horizon: int, season: int) -> Learnt:
    """One series by itself; see `lightgbm_together`."""
    (learnt,) = lightgbm_together([history], horizon, season)
    return learnt


def lightgbm_together(histories: Sequence[FloatArray], horizon: int, season: int) -> list[Learnt]:
    """One model of all, see `analytics.forecasting.boosted`; persistence on a short history."""
    return [
        persistence(history, horizon, season) if fitted is None else Learnt(*fitted)
        for history, fitted in zip(histories, fit_boosted(histories, horizon, season), strict=True)
    ]


def _ridge(
    history: FloatArray, horizon: int, season: int, *, logarithm: bool, seasons: int = 1
) -> Learnt:
    fitted = fit_ridge(history, horizon, season, logarithm=logarithm, seasons=seasons)
    return persistence(history, horizon, season) if fitted is None else Learnt(*fitted)


MODELS: Mapping[str, Model] = {
    ModelName.ENSEMBLE: ensemble,
    ModelName.RIDGE: ridge,
    ModelName.LIGHTGBM: lightgbm,
    ModelName.RANDOM_FOREST: random_forest,
    ModelName.PERSISTENCE: persistence,
    ModelName.SEASONAL_NAIVE: seasonal_naive,
}

TOGETHER: Mapping[str, Callable[[Sequence[FloatArray], int, int], list[Learnt]]] = {
    ModelName.LIGHTGBM: lightgbm_together,
}
"""Models that many series can share, and how they learn it."""
