"""The Wilson bound against figures reckoned by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.statistics import wilson_upper


@pytest.mark.parametrize(
    ("failures", "total", "expected"),
    [
        (0, 3, 0.5615),  # 3.8416 / 6.8416
        (0, 10, 0.2775),  # 3.8416 / 13.8416
        (5, 100, 0.1118),
        (50, 100, 0.5962),
        (1, 2, 0.9055),
        (7, 7, 1.0),
    ],
)
def test_the_upper_bound(failures: int, total: int, expected: float) -> None:
    assert wilson_upper(failures, total) == pytest.approx(expected, abs=5e-5)


def test_no_confidence_asked_for_leaves_the_plain_rate() -> None:
    assert wilson_upper(3, 12, z=0.0) == 0.25


@pytest.mark.parametrize(("failures", "total"), [(0, 0), (-1, 3), (4, 3)])
def test_impossible_counts_are_refused(failures: int, total: int) -> None:
    with pytest.raises(ValueError, match="want 0 <= failures"):
        wilson_upper(failures, total)


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_the_bound_is_a_ratio_above_the_rate(failures: int, completed: int) -> None:
    bound = wilson_upper(failures, failures + completed)

    assert failures / (failures + completed) <= bound <= 1


@given(st.integers(0, 500), st.integers(1, 500))
def test_one_failure_more_raises_the_bound(failures: int, completed: int) -> None:
    total = failures + completed

    assert wilson_upper(failures + 1, total) >= wilson_upper(failures, total)


@given(st.integers(1, 10_000))
def test_more_observations_without_failure_lower_the_bound(total: int) -> None:
    assert wilson_upper(0, total + 1) < wilson_upper(0, total)
