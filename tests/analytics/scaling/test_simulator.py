"""The replay: courses worked by hand, and the closed form that a followed target has."""

from itertools import pairwise
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.forecasting.series import FloatArray
from analytics.scaling.policies import DefaultPolicy, ScalingPolicy, Situation, Wanted
from analytics.scaling.simulator import Conditions, Course, oracle, replay
from analytics.scaling.windows import (
    leading_max,
    needed,
    ready_workers,
    trailing_max,
    trailing_mean,
)


class Listed:
    """Wants what a list says, step by step."""

    method = "listed"

    def __init__(self, targets: list[int | None]) -> None:
        self._targets = iter(targets)
        self.asked: list[Situation] = []

    def wanted(self, situation: Situation) -> Wanted:
        self.asked.append(situation)
        return Wanted(next(self._targets))


def run(loads: list[float], targets: list[int | None], conditions: Conditions) -> Course:
    policy = Listed(targets)
    return replay(np.array(loads), lambda _: policy, conditions)


def delayed(steps: int, **more: float) -> Conditions:
    return Conditions(delay_s=60.0 * steps, **more)  # type: ignore[arg-type] # floats for floats


def test_new_workers_are_ready_the_delay_after_the_step_that_ordered_them() -> None:
    course = run([0.8] * 6, [3, 3, 3, 3, 3, 3], delayed(2))

    assert course.ready.tolist() == [1, 1, 1, 3, 3, 3]
    assert course.starting.tolist() == [0, 2, 2, 0, 0, 0]


def test_workers_too_many_are_gone_before_the_next_step() -> None:
    assert run([2.4] * 3, [1, 1, 1], delayed(2)).ready.tolist() == [3, 1, 1]


def test_the_newest_orders_are_cancelled_first() -> None:
    """One worker; two are ordered, then three more; four of the five are not wanted after all."""
    course = run([0.8] * 6, [3, 6, 2, 2, 2, 2], delayed(2))

    assert course.ready.tolist() == [1, 1, 1, 2, 2, 2]
    assert course.starting.tolist() == [0, 2, 5, 0, 0, 0]


def test_no_opinion_changes_nothing() -> None:
    assert run([1.6] * 3, [None, None, None], delayed(0)).ready.tolist() == [2, 2, 2]


def test_limits_are_kept() -> None:
    course = run([1.6] * 3, [9, 0, 0], delayed(0, min_workers=1, max_workers=4))

    assert course.ready.tolist() == [2, 4, 1]


def test_after_a_change_a_cooldown_passes() -> None:
    course = run([0.8] * 5, [2, 9, 9, 9, 9], delayed(0, cooldown_s=120.0))

    assert course.ready.tolist() == [1, 2, 2, 9, 9]


def test_a_policy_sees_the_past_alone() -> None:
    policy = Listed([1, 1, 1])
    predicted = np.array([5.0, nan, 7.0])

    replay(np.array([0.8, nan, 0.4]), lambda _: policy, delayed(1), predicted)

    assert [list(each.loads) for each in policy.asked] == [
        [0.8],
        pytest.approx([0.8, nan], nan_ok=True),
        pytest.approx([0.8, nan, 0.4], nan_ok=True),
    ]
    assert [each.idle for each in policy.asked] == [0, None, 0]
    assert policy.asked[0].predicted_load == 5.0


def test_a_policy_is_told_when_the_pool_was_made_larger() -> None:
    policy = Listed([1, 3, 3, 2, 2])

    replay(np.full(5, 0.8), lambda _: policy, delayed(0))

    assert [each.since_out_s for each in policy.asked] == [inf, inf, 60.0, 120.0, 180.0]


def test_what_a_prediction_raised_stays_for_the_hold() -> None:
    predicted = np.array([8.0 if step % 2 else nan for step in range(60)])
    policy = DefaultPolicy(hold_s=300)

    course = replay(np.full(60, 0.8), lambda _: policy, delayed(0), predicted)

    out, back = (np.flatnonzero(sign * np.diff(course.ready) > 0) for sign in (1, -1))
    assert len(back) > 0
    assert all(at - out[out < at].max() >= 5 for at in back)


def test_the_oracle_orders_just_in_time_and_holds_for_five_minutes() -> None:
    loads = np.array([0.8] * 4 + [4.0] + [0.8] * 8)

    course = oracle(loads, delayed(2))

    assert course.ready.tolist() == [1] * 4 + [5] * 5 + [1] * 4


def test_nothing_to_replay() -> None:
    empty = np.empty(0)

    assert replay(empty, lambda _: DefaultPolicy(), delayed(1)).ready.tolist() == []
    assert oracle(empty, delayed(1)).ready.tolist() == []


@pytest.mark.parametrize("bad", [-1.0, inf, -inf, 1e10])
def test_impossible_loads_are_refused(bad: float) -> None:
    loads = np.array([1.0, bad])

    with pytest.raises(ValueError, match="loads must be between"):
        replay(loads, lambda _: DefaultPolicy(), delayed(1))
    with pytest.raises(ValueError, match="loads must be between"):
        oracle(loads, delayed(1))


loads_of = st.lists(st.floats(0, 50) | st.just(nan), min_size=1, max_size=60).map(np.array)


@settings(max_examples=60, deadline=None)
@given(
    loads=loads_of,
    targets=st.lists(st.integers(0, 12), min_size=60, max_size=60),
    delay=st.integers(0, 7),
)
def test_ready_workers_are_the_least_target_of_the_delay(
    loads: FloatArray, targets: list[int], delay: int
) -> None:
    policy = Listed(list(targets))

    course = replay(loads, lambda _: policy, delayed(delay))

    closed = ready_workers(course.targets, delay, course.ready[0])
    assert course.ready.tolist() == closed.tolist()


@settings(max_examples=60, deadline=None)
@given(loads=loads_of, delay=st.integers(0, 7), hold_s=st.sampled_from([60, 300, 1200]))
def test_no_policy_makes_or_loses_workers(loads: FloatArray, delay: int, hold_s: int) -> None:
    policy: ScalingPolicy = DefaultPolicy(hold_s=hold_s, spare_root=0.5)

    course = replay(loads, lambda _: policy, delayed(delay))

    assert (course.ready >= 0).all()
    assert (course.starting >= 0).all()
    before = [now + soon for now, soon in zip(course.ready, course.starting, strict=True)]
    assert course.targets.tolist()[:-1] == before[1:]


@settings(max_examples=60, deadline=None)
@given(loads=loads_of, delay=st.integers(0, 7))
def test_the_oracle_is_short_only_before_it_could_act(loads: FloatArray, delay: int) -> None:
    need = np.nan_to_num(needed(loads, 0.8), nan=0.0)

    ready = oracle(loads, delayed(delay)).ready

    assert (ready >= need)[delay + 1 :].all()


@given(
    values=st.lists(st.floats(-5, 5), max_size=30).map(np.array),
    steps=st.integers(1, 40),
)
def test_windows_agree_with_what_python_says(values: FloatArray, steps: int) -> None:
    before = [values[max(0, end - steps) : end] for end in range(1, len(values) + 1)]
    after = [values[begin : begin + steps] for begin in range(len(values))]

    assert trailing_max(values, steps).tolist() == [max(each) for each in before]
    assert leading_max(values, steps).tolist() == [max(each) for each in after]
    assert trailing_mean(values, steps) == pytest.approx([np.mean(each) for each in before])


def test_the_mean_skips_what_is_unknown() -> None:
    assert trailing_mean(np.array([nan, 2.0, nan, 4.0]), 2) == pytest.approx(
        [nan, 2.0, 2.0, 4.0], nan_ok=True
    )


def test_a_longer_delay_is_never_ready_sooner() -> None:
    targets = np.array([1.0, 5.0, 2.0, 6.0, 6.0, 6.0, 6.0, 6.0])

    courses = [ready_workers(targets, delay, 1.0) for delay in range(4)]

    assert all((later <= sooner).all() for sooner, later in pairwise(courses))
