"""Ridge regression on the past, straight to every step of the horizon.

It predicts the change since the last value from the changes that led there, so that what is
shrunk to nothing is persistence. How much is shrunk is chosen on the last block of the history,
which a gap of one horizon keeps apart from what is learnt (no target is seen by both); where no
amount beats persistence there, it is persistence. Sources: Hoerl and Kennard (1970) for ridge,
Marcellino, Stock and Watson (2006) for direct forecasts, Bergmeir and Benitez (2012) for the
validation on a last block.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analytics.forecasting.rows import Rows
from analytics.forecasting.series import FloatArray

__all__ = ["Ridge", "fit_ridge"]

PENALTIES = np.logspace(-5, 2, 8)
"""Per row of the design."""

Steps = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ridge:
    """Coefficients that were learnt, and the space they are in.

    `center` and `coefficients` have a row a feature, `coefficients` and `intercept` a column a
    step of the horizon.
    """

    rows: Rows
    center: FloatArray
    coefficients: FloatArray
    intercept: FloatArray
    logarithm: bool

    def at(self, values: FloatArray, origins: Steps) -> FloatArray:
        """Forecasts of shape (origins, horizon); an origin before all lags is persistence."""
        space = _space(values, self.logarithm)
        last, past = origins - 1, self.rows.past
        design = past.changes(space, np.maximum(last, past.reach)) - self.center
        changes = design @ self.coefficients + self.intercept
        made = self.rows.forecasts(space, last, changes)
        return np.exp(made) if self.logarithm else made


def fit_ridge(
    history: FloatArray, horizon: int, season: int, *, logarithm: bool, seasons: int = 1
) -> tuple[Ridge, Ridge] | None:
    """Learn from a finite history; None where it is too short.

    Returns what was learnt from all of it, and what from all but its last block. `seasons`: how
    many of them are looked back at step by step, beside the same steps a week ago. `logarithm`:
    ratios are learnt instead of differences, where all values are positive.
    """
    logarithm = logarithm and bool(len(history)) and float(history.min()) > 0
    values = _space(history, logarithm)
    rows = Rows.of(values, horizon, season, seasons)
    if rows is None:
        return None
    learnt, block = rows.learnt, rows.block
    changes = rows.past.changes(values, rows.moments)
    scale = float(changes.std(axis=0).mean()) or 1.0
    design, targets = changes / scale, rows.targets(values) / scale
    still = Ridge(
        rows=rows,
        center=np.zeros(changes.shape[1]),
        coefficients=np.zeros((changes.shape[1], horizon)),
        intercept=np.zeros(horizon),
        logarithm=logarithm,
    )
    early = _Path.of(design[:learnt], targets[:learnt])
    penalty = early.best_penalty(design[-block:], targets[-block:])
    if penalty is None:
        return still, still
    whole = _solved(design, targets, penalty)
    return (
        replace(still, center=whole[0] * scale, coefficients=whole[1], intercept=whole[2] * scale),
        replace(
            still,
            center=early.center * scale,
            coefficients=early.coefficients(penalty),
            intercept=early.intercept(penalty) * scale,
        ),
    )


def _space(values: FloatArray, logarithm: bool) -> FloatArray:
    return np.log(np.maximum(values, np.finfo(float).tiny)) if logarithm else values


@dataclass(frozen=True)
class _Path:
    """One regression under every penalty for the price of one decomposition."""

    center: FloatArray
    mean: FloatArray
    eigenvalues: FloatArray
    vectors: FloatArray
    projected: FloatArray
    rows: int

    @classmethod
    def of(cls, design: FloatArray, targets: FloatArray) -> "_Path":
        center, mean = design.mean(axis=0), targets.mean(axis=0)
        rows = design - center
        eigenvalues, vectors = np.linalg.eigh(rows.T @ rows)
        projected = vectors.T @ (rows.T @ (targets - mean))
        return cls(center, mean, np.maximum(eigenvalues, 0.0), vectors, projected, len(rows))

    def coefficients(self, penalty: float) -> FloatArray:
        return self.vectors @ self._rotated(penalty)

    def intercept(self, penalty: float) -> FloatArray:
        """The trend is shrunk as the rest is."""
        return self.mean / (1.0 + penalty)

    def best_penalty(self, design: FloatArray, targets: FloatArray) -> float | None:
        """The one with the least absolute error; None where persistence has less."""
        rows = (design - self.center) @ self.vectors
        errors = [
            np.abs(targets - rows @ self._rotated(each) - self.intercept(each)).mean()
            for each in PENALTIES
        ]
        best = int(np.argmin(errors))
        return float(PENALTIES[best]) if errors[best] < np.abs(targets).mean() else None

    def _rotated(self, penalty: float) -> FloatArray:
        return self.projected / (self.eigenvalues + penalty * self.rows)[:, None]


def _solved(
    design: FloatArray, targets: FloatArray, penalty: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Center, coefficients and intercept under one penalty."""
    center, mean = design.mean(axis=0), targets.mean(axis=0)
    rows = design - center
    gram = rows.T @ rows
    gram[np.diag_indices_from(gram)] += penalty * len(rows)
    return center, np.linalg.solve(gram, rows.T @ (targets - mean)), mean / (1.0 + penalty)
