"""Each policy's rule, with numbers worked by hand; a worker is full at a load of 0.8."""

from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from analytics.scaling.policies import (
    DefaultPolicy,
    HpaPolicy,
    KedaPolicy,
    PolicySettings,
    ScalingPolicy,
    Situation,
    SpecPolicy,
)

MINUTE_S = 60.0
HELD = DefaultPolicy(hold_s=180)
POLICIES: list[ScalingPolicy] = [SpecPolicy(), HpaPolicy(), KedaPolicy(), DefaultPolicy(), HELD]


def situation(
    current: int,
    *loads: float,
    predicted: float | None = None,
    idle: int | None = 100,
) -> Situation:
    return Situation(current, np.array(loads), MINUTE_S, predicted, idle)


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [(8.0, 10), (9.6, 10), (9.7, 13), (5.5, 10), (4.8, 6), (0.0, 0), (None, None), (nan, None)],
)
def test_the_specifications_rule_moves_outside_its_band(
    predicted: float | None, expected: int | None
) -> None:
    """Of 10 workers: above 12 needed out, below 7 needed in."""
    assert SpecPolicy().wanted(situation(10, predicted=predicted)).workers == expected


@pytest.mark.parametrize(
    ("load", "expected"), [(8.0, 10), (8.8, 10), (8.9, 12), (7.2, 10), (7.1, 9), (0.0, 0)]
)
def test_the_hpa_moves_outside_its_tolerance(load: float, expected: int) -> None:
    assert HpaPolicy().wanted(situation(10, load)).workers == expected


def test_the_hpa_grows_from_nothing() -> None:
    assert HpaPolicy().wanted(situation(0, 0.5)).workers == 1


def test_the_keda_rule_has_no_tolerance_and_goes_in_slowly() -> None:
    keda = KedaPolicy(hold_s=180)

    assert keda.wanted(situation(10, 8.1)).workers == 11
    assert keda.wanted(situation(10, 8.0, 7.2, 4.0)).workers == 10
    assert keda.wanted(situation(10, 8.0, 7.2, 4.0, 4.0)).workers == 9
    assert keda.wanted(situation(10, 4.0, 4.0, 4.0)).workers == 5


def test_out_at_once() -> None:
    assert HELD.wanted(situation(10, 8.0, 8.0, 9.0)).workers == 12


def test_in_only_to_what_each_moment_of_the_hold_wanted() -> None:
    assert HELD.wanted(situation(10, 8.0, 7.2, 4.0, 4.0)).workers == 9
    assert HELD.wanted(situation(10, 8.0, 4.0, 4.0, 4.0)).workers == 5


@pytest.mark.parametrize("loads", [(4.0, 4.0), (4.0, nan, 4.0)])
def test_not_in_while_a_part_of_the_hold_is_unknown(loads: tuple[float, ...]) -> None:
    assert HELD.wanted(situation(10, *loads)).workers == 10


def test_out_even_while_a_part_of_the_hold_is_unknown() -> None:
    assert HELD.wanted(situation(10, 4.0, nan, 9.0)).workers == 12


@pytest.mark.parametrize("policy", [HpaPolicy(), KedaPolicy(), HELD])
@pytest.mark.parametrize("loads", [(), (4.0, nan)])
def test_no_opinion_where_the_load_is_unknown_now(
    policy: ScalingPolicy, loads: tuple[float, ...]
) -> None:
    assert policy.wanted(situation(10, *loads)).workers is None


def test_a_prediction_raises_and_never_lowers() -> None:
    steady = (8.0, 8.0, 8.0)

    assert HELD.wanted(situation(10, *steady, predicted=12.0)).workers == 15
    assert HELD.wanted(situation(10, *steady, predicted=0.0)).workers == 10
    assert HELD.wanted(situation(10, 4.0, 4.0, 4.0, predicted=6.4)).workers == 8


def test_workers_with_work_stay() -> None:
    assert HELD.wanted(situation(10, 4.0, 4.0, 4.0, idle=3)).workers == 7
    assert HELD.wanted(situation(10, 4.0, 4.0, 4.0, idle=None)).workers == 10
    careless = HELD.model_copy(update={"protect_in_flight": False})
    assert careless.wanted(situation(10, 4.0, 4.0, 4.0, idle=None)).workers == 5


def test_one_decision_grows_a_pool_to_twice_its_size_or_by_four() -> None:
    assert HELD.wanted(situation(10, 80.0)).workers == 20
    assert HELD.wanted(situation(0, 80.0)).workers == 4


def test_spare_workers_are_beyond_the_need() -> None:
    """Level 16, a root of 4: 16 + 0.5 x 4 = 18 of load, 22.5 workers, and one more."""
    spare = DefaultPolicy(hold_s=60, spare_root=0.5, spare_workers=1)

    assert spare.wanted(situation(20, *[16.0] * 5)).workers == 24


def test_a_load_above_its_level_with_the_spare_counts_itself() -> None:
    """Level (4 x 4 + 24) / 5 = 8: 8 + 0.1 x 2.83 is less than the 24 of now."""
    spare = DefaultPolicy(hold_s=60, spare_root=0.1)

    assert spare.wanted(situation(20, 4.0, 4.0, 4.0, 4.0, 24.0)).workers == 30


def test_a_file_can_name_a_policy() -> None:
    read = TypeAdapter[object](PolicySettings).validate_python

    assert read({"kind": "spec", "up_ratio": 1.5}) == SpecPolicy(up_ratio=1.5)
    assert read({"kind": "default"}) == DefaultPolicy()
    with pytest.raises(ValidationError, match="hold"):
        read({"kind": "keda", "hold": 3})
    with pytest.raises(ValidationError, match="hold_s"):
        read({"kind": "default", "hold_s": 90_000})
    with pytest.raises(ValidationError, match="target_utilization"):
        read({"kind": "hpa", "target_utilization": 0})


@pytest.mark.parametrize("policy", POLICIES)
@given(
    loads=st.lists(st.floats(0, 1e9) | st.just(nan), max_size=40),
    current=st.integers(0, 10**6),
    predicted=st.none() | st.just(nan) | st.floats(0, 1e9),
    idle=st.none() | st.integers(0, 10**6),
)
def test_whatever_is_known_the_answer_is_a_number_of_workers_or_none(
    policy: ScalingPolicy,
    loads: list[float],
    current: int,
    predicted: float | None,
    idle: int | None,
) -> None:
    asked = situation(current, *loads, predicted=predicted, idle=idle)

    wanted = policy.wanted(asked)

    assert wanted.because
    assert wanted.workers is None or wanted.workers >= 0
    assert policy.wanted(asked) == wanted


@given(
    loads=st.lists(st.floats(0, 1e6), min_size=1, max_size=40),
    current=st.integers(0, 10**6),
    predicted=st.none() | st.floats(0, 1e6),
)
def test_the_default_never_shrinks_below_the_need_of_now(
    loads: list[float], current: int, predicted: float | None
) -> None:
    wanted = DefaultPolicy(hold_s=60).wanted(situation(current, *loads, predicted=predicted))

    assert wanted.workers is not None
    assert wanted.workers >= min(current, loads[-1])
