"""What is learnt from a history: enough and no more, from the past alone."""

from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.forecasting.series import FloatArray
from analytics.scaling.policies import DefaultPolicy
from analytics.scaling.simulator import Conditions, replay
from analytics.scaling.tuning import ALLOWED_SHORT_RATIO, tune, tuned_daily
from analytics.scaling.windows import needed

MINUTE_S, DAY = 60.0, 1440


def noisy(days: int, seed: int = 1) -> FloatArray:
    """Requests of a minute for 20 workers on average, at random."""
    return np.random.default_rng(seed).poisson(100, size=days * DAY) / 5.0


def short_ratio(loads: FloatArray, policy: DefaultPolicy, delay_s: float) -> float:
    course = replay(loads, lambda _: policy, Conditions(delay_s=delay_s))
    return float((course.ready < needed(loads, 0.8)).mean())


@pytest.mark.parametrize("delay_s", [60.0, 300.0])
def test_what_is_learnt_from_one_week_holds_in_the_next(delay_s: float) -> None:
    loads = noisy(14)

    found = tune(loads[: 7 * DAY], MINUTE_S, delay_s)

    assert found.short_ratio is not None
    assert found.short_ratio <= ALLOWED_SHORT_RATIO
    assert short_ratio(loads[7 * DAY :], found.policy, delay_s) < 1.25 * ALLOWED_SHORT_RATIO
    assert short_ratio(loads[7 * DAY :], DefaultPolicy(hold_s=300), delay_s) > 0.1


def test_the_share_that_is_told_is_that_of_the_replay() -> None:
    loads = noisy(7)

    found = tune(loads, MINUTE_S, 300.0)

    assert found.short_ratio == pytest.approx(short_ratio(loads, found.policy, 300.0), abs=5e-4)


def test_a_load_that_never_changes_needs_nothing_to_spare() -> None:
    found = tune(np.full(7 * DAY, 8.0), MINUTE_S, 600.0)

    assert (found.policy.spare_root, found.policy.hold_s) == (0.0, 300.0)
    assert found.short_ratio == 0.0


def test_a_longer_delay_needs_no_fewer_workers() -> None:
    loads = noisy(7)

    policies = [tune(loads, MINUTE_S, delay_s).policy for delay_s in (60.0, 1800.0)]

    soon, late = (
        float(replay(loads, lambda _, p=p: p, Conditions(delay_s=0.0)).ready.mean())  # type: ignore[misc]
        for p in policies
    )
    assert soon <= late


def test_below_three_known_days_nothing_is_learnt() -> None:
    loads = noisy(3)
    loads[0] = nan

    found = tune(loads, MINUTE_S, 300.0, DefaultPolicy(spare_workers=2))

    assert found.policy == DefaultPolicy(spare_workers=2)
    assert found.short_ratio is None
    assert "Less than 3 days" in found.reason


def test_other_settings_stay_as_they_are() -> None:
    given_one = DefaultPolicy(spare_workers=2, protect_in_flight=False, target_utilization=0.6)

    learnt = tune(noisy(4), MINUTE_S, 300.0, given_one).policy

    assert learnt.model_copy(update={"hold_s": 1800.0, "spare_root": 0.0}) == given_one


def test_each_day_is_served_by_what_the_days_before_taught() -> None:
    loads = noisy(6)
    changed = loads.copy()
    changed[4 * DAY :] *= 3

    first, second = (tuned_daily(each, MINUTE_S, 300.0) for each in (loads, changed))

    assert first(0) == first(3 * DAY - 1) == DefaultPolicy()
    assert first(3 * DAY) == tune(loads[: 3 * DAY], MINUTE_S, 300.0).policy
    assert first(5 * DAY - 1) == second(5 * DAY - 1)
    assert first(5 * DAY) != second(5 * DAY)


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(st.floats(0, 1e9) | st.floats(0, 5) | st.just(nan), min_size=1, max_size=40),
    delay_s=st.sampled_from([0.0, 600.0, 864_000.0]),
)
def test_any_history_gives_a_policy(values: list[float], delay_s: float) -> None:
    loads = np.resize(np.array(values), 4 * 288)

    found = tune(loads, 300.0, delay_s)

    assert found.policy.spare_root >= 0
    assert found.short_ratio is None or 0 <= found.short_ratio <= 1
