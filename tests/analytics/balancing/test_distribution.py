"""`analyze_load_distribution`: by hand, against numpy, and at the borders."""

from math import isfinite

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.balancing.findings import LoadDistribution
from analytics.load_balancer import LoadBalancerAnalyzer
from contracts.load_balancing import WorkloadDistribution


def analyzed(*loads: float) -> LoadDistribution:
    given_ = {f"w{number}": load for number, load in enumerate(loads)}
    return LoadBalancerAnalyzer().analyze_load_distribution(
        WorkloadDistribution(worker_loads=given_)
    )


def test_a_distribution_by_hand() -> None:
    found = analyzed(2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0)

    assert found.mean_load == pytest.approx(5.0)
    assert found.std_deviation == pytest.approx(2.0)
    assert found.coefficient_variation == pytest.approx(0.4)
    assert found.imbalance_score == pytest.approx(0.8)
    assert found.fairness_index == pytest.approx(1 / 1.16)  # 1 / (1 + CV^2)
    # Median 4.5, MAD 0.5: far off is above 4.5 + 2.224 and above 6.25; below 2.276 and 3.75.
    assert [each.worker_id for each in found.hotspots] == ["w7", "w6"]
    assert found.hotspots[0].limit == pytest.approx(4.5 + 3 * 1.4826 * 0.5)
    assert found.hotspots[0].mean_ratio == pytest.approx(1.8)
    assert [each.worker_id for each in found.underutilized] == ["w0"]
    assert [each.action.split()[0] for each in found.recommendations] == ["Take", "Look", "Compare"]


def test_a_small_spread_has_no_hotspot() -> None:
    found = analyzed(1.0, 1.0, 1.0, 1.0, 1.2)

    assert found.hotspots == ()  # far from the median, but not 25 % above the mean
    assert found.recommendations == ()


def test_even_loads_need_nothing() -> None:
    found = analyzed(3.0, 3.0, 3.0)

    assert (found.imbalance_score, found.fairness_index) == (0.0, 1.0)
    assert (found.hotspots, found.underutilized, found.recommendations) == ((), (), ())


@pytest.mark.parametrize(
    ("loads", "mean", "reason"),
    [
        ((), None, "The load of no worker is known"),
        ((3.0,), 3.0, "The load of a single worker is known"),
        ((0.0, 0.0), 0.0, "No worker has any load"),
    ],
)
def test_what_has_no_balance_says_so(
    loads: tuple[float, ...], mean: float | None, reason: str
) -> None:
    found = analyzed(*loads)

    assert found.mean_load == mean
    assert (found.imbalance_score, found.fairness_index) == (None, None)
    assert found.coefficient_variation is None
    assert found.reason is not None
    assert found.reason.startswith(reason)


loads_of_some = st.lists(st.floats(0, 1e9), min_size=2, max_size=20)


@given(loads_of_some)
def test_it_agrees_with_numpy(loads: list[float]) -> None:
    found = analyzed(*loads)

    assert found.mean_load == pytest.approx(float(np.mean(loads)), rel=1e-9)
    assert found.std_deviation == pytest.approx(float(np.std(loads)), rel=1e-6, abs=1e-3)
    if found.coefficient_variation is not None:
        assert found.fairness_index == pytest.approx(1 / (1 + found.coefficient_variation**2))


scalable = st.just(0.0) | st.floats(1e-200, 1e6)  # still exact when it is halved twenty times


@given(st.lists(scalable, min_size=2, max_size=20), st.integers(-20, 20))
def test_the_unit_does_not_matter(loads: list[float], power: int) -> None:
    one = analyzed(*loads)
    other = analyzed(*(load * 2.0**power for load in loads))

    assert other.imbalance_score == pytest.approx(one.imbalance_score)
    assert [each.worker_id for each in other.hotspots] == [each.worker_id for each in one.hotspots]


@given(st.lists(st.floats(0, allow_nan=False, allow_infinity=False), max_size=20))
def test_no_load_is_a_crash_or_a_number_out_of_nothing(loads: list[float]) -> None:
    found = analyzed(*loads)

    assert (found.imbalance_score is None) == (len(loads) < 2 or max(loads) == 0)
    uneven = {each.worker_id for each in (*found.hotspots, *found.underutilized)}
    assert len(uneven) == len(found.hotspots) + len(found.underutilized) < max(1, len(loads))
    assert all(isfinite(each.limit) for each in (*found.hotspots, *found.underutilized))
