"""What a replay says of a policy: each figure worked by hand on a short course."""

from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.findings import Confidence
from analytics.forecasting.series import FloatArray
from analytics.replay import Conditions, judge, replay_policy, replay_tuned
from analytics.replay_findings import PolicyReplay
from analytics.scaling.policies import DefaultPolicy, HpaPolicy, KedaPolicy, SpecPolicy
from analytics.scaling.simulator import Course, oracle

DAY = 1440
NEXT = Conditions(delay_s=0.0)


def course(ready: list[float], targets: list[float] | None = None) -> Course:
    return Course(
        np.array(ready, dtype=float),
        np.zeros(len(ready)),
        np.array(targets or [*ready[1:], ready[-1]], dtype=float),
    )


def judged(loads: list[float], ready: list[float]) -> PolicyReplay:
    return judge(np.array(loads), course(ready), NEXT, "By hand.")


def test_shares_of_time() -> None:
    """Needed are 10, 10, 10, 10; 8 carry a load of 8, 7 do not."""
    found = judged([8.0, 8.0, 8.0, 8.0], [10, 8, 7, 12])

    assert found.under_provisioned == 0.5
    assert found.over_provisioned == 0.25
    assert found.saturated == 0.25


def test_worker_hours_and_cost_beside_the_oracle() -> None:
    found = judged([8.0] * 60, [12] * 60)

    assert found.worker_hours == pytest.approx(12.0)
    assert found.cost_to_oracle == pytest.approx(1.2)


def test_changes_are_of_ready_workers() -> None:
    found = judged([0.8] * DAY, [1.0] * (DAY - 3) + [2, 2, 3])

    assert found.changes_per_day == 2.0


def test_waits_are_first_come_first_served() -> None:
    """In the first minute come 3 minutes of work for one worker: the last of it is done in the
    third minute, two steps later; what comes then is done at once."""
    found = judged([3.0, 0.0, 0.0, 1.0], [1, 1, 1, 1])

    assert found.longest_wait_s == 120.0
    assert found.mean_wait_s == pytest.approx(3 / 4 * 120)


def test_what_is_not_served_in_the_end_waited_until_then() -> None:
    assert judged([1.0, 1.0], [0, 0]).longest_wait_s == 120.0


def test_work_that_finds_a_worker_does_not_wait() -> None:
    assert judged([1.0, 0.5, 1.0], [1, 1, 1]).mean_wait_s == 0.0


def test_a_target_is_right_up_to_a_fifth_above_the_oracle() -> None:
    """Ten are needed all the time: 10 to 12 are right, 9 and 13 are not."""
    loads, quarter = np.full(4 * DAY, 8.0), [1.0] * DAY
    targets = [9 * each for each in quarter] + [13 * each for each in quarter]
    targets += [10 * each for each in quarter] + [12 * each for each in quarter]

    found = judge(loads, course([10.0] * 4 * DAY, targets), NEXT, "By hand.")

    assert found.accuracy == 0.5


def test_below_three_days_there_is_no_accuracy() -> None:
    loads = np.full(3 * DAY - 1, 8.0)

    found = replay_policy(loads, DefaultPolicy(), NEXT)

    assert found.accuracy is None
    assert found.confidence is Confidence.LOW
    assert replay_policy(np.full(3 * DAY, 8.0), DefaultPolicy(), NEXT).accuracy == 1.0


def test_the_default_is_replayed_with_what_each_day_has_learnt() -> None:
    loads = np.random.default_rng(1).poisson(100, size=5 * DAY) / 5.0
    conditions = Conditions(delay_s=300.0)

    learnt, still = (
        replay_tuned(loads, conditions),
        replay_policy(loads, DefaultPolicy(hold_s=300), conditions),
    )

    assert learnt.under_provisioned is not None
    assert still.under_provisioned is not None
    assert learnt.under_provisioned < still.under_provisioned / 2
    assert "Learnt anew each day" in learnt.method


def test_only_what_is_known_is_judged() -> None:
    found = judged([8.0, nan, 8.0, nan], [10, 0, 9, 99])

    assert found.under_provisioned == 0.5
    assert found.over_provisioned == 0.0
    assert found.evidence[0].startswith("Of 0.00278 days the load of 0.00139 is known")


@pytest.mark.parametrize("loads", [[], [nan, nan]])
def test_nothing_known_is_no_score(loads: list[float]) -> None:
    found = replay_policy(np.array(loads), DefaultPolicy(), NEXT)

    assert found.under_provisioned is None
    assert found.mean_wait_s is None
    assert found.cost_to_oracle is None


def test_the_oracle_is_judged_to_be_right() -> None:
    random = np.random.default_rng(1)
    loads = 10 + np.cumsum(random.normal(size=4 * DAY)) * 0.1
    loads = np.maximum(loads, 0.0)
    conditions = Conditions(delay_s=300.0)

    found = judge(loads, oracle(loads, conditions), conditions, "Oracle.", since=10)

    assert (found.under_provisioned, found.saturated, found.cost_to_oracle) == (0.0, 0.0, 1.0)


@settings(max_examples=50, deadline=None)
@given(
    loads=st.lists(st.floats(0, 1e9) | st.floats(0, 20) | st.just(nan), max_size=50).map(np.array),
    policy=st.sampled_from([SpecPolicy(), HpaPolicy(), KedaPolicy(), DefaultPolicy(hold_s=300)]),
    delay_s=st.sampled_from([0.0, 60.0, 90.0, 600.0]),
)
def test_whatever_the_history_the_scores_are_shares_or_unknown(
    loads: FloatArray, policy: KedaPolicy, delay_s: float
) -> None:
    found = replay_policy(loads, policy, Conditions(delay_s=delay_s), predicted=loads)

    shares = (found.under_provisioned, found.over_provisioned, found.saturated)
    assert all(each is None or 0 <= each <= 1 for each in shares)
    assert found.saturated is None or found.saturated <= (found.under_provisioned or 0.0)
    if found.mean_wait_s is not None and found.longest_wait_s is not None:
        assert 0 <= found.mean_wait_s <= found.longest_wait_s * (1 + 1e-9)


@settings(max_examples=30, deadline=None)
@given(
    arrivals=st.lists(st.integers(0, 5), min_size=1, max_size=30),
    ready=st.lists(st.integers(0, 5), min_size=30, max_size=30),
)
def test_waits_agree_with_a_queue_that_is_served_piece_by_piece(
    arrivals: list[int], ready: list[int]
) -> None:
    """The independent one keeps each minute of work and serves the oldest first."""
    queue: list[int] = []
    waits = []
    for step, (came, workers) in enumerate(zip(arrivals, ready, strict=False)):
        queue += [step] * came
        served, queue = queue[:workers], queue[workers:]
        waits += [(begun, step - begun) for begun in served]
    waits += [(begun, len(arrivals) - begun) for begun in queue]

    found = judged(
        [float(each) for each in arrivals], [float(each) for each in ready[: len(arrivals)]]
    )

    if waits:
        assert found.longest_wait_s == 60.0 * max(wait for _, wait in waits)
    else:
        assert found.longest_wait_s is None
