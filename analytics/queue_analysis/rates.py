"""Mean rates with their error, and how long it takes until a number of items has passed.

Counts of neighbouring minutes depend on one another (batches, slow items), so errors come from
means of blocks: the method of batch means (A. M. Law, "Simulation Modeling and Analysis").
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from analytics.forecasting.series import FloatArray
from analytics.queue_analysis.observed import MINUTE_S

__all__ = ["LEAST_BLOCKS", "Z_90", "Passage", "Rate", "block_means", "measured_rate", "passage"]

BLOCK_MINUTES = 5
LEAST_BLOCKS = 6
Z_90 = 1.645
"""Standard normal quantile of a two-sided interval of 90 %."""

SLOWEST_PER_S = 1e-100
MOST_VARIANCE = 4.0
"""Relative variance of a time (standard deviation twice the mean) above which none is foretold."""


@dataclass(frozen=True)
class Rate:
    """Items per second over `blocks` blocks of 5 min.

    `error_per_s`: standard error of the mean. `variance_per_s`: that of the count of a long time,
    divided by that time; a Poisson process has its rate.
    """

    mean_per_s: float
    error_per_s: float
    variance_per_s: float
    blocks: int

    @property
    def interval_per_s(self) -> tuple[float, float]:
        """90 %, by Student's t."""
        half = self.t * self.error_per_s
        return self.mean_per_s - half, self.mean_per_s + half

    @property
    def t(self) -> float:
        """Student's quantile by the first term of its expansion (Cornish and Fisher 1937)."""
        return Z_90 + (Z_90**3 + Z_90) / (4 * (self.blocks - 1))


@dataclass(frozen=True)
class Passage:
    """The time until `level` items have passed: gamma distributed, `mean_s`, 1 / `variance`.

    `variance` is relative to the square of the mean. Quantiles are those of E. B. Wilson and
    M. M. Hilferty, "The distribution of chi-square" (1931).
    """

    mean_s: float
    variance: float

    def quantile_s(self, z: float) -> float:
        """The time that belongs to a standard normal quantile."""
        return self.mean_s * max(0.0, self._middle + z * self._spread) ** 3

    def score(self, time_s: float) -> float:
        """The standard normal quantile that a time belongs to."""
        return (float(np.cbrt(time_s / self.mean_s)) - self._middle) / self._spread

    @property
    def _middle(self) -> float:
        return 1 - self.variance / 9

    @property
    def _spread(self) -> float:
        return sqrt(self.variance) / 3


def block_means(values: FloatArray) -> FloatArray:
    """The mean of each five minutes, the last ending with the last minute, without unknown ones."""
    if not len(values):
        return values
    padded = np.concatenate([np.full(-len(values) % BLOCK_MINUTES, np.nan), values])
    blocks = padded.reshape(-1, BLOCK_MINUTES)
    count = np.isfinite(blocks).sum(axis=1)
    total = np.where(np.isfinite(blocks), blocks, 0.0).sum(axis=1)
    means: FloatArray = total[count > 0] / count[count > 0]
    return means


def measured_rate(values: FloatArray) -> Rate | None:
    """Of values by minute; None below half an hour's worth of blocks."""
    means = block_means(values)
    if len(means) < LEAST_BLOCKS:
        return None
    variance = float(means.var(ddof=1))
    return Rate(
        mean_per_s=float(means.mean()),
        error_per_s=sqrt(variance / len(means)),
        variance_per_s=variance * BLOCK_MINUTES * MINUTE_S,
        blocks=len(means),
    )


def passage(level: float, rate: Rate, together: int = 1) -> Passage | None:
    """How long `level` items take at the rate; None where they may never have passed.

    Chance (first passage of a Brownian motion with drift, E. Schroedinger 1915: variance
    level * variance / rate^3), the error of the rate itself, whose share grows with the level,
    and that of not knowing how far those are that are in work, of which so many may be done
    `together`: evenly anywhere, a twelfth of the square of their number.
    """
    if rate.interval_per_s[0] <= 0 or rate.mean_per_s < SLOWEST_PER_S or level <= 0:
        return None
    chance = rate.variance_per_s / (level * rate.mean_per_s)
    even = (min(max(together, 1), level) / level) ** 2 / 12
    # The quantiles are to be Student's, as the error is itself only measured.
    error = rate.error_per_s / rate.mean_per_s
    variance = (chance + error * error) * (rate.t / Z_90) ** 2 + even
    if variance > MOST_VARIANCE:
        return None
    return Passage(mean_s=level / rate.mean_per_s, variance=variance)
