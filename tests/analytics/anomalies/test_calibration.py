"""0.7 is the alarm budget: on the past it is counted, beyond it the tail goes on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analytics.anomalies.calibration import USUAL_STRENGTH, calibrate

DAY_STEPS, GAP = 288, 12


def with_peaks(*peaks: float, days: int = 20) -> np.ndarray:
    """One worker, flat but for single steps of these strengths, two a day."""
    strength = np.full((1, days * DAY_STEPS), 0.5)
    strength[0, 100 : 100 + 144 * len(peaks) : 144] = peaks
    return strength


def test_a_strength_that_the_past_had_as_often_as_the_budget_says_scores_0_7() -> None:
    past = with_peaks(*range(10, 50)).repeat(2, axis=0)
    past[:, 150] = 0.6  # the lowest episode

    calibration = calibrate(past, DAY_STEPS, GAP, budget=0.5)

    # 40 worker-days: 20 episodes reach the alarm, which are those of 40 to 49 in both workers
    assert calibration.alarms_per_worker_day(np.array(40.0)) == pytest.approx(0.5)
    assert calibration.scores(np.array(40.0)) == pytest.approx(0.7)
    assert calibration.alarm_strength == pytest.approx(40.0)


def test_one_tenth_of_the_budget_scores_0_965() -> None:
    calibration = calibrate(with_peaks(*range(10, 50)), DAY_STEPS, GAP, budget=0.5)
    rare = calibration.tail_from * (calibration.tail_rate / 0.05) ** (1 / calibration.exponent)

    assert calibration.scores(np.array(rare)) == pytest.approx(0.7**0.1)


def test_runs_close_to_each_other_are_one_episode() -> None:
    far = with_peaks(10, 11, 12, 13, 14)
    near = far.copy()
    near[0, 105] = 9.0  # half an hour after the first

    assert len(calibrate(near, DAY_STEPS, GAP, 0.2).peaks) == len(
        calibrate(far, DAY_STEPS, GAP, 0.2).peaks
    )


def test_a_pareto_tail_is_found_again() -> None:
    random = np.random.default_rng(0)
    peaks = (1 + random.pareto(3.0, size=2000)) * 10
    past = with_peaks(*peaks, days=1100)

    calibration = calibrate(past, DAY_STEPS, GAP, budget=0.001)

    # P(peak > x) = (10 / x) ** 3, and one of 2,000 in 1,100 days is to be in 1,000: x = 122.
    # The tail is of 50 peaks, so its exponent is known to some 14 %.
    assert calibration.exponent == pytest.approx(3.0, rel=0.3)
    assert calibration.alarm_strength == pytest.approx(122.0, rel=0.4)


def test_without_a_past_the_usual_limit_is_the_alarm() -> None:
    calibration = calibrate(np.full((3, 10), np.nan), DAY_STEPS, GAP, budget=0.2)

    assert calibration.scores(np.array(USUAL_STRENGTH)) == pytest.approx(0.7)
    assert calibration.alarm_strength == pytest.approx(USUAL_STRENGTH)


@given(
    arrays.arrays(
        np.float64,
        st.tuples(st.integers(0, 3), st.integers(0, 60)),
        elements=st.one_of(st.floats(0, 1e100), st.just(float("nan"))),
    ),
    st.floats(0.01, 10),
)
def test_scores_are_from_0_to_1_and_rise_with_strength(past: np.ndarray, budget: float) -> None:
    calibration = calibrate(past, DAY_STEPS, GAP, budget)

    scores = calibration.scores(np.geomspace(1e-3, 1e100, 300))

    assert ((scores >= 0) & (scores <= 1)).all()
    assert (np.diff(scores) >= -1e-12).all()
    assert np.isnan(calibration.scores(np.array(np.nan)))
