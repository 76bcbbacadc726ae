"""Medians of interleaved rounds, with intervals that hold whatever the distribution."""

from collections.abc import Sequence
from math import comb
from statistics import median

__all__ = ["CONFIDENCE", "median_interval", "ratio_figures"]

CONFIDENCE = 0.9


def median_interval(samples: Sequence[float], confidence: float) -> tuple[float, float]:
    """The narrowest pair of order statistics around the median of at least this confidence.

    That the median lies outside the k-th smallest and the k-th largest of n samples has the
    probability `2 P(Binomial(n, 1/2) < k)` (Conover, Practical Nonparametric Statistics).
    Raises `ValueError` where even the extremes do not reach the confidence.
    """
    ordered, count = sorted(samples), len(samples)
    outside, k = 2 / 2**count, 0
    if outside > 1 - confidence:
        raise ValueError(f"{count} samples are too few for confidence {confidence}")
    while outside + 2 * comb(count, k + 1) / 2**count <= 1 - confidence:
        k += 1
        outside += 2 * comb(count, k) / 2**count
    return ordered[k], ordered[count - 1 - k]


def ratio_figures(name: str, ratios: Sequence[float]) -> dict[str, float]:
    """`name` with `name_low` and `name_high`; without the two where rounds are too few."""
    figures = {name: round(median(ratios), 3)}
    try:
        low, high = median_interval(ratios, CONFIDENCE)
    except ValueError:
        return figures
    return figures | {f"{name}_low": round(low, 3), f"{name}_high": round(high, 3)}
