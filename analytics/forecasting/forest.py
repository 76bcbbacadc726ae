"""The specification's random forest, straight to every step of the horizon.

A hundred trees learn the changes of the next steps from the changes that led there, all steps at
once. Trees look at a third of the features and end in leaves of five, as Hastie, Tibshirani and
Friedman (2009, 15.3) advise for regression; the seed is the specification's. Needs scikit-learn
(extra `random-forest`), and some hundred times the CPU of ridge.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.forecasting.names import ModelName, needing_extra
from analytics.forecasting.rows import Rows
from analytics.forecasting.series import FloatArray

__all__ = ["Forest", "fit_forest"]

TREES, SEED = 100, 42
FEATURES_RATIO, LEAF_ROWS = 1 / 3, 5


@dataclass(frozen=True)
class Forest:
    """`trees` foretell changes: a row an origin, a column a step."""

    rows: Rows
    trees: Any

    def at(self, values: FloatArray, origins: npt.NDArray[np.int64]) -> FloatArray:
        """Forecasts of shape (origins, horizon); an origin before all lags is persistence."""
        last, past = origins - 1, self.rows.past
        changes = self.trees.predict(past.changes(values, np.maximum(last, past.reach)))
        return self.rows.forecasts(values, last, changes.reshape(len(origins), -1))


def fit_forest(history: FloatArray, horizon: int, season: int) -> tuple[Forest, Forest] | None:
    """Learn from a finite history; None where it is too short.

    Returns what was learnt from all of it, and what from all but its last block. Raises
    `ModelNotInstalledError`.
    """
    with needing_extra(ModelName.RANDOM_FOREST):
        from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415 - an extra's

    rows = Rows.of(history, horizon, season)
    if rows is None:
        return None
    design, targets = rows.past.changes(history, rows.moments), rows.targets(history)

    def learnt(count: int) -> Forest:
        trees = RandomForestRegressor(
            n_estimators=TREES,
            max_features=FEATURES_RATIO,
            min_samples_leaf=LEAF_ROWS,
            random_state=SEED,
        )
        return Forest(rows, trees.fit(design[:count], targets[:count]))

    return learnt(len(design)), learnt(rows.learnt)
