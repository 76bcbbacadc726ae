"""One LightGBM model for many series, straight to every step of the horizon.

A row is a moment of a series and a step ahead: the changes that led there, how many steps ahead,
and the changes to the same step of earlier seasons, all as multiples of the series' own mean change
over a season. What is learnt, by absolute error, is what comes beyond the seasonal naive. Series
with the same lags (long ones look a week back, too) learn from each other, so what one gets depends
on which others are there. Sources: Ke et al. (2017) for LightGBM, Montero-Manso and Hyndman (2021)
for one model of many series. Needs lightgbm (extra `lightgbm`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.forecasting.names import ModelName, needing_extra
from analytics.forecasting.rows import Rows
from analytics.forecasting.series import FloatArray

__all__ = ["Boosted", "fit_boosted"]

ROUNDS = 200
SETTINGS = {
    "objective": "l1",
    "learning_rate": 0.1,
    "num_leaves": 31,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.5,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 42,
    "verbosity": -1,
}
MOST_ROWS = 200_000
"""Of all series together; where there are more, moments are left out evenly."""

SEASONS_BACK = (1, 2, 7)
Steps = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Boosted:
    """What all series learnt, and what is one series' own: its rows and its `scale`."""

    trees: Any
    rows: Rows
    season: int
    scale: float

    def at(self, values: FloatArray, origins: Steps) -> FloatArray:
        """Forecasts of shape (origins, horizon); an origin before all lags is persistence."""
        last = origins - 1
        known = np.maximum(last, self.rows.past.reach)
        beyond = self.trees.predict(self.design(values, known))
        changes = self.scale * beyond.reshape(len(origins), -1) + self.seasonal(values, known, 1)
        return self.rows.forecasts(values, last, changes)

    def design(self, values: FloatArray, moments: Steps) -> FloatArray:
        """A row for each moment and step ahead, steps fastest."""
        horizon = self.rows.horizon
        led_there = np.repeat(self.rows.past.changes(values, moments), horizon, axis=0)
        back = [self.seasonal(values, moments, each).ravel() for each in SEASONS_BACK]
        ahead = np.tile(np.arange(horizon, dtype=np.float64), len(moments))
        rows: FloatArray = np.column_stack([*back, led_there]) / self.scale
        return np.concatenate((ahead[:, None], rows), axis=1)

    def seasonal(self, values: FloatArray, moments: Steps, seasons: int) -> FloatArray:
        """From each moment to each step ahead, as it was some seasons ago; NaN before all time."""
        steps = np.arange(1, self.rows.horizon + 1)
        ago = self.season * np.maximum(seasons, -(-steps // self.season))
        then = moments[:, None] + steps - ago
        changes: FloatArray = values[np.maximum(then, 0)] - values[moments, None]
        changes[then < 0] = np.nan
        return changes


def fit_boosted(
    histories: Sequence[FloatArray], horizon: int, season: int
) -> list[tuple[Boosted, Boosted] | None]:
    """Learn from finite histories together; None for what is too short.

    Returns of each what was learnt from all of it, and what from all but its last block. Raises
    `ModelNotInstalledError`.
    """
    with needing_extra(ModelName.LIGHTGBM):
        import lightgbm  # noqa: PLC0415 - an extra's

    found: list[tuple[Boosted, Boosted] | None] = [None] * len(histories)
    alike: dict[bytes, list[tuple[int, Boosted]]] = {}
    for place, history in enumerate(histories):
        one = _series(history, horizon, season)
        if one is not None:
            alike.setdefault(one.rows.past.lags.tobytes(), []).append((place, one))
    for group in alike.values():
        parts = [(one, histories[place]) for place, one in group]
        whole, early = (
            lightgbm.train(SETTINGS, lightgbm.Dataset(*_rows(parts, early=early)), ROUNDS)
            for early in (False, True)
        )
        for place, one in group:
            found[place] = replace(one, trees=whole), replace(one, trees=early)
    return found


def _series(history: FloatArray, horizon: int, season: int) -> Boosted | None:
    rows = Rows.of(history, horizon, season)
    if rows is None:
        return None
    scale = float(np.abs(history[season:] - history[:-season]).mean())
    return Boosted(None, rows, season, scale or 1.0)


def _rows(
    parts: Sequence[tuple[Boosted, FloatArray]], *, early: bool
) -> tuple[FloatArray, FloatArray]:
    """Designs and targets of all series below one another."""
    moments = [
        one.rows.moments[: one.rows.learnt] if early else one.rows.moments for one, _ in parts
    ]
    total = sum(len(each) for each in moments) * parts[0][0].rows.horizon
    every = -(-total // MOST_ROWS)
    designs, targets = [], []
    for (one, values), all_of_it in zip(parts, moments, strict=True):
        some = all_of_it[::-every]
        came = one.rows.targets(values)[some - all_of_it[0]]
        designs.append(one.design(values, some))
        targets.append(((came - one.seasonal(values, some, 1)) / one.scale).ravel())
    return np.concatenate(designs), np.concatenate(targets)
