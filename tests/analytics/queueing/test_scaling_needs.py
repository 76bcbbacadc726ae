"""Workers for what arrives: by hand, never below what was measured, nothing out of nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite, nan, pi, sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.findings import Confidence
from analytics.scaling_findings import PlanAction, ScalingNeeds
from analytics.scaling_needs import ArrivalSample, PoolNow, ScalingGoal, scaling_needs

START = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(minutes=5)
POOL = PoolNow(total_workers=5, worker_capacity_per_s=1.0, service_cv2=1.0, arrival_cv2=1.0)
GOAL = ScalingGoal(target_wait_s=0.5)


def samples(rates: Sequence[float | None]) -> list[ArrivalSample]:
    return [ArrivalSample(START + step * STEP, rate) for step, rate in enumerate(rates)]


def daily(days: float, noise: float = 0.1) -> list[float]:
    """Between 2 and 6 per second, the most at six in the morning; it ends as it begins, at 4."""
    random = np.random.default_rng(1)
    return [
        4 + 2 * sin(2 * pi * step / 288) + noise * float(random.normal())
        for step in range(int(288 * days))
    ]


def test_without_a_forecast_the_need_is_what_was_measured() -> None:
    found = scaling_needs(POOL, samples([2.0] * 12), GOAL)

    # a = 2 erlangs: 3 workers wait 0.444 s on average and are busy for 2/3 of their time.
    assert found.required_workers == 3
    assert found.expected_wait_s == pytest.approx(4 / 9)
    assert found.predicted_load == ()
    assert found.reason is not None
    assert "1 h, and 72 h are needed" in found.reason
    assert found.confidence is Confidence.LOW
    assert [(each.action, each.to_workers) for each in found.scaling_plan] == [
        (PlanAction.SCALE_DOWN, 3)
    ]


def test_workers_are_never_busier_than_the_goal_says() -> None:
    lax = ScalingGoal(target_wait_s=1e4, most_utilization_ratio=0.5)

    assert scaling_needs(POOL, samples([2.0] * 12), lax).required_workers == 4


def test_slots_of_a_worker_serve_side_by_side() -> None:
    pool = replace(POOL, slots_per_worker=2)

    found = scaling_needs(pool, samples([2.0] * 12), GOAL)

    # Two slots do 1 task per second, so a task takes 2 s: a = 4. 5 slots would wait 1.108 s.
    assert found.required_workers == 3
    assert found.expected_wait_s == pytest.approx(0.2848, abs=1e-4)


def test_a_rise_is_ordered_before_it_comes() -> None:
    found = scaling_needs(replace(POOL, service_cv2=2.0), samples(daily(8)), GOAL)

    assert found.confidence is Confidence.HIGH
    assert len(found.predicted_load) == 12
    rises = found.scaling_plan[1:]
    assert rises
    for rise in rises:
        assert rise.action is PlanAction.SCALE_UP
        assert rise.needed_at is not None
        assert rise.order_at == rise.needed_at - timedelta(minutes=5)


def test_a_forecast_never_takes_away_what_is_needed_now() -> None:
    rates = daily(8.25, noise=0.0)  # it is at its highest and will fall
    falling = scaling_needs(POOL, samples(rates), GOAL)
    measured = scaling_needs(POOL, samples(rates[-3:]), GOAL)

    assert falling.required_workers is not None
    assert measured.required_workers is not None
    assert falling.required_workers >= measured.required_workers
    assert all(step.action is not PlanAction.SCALE_DOWN for step in falling.scaling_plan)


def test_what_shortage_costs_buys_workers() -> None:
    rates = samples(daily(8, noise=0.4))

    cheap, dear = (
        scaling_needs(POOL, rates, ScalingGoal(target_wait_s=0.5, shortage_cost=cost))
        for cost in (1.0, 99.0)
    )

    assert ScalingGoal(shortage_cost=99.0).quantile == pytest.approx(0.99)
    for low, high in zip(cheap.predicted_load, dear.predicted_load, strict=True):
        assert low.upper_rate_per_s <= high.upper_rate_per_s
    assert cheap.required_workers is not None
    assert dear.required_workers is not None
    assert cheap.required_workers < dear.required_workers


def test_the_quantile_holds_in_the_hour_that_comes() -> None:
    rates = daily(12, noise=0.5)
    inside = []
    for end in range(288 * 11, 288 * 12 - 12, 60):
        found = scaling_needs(POOL, samples(rates[:end]), GOAL)
        came = rates[end : end + 12]
        inside += [
            rate <= load.upper_rate_per_s
            for rate, load in zip(came, found.predicted_load, strict=True)
        ]

    assert 0.75 <= sum(inside) / len(inside) <= 1.0


def test_triggers_stand_where_another_worker_is_due() -> None:
    found = scaling_needs(replace(POOL, total_workers=3), samples([2.0] * 12), GOAL)

    up, down = found.scaling_triggers
    assert up.action is PlanAction.SCALE_UP
    for rate, workers in ((up.arrival_rate_per_s, 3), (down.arrival_rate_per_s, 2)):
        below, above = (
            scaling_needs(POOL, samples([rate * factor]), GOAL).required_workers
            for factor in (0.999, 1.001)
        )
        assert (below, above) == (workers, workers + 1)


def test_a_worker_costs_from_its_order_on() -> None:
    pool = replace(POOL, total_workers=1, cost_per_worker_hour=2.0)

    found = scaling_needs(pool, samples([2.0] * 12), GOAL).cost_estimate

    assert found is not None
    assert (found.current_worker_hours, found.planned_worker_hours) == (1.0, 3.0)
    assert found.change_cost == pytest.approx(4.0)


def test_without_a_price_there_is_no_cost() -> None:
    found = scaling_needs(POOL, samples([2.0] * 12), GOAL).cost_estimate

    assert found is not None
    assert found.change_cost is None
    assert found.reason == "What a worker costs is unknown."


def test_an_unknown_number_of_workers_has_a_need_but_no_plan() -> None:
    found = scaling_needs(replace(POOL, total_workers=None), samples([2.0] * 12), GOAL)

    assert found.required_workers == 3
    assert found.scaling_plan == ()
    assert found.scaling_triggers == ()
    assert found.cost_estimate is None


@pytest.mark.parametrize(
    ("pool", "rates", "reason"),
    [
        (POOL, [], "No arrival rate"),
        (POOL, [None, nan], "No arrival rate"),
        (replace(POOL, worker_capacity_per_s=None), [1.0], "What one worker gets done"),
        (replace(POOL, worker_capacity_per_s=0.0), [1.0], "What one worker gets done"),
        (replace(POOL, worker_capacity_per_s=1e-320), [1.0], "What one worker gets done"),
        (POOL, [1e300], "More arrives than"),
    ],
)
def test_what_is_unknown_has_no_requirement(
    pool: PoolNow, rates: list[float | None], reason: str
) -> None:
    found = scaling_needs(pool, samples(rates), GOAL)

    assert found.required_workers is None
    assert found.reason is not None
    assert found.reason.startswith(reason)


def test_an_assumption_is_told() -> None:
    found = scaling_needs(replace(POOL, service_cv2=None), samples([2.0] * 12), GOAL)

    assert any("variability of services is unknown" in each for each in found.evidence)


@pytest.mark.parametrize(
    "build",
    [
        lambda: PoolNow(-1, 1.0),
        lambda: PoolNow(1, nan),
        lambda: PoolNow(1, 1.0, slots_per_worker=0),
        lambda: ScalingGoal(target_wait_s=0.0),
        lambda: ScalingGoal(shortage_cost=0.0),
        lambda: ScalingGoal(provisioning_s=-1.0),
        lambda: ScalingGoal(most_utilization_ratio=1.5),
        lambda: scaling_needs(POOL, samples([-1.0])),
    ],
)
def test_nonsense_is_refused(build: object) -> None:
    assert callable(build)
    with pytest.raises(ValueError, match=r"must|at least|below 0"):
        build()


def test_order_and_doubles_change_nothing() -> None:
    asked = samples(daily(4))
    mixed = [asked[index] for index in np.random.default_rng(0).permutation(len(asked))]

    assert scaling_needs(POOL, [*mixed, *mixed], GOAL) == scaling_needs(POOL, asked, GOAL)


values = st.one_of(st.none(), st.just(nan), st.floats(0, 10), st.floats(0, 1e308), st.just(0.0))
known = st.none() | st.floats(0, 1e6)
pools = st.builds(
    PoolNow,
    st.none() | st.integers(0, 10_000),
    st.none() | st.floats(0, 1e6),
    st.integers(1, 64),
    known,
    known,
    known,
)


@settings(max_examples=60, deadline=None)
@given(pools, st.lists(values, max_size=12), st.integers(1, 90))
def test_no_input_is_a_crash_or_a_number_out_of_nothing(
    pool: PoolNow, block: list[float | None], repeated: int
) -> None:
    found = scaling_needs(pool, samples(block * repeated))

    check_whole(found)


def check_whole(found: ScalingNeeds) -> None:
    assert (found.required_workers is None) == (found.evidence == ())
    if found.required_workers is None:
        assert found.reason is not None
        assert found.scaling_plan == ()
        return
    assert found.required_workers >= 0
    for load in found.predicted_load:
        assert isfinite(load.upper_rate_per_s)
        assert 0 <= load.arrival_rate_per_s <= load.upper_rate_per_s
    if found.scaling_plan:
        assert found.scaling_plan[0].to_workers == found.required_workers
        assert found.scaling_plan[0].from_workers == found.current_workers
