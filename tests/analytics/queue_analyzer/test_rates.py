"""Means with their error, and times until a number of items has passed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analytics.queue_analysis.rates import (
    Z_90,
    Passage,
    Rate,
    block_means,
    measured_rate,
    passage,
)

NAN = float("nan")


def test_blocks_end_with_the_last_minute_and_leave_out_what_is_unknown() -> None:
    values = np.array([9.0, 1.0, 2.0, 3.0, 4.0, NAN, *[NAN] * 5, 7.0, 7.0, 7.0, 7.0, 9.0])

    # 16 minutes: one alone, a block with a gap, one of which nothing is known, the last five.
    assert block_means(values) == pytest.approx([9.0, 2.5, 7.4])


def test_a_rate_by_hand() -> None:
    rate = measured_rate(np.repeat([1.0, 2.0, 3.0, 1.0, 2.0, 3.0], 5))

    assert rate is not None
    assert rate.mean_per_s == 2.0
    assert rate.error_per_s == pytest.approx((0.8 / 6) ** 0.5)  # variance 4 / 5
    assert rate.variance_per_s == pytest.approx(0.8 * 300)
    assert rate.blocks == 6


def test_too_few_blocks_have_no_rate() -> None:
    assert measured_rate(np.ones(25)) is None
    assert measured_rate(np.full(60, NAN)) is None
    assert measured_rate(np.empty(0)) is None


@pytest.mark.parametrize("blocks", [6, 8, 12])
def test_the_interval_is_that_of_student(blocks: int) -> None:
    rate = Rate(mean_per_s=5.0, error_per_s=1.0, variance_per_s=1.0, blocks=blocks)

    assert rate.t == pytest.approx(float(stats.t(blocks - 1).ppf(0.95)), rel=0.04)
    assert rate.interval_per_s == pytest.approx((5 - rate.t, 5 + rate.t))


@pytest.mark.parametrize("variance", [0.01, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("z", [-Z_90, 0.0, Z_90])
def test_quantiles_are_those_of_the_gamma_distribution(variance: float, z: float) -> None:
    found = Passage(mean_s=100.0, variance=variance).quantile_s(z)
    gamma = stats.gamma(1 / variance, scale=100.0 * variance)

    assert found == pytest.approx(float(gamma.ppf(stats.norm.cdf(z))), rel=0.02, abs=1.5)


@given(st.floats(0.1, 1e6), st.floats(0.001, 1.0), st.floats(-1.6, 3.0))
def test_a_score_is_the_quantile_that_a_time_belongs_to(
    mean_s: float, variance: float, z: float
) -> None:
    found = Passage(mean_s, variance)

    assert found.score(found.quantile_s(z)) == pytest.approx(z, abs=1e-6)


def test_a_passage_by_hand() -> None:
    rate = Rate(mean_per_s=2.0, error_per_s=0.1, variance_per_s=2.0, blocks=12)
    found = passage(100.0, rate, together=10)

    assert found is not None
    assert found.mean_s == 50.0
    chance, error, even = 2.0 / 200, 0.05**2, (10 / 100) ** 2 / 12
    assert found.variance == pytest.approx((chance + error) * (rate.t / Z_90) ** 2 + even)


@pytest.mark.parametrize(
    "rate",
    [
        Rate(0.0, 0.0, 0.0, 12),
        Rate(-1.0, 0.1, 1.0, 12),
        Rate(1.0, 0.9, 1.0, 12),  # less than 0 cannot be left out
        Rate(1e-200, 0.0, 0.0, 12),
    ],
)
def test_what_may_never_pass_has_no_time(rate: Rate) -> None:
    assert passage(10.0, rate) is None


def test_times_of_a_poisson_process_are_those_of_erlang() -> None:
    """With a rate that is known well, the time of n items is gamma distributed with shape n."""
    random = np.random.default_rng(1)
    times = random.exponential(0.5, (4000, 20)).sum(axis=1)
    found = passage(20.0, Rate(2.0, 0.0, 2.0, 1000))

    assert found is not None
    inside = (found.quantile_s(-Z_90) <= times) & (times <= found.quantile_s(Z_90))
    assert inside.mean() == pytest.approx(0.90, abs=0.02)
