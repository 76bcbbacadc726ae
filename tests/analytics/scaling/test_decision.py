"""`auto_scale_decision`: the specification's keys, and nothing is done on what is not known."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.capacity_forecast import CapacitySample
from analytics.findings import Confidence
from analytics.scaling.decision import (
    AutoScaleDecision,
    PredictedLoad,
    ScalingSettings,
    decide_scaling,
)
from analytics.scaling.policies import DefaultPolicy, SpecPolicy
from contracts.worker_pool import ScalingAction, WorkerPoolMetrics

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SHORT = DefaultPolicy(hold_s=180)
KEYS = {
    "action",
    "current_workers",
    "target_workers",
    "predicted_load",
    "confidence",
    "estimated_cost",
    "auto_apply",
}


def pool(**fields: Any) -> WorkerPoolMetrics:
    """Ten workers of four slots, three of them idle, between two and thirty."""
    return WorkerPoolMetrics.model_validate(
        {
            "id": UUID(int=1),
            "pool_id": UUID(int=3),
            "orchestrator_id": UUID(int=2),
            "pool_name": "p",
            "worker_type": "thread",
            "collected_at": NOW - MINUTE,
            "total_workers": 10,
            "idle_workers": 3,
            "resource_usage": {"total_slots": 40},
            "performance": {"avg_task_duration": 2000},
            "scaling": {"min_workers": 2, "max_workers": 30},
        }
        | fields
    )


def history(*demand: float | None) -> list[CapacitySample]:
    """Demand in slots by minute, the last one now."""
    return [
        CapacitySample(NOW - (len(demand) - 1 - step) * MINUTE, value, 0.0)
        for step, value in enumerate(demand)
    ]


def predicted(tasks_per_second: float, age: timedelta = MINUTE) -> PredictedLoad:
    return PredictedLoad(tasks_per_second=tasks_per_second, made_at=NOW - age)


def decide(
    metrics: WorkerPoolMetrics | None = None,
    demand: Sequence[CapacitySample] = (),
    load: PredictedLoad | None = None,
    **fields: Any,
) -> AutoScaleDecision:
    return decide_scaling(
        metrics or pool(),
        load,
        now=NOW,
        history=demand,
        settings=ScalingSettings(**({"policy": SHORT} | fields)),
    )


def spec(tasks_per_second: float, metrics: WorkerPoolMetrics | None = None) -> AutoScaleDecision:
    return decide(metrics, load=predicted(tasks_per_second), policy=SpecPolicy())


def test_the_keys_are_those_of_the_specification() -> None:
    keys = set(decide(demand=history(32.0)).model_dump())

    assert keys >= KEYS | {"evidence", "method"}


@pytest.mark.parametrize(
    ("tasks_per_second", "action", "target"),
    [
        (16.0, ScalingAction.MAINTAIN, 10),
        (24.0, ScalingAction.SCALE_UP, 15),
        (80.0, ScalingAction.SCALE_UP, 30),
        (8.0, ScalingAction.SCALE_DOWN, 5),
        (0.0, ScalingAction.SCALE_DOWN, 2),
    ],
)
def test_the_policy_spec_is_the_specifications_rule(
    tasks_per_second: float, action: ScalingAction, target: int
) -> None:
    """24 tasks a second x 2 s = 48 slots = 12 workers' worth = 15 workers at 0.8."""
    found = spec(tasks_per_second)

    assert (found.action, found.target_workers) == (action, target)
    assert found.confidence is Confidence.MEDIUM


def test_out_on_measured_demand() -> None:
    """48 slots are 12 workers' worth."""
    found = decide(demand=history(32.0, 32.0, 48.0))

    assert (found.action, found.target_workers) == (ScalingAction.SCALE_UP, 15)
    assert found.confidence is Confidence.HIGH
    assert "load for 12 workers now; known for 3 min back" in found.evidence


def test_in_on_demand_that_was_low_for_all_of_the_hold() -> None:
    found = decide(demand=history(16.0, 22.4, 16.0))

    assert (found.action, found.target_workers) == (ScalingAction.SCALE_DOWN, 7)


def test_a_prediction_alone_never_shrinks_a_pool() -> None:
    found = decide(demand=history(32.0, 32.0, 32.0), load=predicted(1.0))

    assert (found.action, found.target_workers) == (ScalingAction.MAINTAIN, 10)
    assert found.confidence is Confidence.HIGH


def test_what_a_prediction_raises_is_of_medium_confidence() -> None:
    found = decide(demand=history(32.0, 32.0, 32.0), load=predicted(24.0))

    assert (found.target_workers, found.confidence) == (15, Confidence.MEDIUM)
    assert "load for 12 workers is predicted" in found.evidence


@pytest.mark.parametrize(
    ("ago_s", "success", "target"), [(170, None, 10), (190, None, 5), (170, False, 5)]
)
def test_what_was_made_larger_is_held_even_if_only_a_prediction_wanted_it(
    ago_s: int, success: bool | None, target: int
) -> None:
    decision = {
        "timestamp": NOW - timedelta(seconds=ago_s),
        "action": "scale_up",
        "from_count": 5,
        "to_count": 10,
        "reason": "predicted",
        "success": success,
    }
    scaling = {"min_workers": 2, "max_workers": 30, "scaling_decisions": [decision]}

    found = decide(pool(idle_workers=9, scaling=scaling), history(16.0, 16.0, 16.0))

    assert found.target_workers == target


@pytest.mark.parametrize(
    ("metrics", "demand", "because"),
    [
        (pool(total_workers=None), history(80.0), "How many workers there are"),
        (pool(collected_at=NOW - 4 * MINUTE), history(80.0), "240 s ago: stale"),
        (pool(resource_usage={}), history(80.0), "slots a worker has"),
        (pool(total_workers=0), history(80.0), "slots a worker has"),
        (pool(), [], "The load is not known"),
        (pool(), history(80.0, None, None, None, None), "The load is not known"),
        (pool(scaling={"min_workers": 2}), history(80.0), "most workers it may have"),
        (pool(scaling={"max_workers": 30}), history(16.0, 16.0, 16.0), "fewest workers it may"),
        (pool(idle_workers=None), history(16.0, 16.0, 16.0), "How many workers are idle"),
    ],
)
def test_what_is_not_known_holds_and_says_why(
    metrics: WorkerPoolMetrics, demand: list[CapacitySample], because: str
) -> None:
    found = decide(metrics, demand, auto_apply=True)

    assert found.action is ScalingAction.MAINTAIN
    assert found.target_workers == metrics.total_workers
    assert because in found.reason
    assert not found.auto_apply


@pytest.mark.parametrize(
    "load", [None, predicted(24.0, 4 * MINUTE), PredictedLoad(tasks_per_second=24.0, made_at=NOW)]
)
def test_without_a_usable_prediction_the_policy_spec_holds(load: PredictedLoad | None) -> None:
    metrics = pool(performance={})

    found = decide(metrics, load=load, policy=SpecPolicy())

    assert found.action is ScalingAction.MAINTAIN
    assert found.reason == "The load to come is not known."


def test_a_pool_of_nobody_grows_where_the_slots_are_told() -> None:
    found = decide(pool(total_workers=0, idle_workers=0), history(8.0), slots_per_worker=4)

    assert (found.action, found.target_workers) == (ScalingAction.SCALE_UP, 3)


@pytest.mark.parametrize(
    ("limits", "tasks_per_second", "target"), [((2, 8), 80.0, 10), ((12, 30), 8.0, 10)]
)
def test_limits_never_turn_a_decision_round(
    limits: tuple[int, int], tasks_per_second: float, target: int
) -> None:
    metrics = pool(scaling={"min_workers": limits[0], "max_workers": limits[1]})

    found = spec(tasks_per_second, metrics)

    assert (found.action, found.target_workers) == (ScalingAction.MAINTAIN, target)


def test_failed_and_leaving_workers_have_no_slots() -> None:
    """40 slots on 8 live ones: 5 each; 48 / 5 / 0.8 = 12."""
    found = decide(pool(failed_workers=1, terminating_workers=1), history(48.0))

    assert found.target_workers == 12


def test_it_costs_what_the_target_costs() -> None:
    assert decide(demand=history(48.0), price_per_worker_hour=0.5).estimated_cost == 7.5
    assert decide(demand=history(48.0)).estimated_cost is None


def test_it_is_applied_only_where_that_is_allowed_and_nothing_else_scales() -> None:
    other = pool(scaling={"enabled": True, "min_workers": 2, "max_workers": 30})

    assert decide(demand=history(48.0), auto_apply=True).auto_apply
    assert not decide(demand=history(48.0)).auto_apply
    assert not decide(demand=history(32.0), auto_apply=True).auto_apply
    assert not decide(other, history(48.0), auto_apply=True).auto_apply


def test_samples_may_be_unordered_doubled_and_of_the_future() -> None:
    straight = history(16.0, 22.4, 16.0)
    ahead = CapacitySample(NOW + MINUTE, 400.0, 0.0)

    found = decide(demand=[ahead, *straight[::-1], *straight])

    assert found == decide(demand=straight)


def test_the_most_of_a_step_counts() -> None:
    burst = CapacitySample(NOW - timedelta(seconds=30), 48.0, 0.0)

    assert decide(demand=[burst, *history(16.0, 16.0, 16.0)]).target_workers == 15


def test_a_file_can_hold_the_settings() -> None:
    read = ScalingSettings.model_validate({"policy": {"kind": "spec"}, "auto_apply": True})

    assert read == ScalingSettings(policy=SpecPolicy(), auto_apply=True)


def test_demand_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="below 0"):
        decide(demand=history(-1.0))


COUNTS = ("total_workers", "idle_workers", "failed_workers", "terminating_workers")
numbers = st.none() | st.integers(0, 50) | st.integers(0, 2**63 - 1)
demands = st.none() | st.floats(0, 1e12) | st.just(float("nan"))


@settings(max_examples=150, deadline=None)
@given(
    counts=st.fixed_dictionaries(
        dict.fromkeys(
            ("total_workers", "idle_workers", "failed_workers", "terminating_workers"), numbers
        )
    ),
    limits=st.fixed_dictionaries({"min_workers": numbers, "max_workers": numbers}),
    slots=numbers,
    demand=st.lists(st.tuples(st.integers(-200_000, 2000), demands), max_size=20),
    tasks_per_second=st.none() | st.floats(0, 1e9),
    policy=st.sampled_from([SpecPolicy(), SHORT, DefaultPolicy(spare_root=2.0)]),
)
def test_no_record_is_a_crash_or_a_number_beyond_its_limits(  # noqa: PLR0913, PLR0917 - all inputs
    counts: dict[str, int | None],
    limits: dict[str, int | None],
    slots: int | None,
    demand: list[tuple[int, float | None]],
    tasks_per_second: float | None,
    policy: SpecPolicy | DefaultPolicy,
) -> None:
    metrics = pool(**counts, scaling=limits, resource_usage={"total_slots": slots})
    samples = [CapacitySample(NOW + timedelta(seconds=at), each, 0.0) for at, each in demand]
    load = None if tasks_per_second is None else predicted(tasks_per_second)

    found = decide(metrics, samples, load, policy=policy, price_per_worker_hour=1.0)

    current, target = found.current_workers, found.target_workers
    assert found.reason
    if current is None or target is None:
        assert found.action is ScalingAction.MAINTAIN
        return
    if found.action is ScalingAction.SCALE_UP:
        assert limits["max_workers"] is not None
        assert current < target <= limits["max_workers"]
    elif found.action is ScalingAction.SCALE_DOWN:
        assert limits["min_workers"] is not None
        assert limits["min_workers"] <= target < current
    else:
        assert target == current
    assert found.estimated_cost is not None
    assert isfinite(found.estimated_cost)
