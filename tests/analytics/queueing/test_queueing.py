"""Waits: by hand, against scipy, against simulation, and at the borders."""

from math import inf, isfinite, isinf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analytics.queueing import (
    EXACT_LOAD,
    MOST_LOAD,
    Traffic,
    arrival_rate_for,
    erlang_c,
    mean_wait_s,
    workers_for,
)
from benchmarks.queueing import Case, simulated_wait


@pytest.mark.parametrize(
    ("load", "workers", "waiting"),
    [
        (0.5, 1, 0.5),  # M/M/1: the share of time in which the worker is busy
        (1.0, 2, 1 / 3),
        (2.0, 3, 4 / 9),
        (3.0, 3, 1.0),
        (5.0, 3, 1.0),
        (0.0, 3, 0.0),
        (0.0, 0, 1.0),
    ],
)
def test_shares_that_wait_by_hand(load: float, workers: int, waiting: float) -> None:
    assert erlang_c(load, workers) == pytest.approx(waiting)


@pytest.mark.parametrize(
    ("traffic", "target_s", "workers", "wait_s"),
    [
        (Traffic(5, 2), 0.5, 12, 0.449),
        (Traffic(50, 0.3), 0.05, 18, 0.0361),
        (Traffic(1, 60), 30, 62, 21.65),
        (Traffic(200, 0.1), 0.02, 23, 0.01386),
    ],
)
def test_workers_for_a_wait(traffic: Traffic, target_s: float, workers: int, wait_s: float) -> None:
    assert workers_for(traffic, target_s) == workers
    assert mean_wait_s(traffic, workers) == pytest.approx(wait_s, rel=1e-3)
    assert mean_wait_s(traffic, workers - 1) > target_s


@given(st.integers(1, 6000), st.floats(1e-4, 0.9999))
def test_erlang_agrees_with_the_poisson_distribution(workers: int, used: float) -> None:
    load = workers * used
    poisson = stats.poisson(load)
    blocked = poisson.pmf(workers) / poisson.cdf(workers)
    waiting = blocked / (1 - used * (1 - blocked))

    assert erlang_c(load, workers) == pytest.approx(waiting, rel=1e-6, abs=1e-12)


def test_between_whole_workers_it_agrees_with_the_integral() -> None:
    moments = np.linspace(0, 20, 200_001)
    for load, workers in ((2.0, 2.5), (8.0, 11.3)):
        values = np.exp(-load * moments) * (1 + moments) ** workers
        inverse_b = load * float(np.trapezoid(values, moments))
        exact = workers / (load + (workers - load) * inverse_b)

        assert erlang_c(load, workers) == pytest.approx(exact, rel=0.02)


def test_the_limit_for_many_workers_goes_on_where_the_sum_ends() -> None:
    for spare in (0.2, 1.0, 2.5):
        below = EXACT_LOAD + spare * EXACT_LOAD**0.5
        above = EXACT_LOAD * 1.0001 + spare * (EXACT_LOAD * 1.0001) ** 0.5

        assert erlang_c(EXACT_LOAD * 1.0001, above) == pytest.approx(
            erlang_c(EXACT_LOAD, below), rel=0.02
        )


@given(st.floats(0.05, 0.95), st.floats(0, 50))
def test_one_worker_and_poisson_arrivals_are_exact(used: float, service_cv2: float) -> None:
    pollaczek_khinchine = used / (1 - used) * (1 + service_cv2) / 2

    found = mean_wait_s(Traffic(used, 1.0, service_cv2), 1)

    assert found == pytest.approx(pollaczek_khinchine, rel=1e-9)


@pytest.mark.parametrize(
    "case",
    [
        Case(4, 0.8, 1.0, 1.0),
        Case(4, 0.7, 1.0, 0.25),
        Case(12, 0.7, 1.0, 4.0),
        Case(12, 0.7, 0.25, 1.0),
        Case(4, 0.7, 4.0, 1.0),
    ],
)
def test_simulated_waits_are_not_longer_than_predicted(case: Case) -> None:
    simulated, error = simulated_wait(case, 3_000, np.random.default_rng(5))

    predicted = mean_wait_s(case.traffic, case.workers)

    assert simulated - 3 * error - 0.02 * predicted < predicted < 1.35 * simulated + 3 * error


def test_a_load_too_small_to_be_shared_out_waits_for_nothing() -> None:
    assert mean_wait_s(Traffic(1.0, 5e-324), 90_071_992) == 0.0


def test_what_cannot_keep_up_waits_for_ever() -> None:
    assert isinf(mean_wait_s(Traffic(10, 1), 10))
    assert mean_wait_s(Traffic(0, 1), 0) == inf
    assert mean_wait_s(Traffic(0, 1), 1) == 0


@pytest.mark.parametrize(
    "given_",
    [(-1.0, 1.0), (1.0, -1.0), (float("nan"), 1.0), (inf, 1.0), (MOST_LOAD, 2.0), (1, 1, -1)],
)
def test_nonsense_is_refused(given_: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r">= 0|above"):
        Traffic(*given_)


@pytest.mark.parametrize(("target_s", "utilization"), [(0.0, 1.0), (-1, 1), (1, 0), (1, 1.1)])
def test_targets_that_nothing_meets_are_refused(target_s: float, utilization: float) -> None:
    with pytest.raises(ValueError, match=r"no number of workers|utilization"):
        workers_for(Traffic(1, 1), target_s, utilization)


traffics = st.builds(
    Traffic,
    st.one_of(st.floats(0, 50), st.floats(0, 1e9)),
    st.floats(0, 1e3),
    st.floats(0, 100),
    st.floats(0, 100),
)


@settings(deadline=None)
@given(traffics, st.floats(1e-3, 1e4), st.floats(0.1, 1.0))
def test_the_fewest_workers_are_the_fewest(
    traffic: Traffic, target_s: float, utilization: float
) -> None:
    workers = workers_for(traffic, target_s, utilization)

    if traffic.load == 0:
        assert workers == 0
        return
    assert mean_wait_s(traffic, workers) <= target_s
    assert traffic.load <= workers * utilization * (1 + 1e-8)
    busier = traffic.load > (workers - 1) * utilization
    assert busier or mean_wait_s(traffic, workers - 1) > target_s


@settings(deadline=None)
@given(traffics, st.integers(1, 1000))
def test_more_workers_never_wait_longer(traffic: Traffic, more: int) -> None:
    least = int(traffic.load) + 1

    longer, shorter = mean_wait_s(traffic, least), mean_wait_s(traffic, least + more)

    assert shorter <= longer * (1 + 1e-9)
    assert isfinite(shorter)
    assert shorter >= 0


@settings(deadline=None)
@given(st.floats(1e-3, 1e3), st.integers(1, 500), st.floats(1e-2, 1e3), st.floats(0, 10))
def test_the_highest_rate_is_served_and_more_is_not(
    service_s: float, workers: int, target_s: float, cv2: float
) -> None:
    rate = arrival_rate_for(Traffic(0, service_s, cv2), workers, target_s)

    if rate > 0:
        assert workers_for(Traffic(rate, service_s, cv2), target_s) <= workers
    assert workers_for(Traffic(rate * 1.001 + 1e-12, service_s, cv2), target_s) >= workers


@given(st.floats(0.1, 50), st.floats(0.01, 10), st.floats(1e-3, 1e3))
def test_the_unit_of_time_does_not_matter(rate: float, service_s: float, factor: float) -> None:
    workers = int(rate * service_s) + 2

    one = mean_wait_s(Traffic(rate, service_s, 2.0, 0.5), workers)
    other = mean_wait_s(Traffic(rate / factor, service_s * factor, 2.0, 0.5), workers)

    assert other == pytest.approx(one * factor, rel=1e-6)
