"""Medians, spreads and smoothing that leave out what is unknown (NaN)."""

import numpy as np

from analytics.anomalies.histories import FloatArray

__all__ = ["known_median", "known_quantile", "smoothed", "spread"]

NORMAL_MAD = 1.4826
"""Standard deviation / median absolute deviation of normal values."""

STD_RATIO = 0.25
HIGH_QUANTILE, HIGH_RATIO = 0.99, 1 / 8


def known_quantile(values: FloatArray, ratio: float, axis: int) -> FloatArray:
    """Quantile of the known values along `axis`, between neighbours linear; NaN where none is."""
    ordered = np.sort(np.moveaxis(values, axis, 0), axis=0)
    if not len(ordered):
        return np.full(ordered.shape[1:], np.nan)
    last = np.maximum(np.isfinite(ordered).sum(axis=0) - 1, 0)
    place = ratio * last
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, last)
    low, high = (np.take_along_axis(ordered, at[None], axis=0)[0] for at in (below, above))
    found: FloatArray = low + (place - below) * (high - low)
    return found


def known_median(values: FloatArray, axis: int) -> FloatArray:
    """Median of the known values along `axis`; NaN where none is known."""
    return known_quantile(values, 0.5, axis)


def spread(deviations: FloatArray, axis: int) -> FloatArray:
    """How far values usually are from their centre, from their deviations along `axis`.

    The largest of 1.4826 * the median absolute deviation (what a standard deviation is among
    the usual ones), a quarter of the root mean square, and an eighth of the 99th percentile: a
    metric that is steady but jumps now and then is expected to jump.
    """
    size = np.abs(deviations)
    known = np.isfinite(size)
    count = np.maximum(known.sum(axis=axis), 1)
    mean_square = (np.where(known, size, 0.0) ** 2).sum(axis=axis) / count
    found: FloatArray = np.maximum(
        np.maximum(NORMAL_MAD * known_median(size, axis), STD_RATIO * np.sqrt(mean_square)),
        HIGH_RATIO * known_quantile(size, HIGH_QUANTILE, axis),
    )
    return found


def smoothed(values: FloatArray, steps: int) -> FloatArray:
    """Exponential moving average along axis 1 with weight 2 / (steps + 1); a gap is passed over.

    An unknown value stays unknown; the next one goes on where the average was.
    """
    weight = 2 / (steps + 1)
    out = np.empty_like(values)
    state = np.full(values.shape[:1] + values.shape[2:], np.nan)
    for step in range(values.shape[1]):
        value = values[:, step]
        moved = np.where(np.isfinite(state), state + weight * (value - state), value)
        out[:, step] = moved
        state = np.where(np.isfinite(moved), moved, state)
    return out
