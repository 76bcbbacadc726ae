"""Medians, quantiles, spreads and averages of what is known agree with numpy's, and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analytics.anomalies.robust import known_median, known_quantile, smoothed, spread

some_known = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 12), st.integers(1, 3)),
    elements=st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))),
)


@given(some_known, st.sampled_from([0.0, 0.3, 0.5, 0.99, 1.0]))
def test_quantiles_are_those_of_numpy_over_what_is_known(values: np.ndarray, ratio: float) -> None:
    known = np.isfinite(values).any(axis=0)

    found = known_quantile(values, ratio, axis=0)

    assert found[known] == pytest.approx(np.nanquantile(values[:, known], ratio, axis=0), abs=1e-6)
    assert np.isnan(found[~known]).all()


def test_a_median_of_no_steps_is_unknown() -> None:
    assert np.isnan(known_median(np.empty((0, 2)), axis=0)).all()


def test_the_spread_of_usual_values_is_that_of_most_of_them() -> None:
    deviations = np.array([[-2.0, -1.0, 0.0, 1.0, 2.0]])

    assert spread(deviations, axis=1) == pytest.approx([1.4826])


def test_a_metric_that_is_still_but_jumps_now_and_then_is_expected_to_jump() -> None:
    deviations = np.zeros((1, 100))
    deviations[0, ::20] = 40.0

    # five of 100 are 40: the median is 0, a quarter of the root mean square 0.25 * sqrt(80) = 2.24
    assert spread(deviations, axis=1) == pytest.approx([40 / 8])


def test_an_average_passes_over_gaps_and_does_not_fill_them() -> None:
    values = np.array([[4.0, np.nan, 8.0]])

    # weight 2 / (3 + 1): half of the old, half of the new
    assert smoothed(values, 3) == pytest.approx(np.array([[4.0, np.nan, 6.0]]), nan_ok=True)
