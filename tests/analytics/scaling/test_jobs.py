"""Jobs under a policy: one queue by hand, Lindley's recursion, Erlang's formula."""

from heapq import heappop, heappush
from itertools import pairwise
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.forecasting.series import FloatArray
from analytics.scaling.jobs import JobReplay, replay_jobs
from analytics.scaling.policies import DefaultPolicy, KedaPolicy, Situation, Wanted
from analytics.scaling.simulator import Conditions

NOW = Conditions(step_s=60.0, delay_s=0.0)


class Listed:
    """Wants what a list says, step by step, and then no more changes."""

    method = "listed"

    def __init__(self, *targets: int) -> None:
        self._targets = iter(targets)

    def wanted(self, _: Situation) -> Wanted:
        return Wanted(next(self._targets, None))


def run(
    jobs: list[tuple[float, float]],
    *targets: int,
    delay_s: float = 0.0,
    first: int = 1,
    **more: float,
) -> JobReplay:
    arrivals, services = np.array(jobs).T if jobs else np.empty((2, 0))
    conditions = Conditions(step_s=60.0, delay_s=delay_s, **more)  # type: ignore[arg-type] # floats for floats
    return replay_jobs(arrivals, services, Listed(*targets), conditions, first)


def test_one_worker_serves_in_the_order_of_arrival() -> None:
    found = run([(20.0, 5.0), (0.0, 30.0), (10.0, 10.0)])

    assert found.waits_s.tolist() == [20.0, 0.0, 20.0]


def test_a_new_worker_begins_after_its_delay() -> None:
    """Ordered after the first step, ready 90 s later."""
    found = run([(0.0, 500.0), (10.0, 100.0)], 2, delay_s=90.0)

    assert found.waits_s.tolist() == [0.0, 140.0]


def test_a_busy_worker_goes_when_it_has_finished() -> None:
    """Of two one is not wanted any more; the third job waits for the one that stays."""
    found = run([(0.0, 100.0), (0.0, 200.0), (10.0, 10.0)], 1, first=2)

    assert found.waits_s.tolist() == [0.0, 0.0, 190.0]
    assert found.worker_hours == pytest.approx((100 + 240) / 3600)


def test_one_that_was_to_leave_is_kept_before_another_is_ordered() -> None:
    found = run([(0.0, 100.0), (0.0, 200.0), (10.0, 10.0)], 1, 2, first=2, delay_s=600.0)

    assert found.waits_s.tolist() == [0.0, 0.0, 190.0]


def test_an_order_is_cancelled_before_anybody_goes() -> None:
    found = run([(0.0, 400.0), (0.0, 10.0)], 3, 1, delay_s=120.0)

    assert found.waits_s.tolist() == [0.0, 400.0]
    assert found.targets[:3].tolist() == [3, 1, 1]


def test_limits_and_cooldown_are_kept() -> None:
    found = run([(0.0, 400.0)], 9, 0, 5, cooldown_s=60.0, max_workers=4)

    assert found.targets[:4].tolist() == [4, 4, 0, 0]


def test_a_job_that_nobody_serves_has_no_wait() -> None:
    found = run([(0.0, 10.0)], first=0)

    assert found.waits_s.tolist() == pytest.approx([nan], nan_ok=True)
    assert found.worker_hours == 0.0


def test_no_jobs() -> None:
    assert run([]).waits_s.tolist() == []


@pytest.mark.parametrize("job", [(nan, 1.0), (0.0, -1.0)])
def test_impossible_times_are_refused(job: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="each job needs"):
        run([job])


@given(jobs=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 100)), min_size=1, max_size=30))
def test_one_worker_agrees_with_lindleys_recursion(jobs: list[tuple[int, int]]) -> None:
    """The wait is that of the job before and its service, less the time between the two."""
    ordered = sorted((float(arrival), float(service)) for arrival, service in jobs)
    expected = [0.0]
    for (before, service), (arrival, _) in pairwise(ordered):
        expected.append(max(0.0, expected[-1] + service - (arrival - before)))

    assert run(ordered).waits_s.tolist() == pytest.approx(expected)


@given(
    jobs=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 100)), min_size=1, max_size=40),
    workers=st.integers(1, 5),
)
def test_many_workers_agree_with_kiefers_and_wolfowitzs_recursion(
    jobs: list[tuple[int, int]], workers: int
) -> None:
    """A job begins when it has come and the worker that is free first is free."""
    ordered = sorted((float(arrival), float(service)) for arrival, service in jobs)
    free_at, expected = [0.0] * workers, []
    for arrival, service in ordered:
        begun = max(arrival, heappop(free_at))
        expected.append(begun - arrival)
        heappush(free_at, begun + service)

    assert run(ordered, first=workers).waits_s.tolist() == pytest.approx(expected)


def test_many_workers_agree_with_erlangs_formula() -> None:
    """0.05 a second of 60 s each: 3 busy of 4. B = 0.2061, C = B / (1 - 0.75 (1 - B)) = 0.5094,
    and the mean wait is C x 60 / (4 - 3) = 30.6 s."""
    random = np.random.default_rng(1)
    arrivals, services = (
        np.cumsum(random.exponential(20.0, 150_000)),
        random.exponential(60.0, 150_000),
    )

    found = replay_jobs(arrivals, services, Listed(), Conditions(step_s=86_400.0), 4)

    assert found.waits_s.mean() == pytest.approx(30.6, rel=0.1)


@settings(max_examples=40, deadline=None)
@given(
    arrivals=st.lists(st.floats(0, 3000), max_size=30).map(np.array),
    delay_s=st.sampled_from([0.0, 45.0, 600.0]),
)
def test_the_default_policy_serves_all_jobs(arrivals: FloatArray, delay_s: float) -> None:
    services = np.full(len(arrivals), 90.0)
    policy = DefaultPolicy(hold_s=300)

    found = replay_jobs(arrivals, services, policy, Conditions(delay_s=delay_s))

    assert np.isfinite(found.waits_s).all()
    assert (found.waits_s >= 0).all()
    assert found.worker_hours * 3600 >= services.sum() * (1 - 1e-9)


def test_a_longer_start_makes_the_jobs_wait_longer() -> None:
    random = np.random.default_rng(3)
    arrivals, services = np.cumsum(random.exponential(30, 500)), random.exponential(120, 500)

    soon, late = (
        replay_jobs(arrivals, services, KedaPolicy(), Conditions(delay_s=delay_s))
        for delay_s in (60.0, 600.0)
    )

    assert soon.waits_s.mean() < late.waits_s.mean()
