"""Merging histograms and reading percentiles from them."""

from bisect import bisect_left
from itertools import pairwise
from math import ceil
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analytics.histogram import count, mean, merge, percentile
from contracts.orchestrator import LatencyHistogram
from tests.analytics.strategies import histograms


def histogram(bounds: tuple[float, ...], *counts: int, sum_ms: float = 0.0) -> LatencyHistogram:
    return LatencyHistogram(bounds_ms=bounds, counts=counts, sum_ms=sum_ms)


TEN = histogram((10, 20, 50), 1, 2, 3, 4, sum_ms=500)


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        (0.0, 0.0),  # the first bucket begins at 0
        (0.05, 5.0),  # half an observation into (0, 10]
        (0.1, 10.0),
        (0.2, 15.0),  # 1 of the 2 observations of (10, 20]
        (0.3, 20.0),
        (0.4, 30.0),  # 1 of the 3 observations of (20, 50]
        (0.6, 50.0),
    ],
)
def test_a_percentile_interpolates_linearly_inside_its_bucket(q: float, expected: float) -> None:
    result = percentile(TEN, q)

    assert result == pytest.approx(expected)


@pytest.mark.parametrize("q", [0.61, 0.95, 1.0])
def test_a_percentile_above_the_last_bound_is_unknown(q: float) -> None:
    assert percentile(TEN, q) is None


def test_a_percentile_skips_empty_buckets() -> None:
    assert percentile(histogram((10, 20, 30), 0, 0, 4, 0), 0.0) == 20.0


def test_nothing_observed_has_no_percentile_and_no_mean() -> None:
    empty = histogram((10,), 0, 0)

    assert percentile(empty, 0.5) is None
    assert mean(empty) is None


def test_the_mean_is_exact() -> None:
    assert mean(TEN) == 50.0


@pytest.mark.parametrize("q", [-0.1, 1.1])
def test_a_quantile_is_a_ratio(q: float) -> None:
    with pytest.raises(ValueError, match=r"0\.\.1"):
        percentile(TEN, q)


def test_nothing_merges_to_nothing() -> None:
    assert merge([]) is None


def test_equal_bounds_merge_by_addition() -> None:
    merged = merge([TEN, histogram((10, 20, 50), 4, 3, 2, 1, sum_ms=100)])

    assert merged == histogram((10, 20, 50), 5, 5, 5, 5, sum_ms=600)


def test_different_bounds_merge_on_those_in_common() -> None:
    merged = merge([TEN, histogram((10, 50, 100), 1, 1, 1, 1, sum_ms=300)])

    assert merged == histogram((10, 50), 2, 6, 6, sum_ms=800)


def test_histograms_without_a_common_bound_are_refused() -> None:
    with pytest.raises(ValueError, match="no bound in common"):
        merge([histogram((10,), 1, 0), histogram((20,), 1, 0)])


def test_percentiles_are_read_from_the_merged_counts_not_averaged() -> None:
    quick = histogram((10, 1000), 99, 0, 0)
    slow = histogram((10, 1000), 0, 1, 0)
    merged = merge([quick, slow])

    assert merged is not None
    assert percentile(merged, 0.95) == pytest.approx(10 * 95 / 99)


@given(st.lists(histograms((5, 10, 20)) | histograms((1, 10, 20, 80)), min_size=1))
def test_merging_loses_no_observation(parts: list[LatencyHistogram]) -> None:
    merged = merge(parts)

    assert merged is not None
    assert count(merged) == sum(map(count, parts))
    assert merged.sum_ms == pytest.approx(sum(part.sum_ms for part in parts))


@given(histograms((5, 10, 20)), histograms((5, 10, 20)))
def test_the_order_of_merging_does_not_matter(
    one: LatencyHistogram, other: LatencyHistogram
) -> None:
    assert merge([one, other]) == merge([other, one])


@given(histograms(), st.floats(0, 1), st.floats(0, 1))
def test_percentiles_rise_with_the_quantile(
    any_histogram: LatencyHistogram, one: float, other: float
) -> None:
    low = percentile(any_histogram, min(one, other))
    high = percentile(any_histogram, max(one, other))

    assert high is None or (low is not None and low <= high + 1e-9)


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0.01, 1))
def test_a_percentile_lies_in_the_bucket_of_the_observation_it_stands_for(
    latencies_ms: list[float], q: float
) -> None:
    bounds = (10.0, 20.0, 50.0, 100.0)
    below = [sum(value <= bound for value in latencies_ms) for bound in bounds]
    counts = [after - before for before, after in zip([0, *below], below, strict=False)]
    result = percentile(histogram(bounds, *counts, 0), q)
    exact = sorted(latencies_ms)[min(len(latencies_ms) - 1, int(q * len(latencies_ms)))]
    exact_before = sorted(latencies_ms)[max(0, int(q * len(latencies_ms)) - 1)]

    upper = next(bound for bound in bounds if exact <= bound)
    lower = max((bound for bound in (0.0, *bounds) if bound < exact_before), default=0.0)
    assert result is not None
    assert lower - 1e-9 <= result <= upper + 1e-9


OLD, NEW = (10.0, 50.0, 100.0), (10.0, 20.0, 100.0)
"""What an agent had before and after an upgrade; 10 and 100 are in both."""


def observed(latencies_ms: list[float], bounds: tuple[float, ...]) -> LatencyHistogram:
    below = [sum(value <= bound for value in latencies_ms) for bound in bounds]
    edges = [0, *below, len(latencies_ms)]
    counts = [after - before for before, after in pairwise(edges)]
    return histogram(bounds, *counts, sum_ms=sum(latencies_ms))


@given(
    parts=st.lists(
        st.tuples(st.lists(st.floats(0, 100), max_size=8), st.sampled_from([OLD, NEW])), min_size=1
    ),
    order=st.randoms(use_true_random=False),
    q=st.floats(0.01, 1),
)
def test_a_percentile_of_merged_parts_is_that_of_all_observations_to_a_bucket(
    parts: list[tuple[list[float], tuple[float, ...]]], order: Random, q: float
) -> None:
    pooled = sorted(value for latencies_ms, _ in parts for value in latencies_ms)
    assume(pooled)
    shuffled = order.sample(parts, len(parts))
    halves = shuffled[: len(parts) // 2], shuffled[len(parts) // 2 :]
    merged = [merge(observed(*part) for part in half) for half in halves]

    result = merge(half for half in merged if half is not None)

    assert result is not None
    assert count(result) == len(pooled)
    assert mean(result) == pytest.approx(sum(pooled) / len(pooled))
    exact = pooled[ceil(q * len(pooled)) - 1]
    upper = result.bounds_ms[bisect_left(result.bounds_ms, exact)]
    lower = max((bound for bound in result.bounds_ms if bound < exact), default=0.0)
    estimate = percentile(result, q)
    assert estimate is not None
    assert lower - 1e-9 <= estimate <= upper + 1e-9
