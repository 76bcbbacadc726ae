"""Latency histograms: merged by addition, percentiles read once from the merged counts.

Percentiles of parts are never averaged: the mean of two 95th percentiles is not the 95th
percentile of both.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import fsum

from contracts.orchestrator import LatencyHistogram

__all__ = ["count", "mean", "merge", "observed", "percentile"]


def merge(histograms: Iterable[LatencyHistogram]) -> LatencyHistogram | None:
    """All observations of `histograms` in one; None when there are no histograms.

    Equal bounds add up. Different bounds are merged on those that all have in common, which
    is exact: a bucket between two common bounds is the sum of the buckets inside it. Only
    resolution is lost, and what lay between the last common bound and a larger one counts as
    unbounded. So the order of merging does not matter.

    Raises `ValueError` when the histograms have no bound in common.
    """
    parts = list(histograms)
    if not parts:
        return None
    bounds = _common_bounds(parts)
    columns = zip(*(_rebucketed(part, bounds) for part in parts), strict=True)
    return LatencyHistogram(
        bounds_ms=bounds,
        counts=tuple(sum(column) for column in columns),
        sum_ms=sum(part.sum_ms for part in parts),
    )


def percentile(histogram: LatencyHistogram, q: float) -> float | None:
    """The latency in milliseconds below which the share `q` (0..1) of the observations lies.

    Linear interpolation inside the bucket; the first bucket begins at 0. The exact percentile of
    the observations lies in the same bucket: the error is less than its width. None when there
    are no observations, or when the quantile lies above the last bound: how far above is unknown.
    Raises `ValueError` for `q` outside 0..1.
    """
    if not 0 <= q <= 1:
        raise ValueError(f"q must lie within 0..1, not {q}")
    cumulative = list(accumulate(histogram.counts))
    total = cumulative[-1]
    if total == 0:
        return None
    # The first observation bounds the rank from below, so that q = 0 falls into its bucket.
    rank = q * total
    bucket = bisect_left(cumulative, rank) if rank > 0 else bisect_left(cumulative, 1)
    if bucket == len(histogram.bounds_ms):
        return None
    before = cumulative[bucket - 1] if bucket else 0
    lower = histogram.bounds_ms[bucket - 1] if bucket else 0.0
    upper = histogram.bounds_ms[bucket]
    return lower + (upper - lower) * (rank - before) / histogram.counts[bucket]


def mean(histogram: LatencyHistogram) -> float | None:
    """The mean latency in milliseconds, exact; None without observations."""
    total = count(histogram)
    return histogram.sum_ms / total if total else None


def count(histogram: LatencyHistogram) -> int:
    """How many observations there are."""
    return sum(histogram.counts)


def _common_bounds(parts: list[LatencyHistogram]) -> tuple[float, ...]:
    first = parts[0].bounds_ms
    common = set(first).intersection(*(part.bounds_ms for part in parts))
    if not common and any(part.bounds_ms != first for part in parts):
        raise ValueError("the histograms have no bound in common, so they cannot be merged")
    return tuple(sorted(common))


def _rebucketed(histogram: LatencyHistogram, bounds: tuple[float, ...]) -> list[int]:
    """Counts on `bounds`, each of which is one of the histogram's own."""
    counts = [0] * (len(bounds) + 1)
    uppers = (*histogram.bounds_ms, float("inf"))
    for upper, observed in zip(uppers, histogram.counts, strict=True):
        counts[bisect_left(bounds, upper)] += observed
    return counts


def observed(samples_ms: Iterable[float], bounds_ms: Sequence[float]) -> LatencyHistogram:
    """The histogram of single observations in milliseconds, none of them below 0."""
    samples = list(samples_ms)
    counts = [0] * (len(bounds_ms) + 1)
    for sample in samples:
        counts[bisect_left(bounds_ms, sample)] += 1
    return LatencyHistogram(bounds_ms=tuple(bounds_ms), counts=tuple(counts), sum_ms=fsum(samples))
