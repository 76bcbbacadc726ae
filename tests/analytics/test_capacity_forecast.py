"""`predict_capacity_requirements`: nothing is made up, and what is said can be checked."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite, nan, pi, sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.capacity_findings import CapacityForecast
from analytics.capacity_forecast import CapacitySample
from analytics.findings import Confidence
from analytics.forecasting.models import MODELS
from analytics.orchestrator import OrchestratorAnalyzer

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
predict = OrchestratorAnalyzer().predict_capacity_requirements


def samples(demand: Sequence[float | None], total: float | None = None) -> list[CapacitySample]:
    return [
        CapacitySample(START + step * HOUR, value, 0.0, total) for step, value in enumerate(demand)
    ]


def daily(days: int, noise: float = 0.0, seed: int = 1) -> list[float]:
    """Between 20 and 60 slots, the most at six in the morning, a little noise on top."""
    random = np.random.default_rng(seed)
    return [
        40 + 20 * sin(2 * pi * hour / 24) + noise * float(random.normal())
        for hour in range(24 * days)
    ]


def test_a_daily_rhythm_is_forecast_with_its_peak() -> None:
    found = predict(samples(daily(21, noise=1.0), total=60.0))

    assert found.predicted_demand == pytest.approx(daily(1), abs=3.0)
    assert found.peak_times[0].at.hour in (5, 6, 7)
    assert found.backtest is not None
    assert found.backtest.mean_absolute_error < found.backtest.seasonal_naive
    assert found.confidence is Confidence.HIGH


def test_triggers_name_the_first_hour_over_a_limit() -> None:
    found = predict(samples(daily(21, noise=0.5), total=55.0))

    first = {trigger.kind: trigger for trigger in found.scaling_triggers}
    assert first["target"].limit_slots == pytest.approx(0.85 * 55)
    assert first["target"].expected_at is not None
    assert first["target"].earliest_at <= first["target"].expected_at
    assert first["capacity"].expected_at is not None
    assert first["target"].expected_at <= first["capacity"].expected_at


def test_what_takes_no_more_than_there_is_has_no_trigger() -> None:
    assert predict(samples(daily(21), total=500.0)).scaling_triggers == ()


def test_without_the_capacity_there_are_no_triggers_but_a_forecast() -> None:
    found = predict(samples(daily(21), total=None))

    assert found.scaling_triggers == ()
    assert len(found.predicted_demand) == 24


def test_what_does_not_beat_the_naive_is_not_used() -> None:
    random = np.random.default_rng(3)
    walk = np.abs(np.cumsum(random.normal(size=24 * 20))) + 5

    found = predict(samples(list(map(float, walk))))

    assert found.backtest is not None
    assert found.backtest.model == "persistence"
    assert found.predicted_demand == pytest.approx([float(walk[-1])] * 24)
    assert found.confidence is Confidence.LOW


def test_the_recommendation_never_goes_below_what_is_demanded_now() -> None:
    falling = [200.0 - hour / 4 for hour in range(24 * 20)]
    falling[-1] = 400.0

    found = predict(samples(falling))

    assert found.recommended_capacity is not None
    assert found.recommended_capacity >= 400 / 0.85


@pytest.mark.parametrize(
    ("demand", "reason"),
    [
        ([], "No hour of the history has a known demand."),
        ([None] * 500, "No hour of the history has a known demand."),
        ([nan] * 500, "No hour of the history has a known demand."),
        ([7.0], "Not enough history: 1 hours"),
        (daily(3)[:-1], "Not enough history: 71 hours without a gap"),
        ([*daily(20), *[None] * 10, *daily(2)], "Not enough history: 48 hours"),
        ([5.0, None, None, None, None] * 100, "Only 20% of the last"),
    ],
)
def test_too_little_is_said_openly(demand: list[float | None], reason: str) -> None:
    found = predict(samples(demand))

    assert found.reason is not None
    assert found.reason.startswith(reason)
    assert found.predicted_demand == ()
    assert found.recommended_capacity is None


def test_one_unknown_half_makes_the_demand_unknown() -> None:
    assert CapacitySample(START, 5.0, None).demand is None
    assert CapacitySample(START, None, 5.0).demand is None


@pytest.mark.parametrize(
    ("demand", "window", "message"),
    [([-1.0] * 300, 24, "below 0"), ([1.0] * 300, 0, "at least 1 hour")],
)
def test_nonsense_is_refused(demand: list[float], window: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        predict(samples(demand), window)


def test_order_and_doubles_change_nothing() -> None:
    asked = samples(daily(15, noise=2.0), total=60.0)
    mixed = [asked[index] for index in np.random.default_rng(0).permutation(len(asked))]

    assert predict([*mixed, *mixed]) == predict(asked)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_a_constant_stays_what_it_is(model: str) -> None:
    found = predict(samples([12.0] * 24 * 15), model=model)

    assert found.predicted_demand == pytest.approx((12.0,) * 24)
    assert found.recommended_capacity == 15  # 12 / 0.85, rounded up


@pytest.mark.parametrize("factor", [0.001, 1000.0])
def test_another_unit_gives_the_same_forecast_in_that_unit(factor: float) -> None:
    demand = daily(15, noise=2.0)

    one = predict(samples(demand))
    other = predict(samples([factor * value for value in demand]))

    assert other.predicted_demand == pytest.approx(
        [factor * value for value in one.predicted_demand], rel=1e-6
    )


values = st.one_of(
    st.none(), st.floats(0, 1e12), st.just(nan), st.just(0.0), st.integers(0, 5).map(float)
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(values, min_size=1, max_size=30), min_size=1, max_size=12),
    st.integers(1, 48),
)
def test_no_input_is_a_crash_or_a_number_out_of_nothing(
    blocks: list[list[float | None]], window: int
) -> None:
    demand = [value for block in blocks for value in block * 4]

    found = predict(samples(demand), window)

    check_whole(found, window)


def check_whole(found: CapacityForecast, window: int) -> None:
    if found.reason is not None:
        assert found.predicted_demand == ()
        return
    assert len(found.predicted_demand) == len(found.confidence_intervals) == window
    for value, interval in zip(found.predicted_demand, found.confidence_intervals, strict=True):
        assert isfinite(value)
        assert 0 <= interval.lower <= interval.upper
