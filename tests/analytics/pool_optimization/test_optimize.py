"""What a pool could do better, by its past and by one look at its workers."""

from datetime import timedelta
from math import pi, sin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.findings import Confidence
from analytics.pool_optimization.findings import PoolOptimization
from analytics.scaling.simulator import Conditions
from analytics.whatif import PoolStep
from analytics.worker_pool import WorkerPoolOptimizer
from contracts.worker_pool import AutoScalingMetrics, WorkerInstance, WorkerPoolMetrics
from tests.records import NOON, pool_record, worker

DAY = 1_440
SLOTS = 10
NO_BOUNDS = AutoScalingMetrics()


def pool(total: int = 20, **fields: object) -> WorkerPoolMetrics:
    return pool_record(**({"total_workers": total, "scaling": NO_BOUNDS} | fields))


def daily(days: float, workers: int = 20, mean: float = 8, swing: float = 6) -> list[PoolStep]:
    """A load that rises and falls with the day, in a pool of a fixed size."""
    loads = [mean + swing * sin(2 * pi * minute / DAY) for minute in range(int(days * DAY))]
    return [PoolStep(load * SLOTS, workers * SLOTS, workers) for load in loads]


def optimized(
    record: WorkerPoolMetrics, steps: list[PoolStep], price: float | None = None
) -> PoolOptimization:
    return WorkerPoolOptimizer().optimize_worker_pool(record, steps, price_per_worker_hour=price)


def test_a_pool_of_twenty_for_a_load_of_two_to_fourteen() -> None:
    found = optimized(pool(), daily(8), price=0.5)
    sides, cost = found.optimizations, found.cost_impact

    assert found.current_efficiency == pytest.approx(8 / 20, rel=0.01)
    assert sides.size_optimization.recommended == 18  # 13.99 workers' worth at 0.8
    policy = sides.scaling_policy
    assert policy.recommended is not None
    assert policy.recommended["kind"] == "default"
    assert found.expected_efficiency is not None
    assert found.expected_efficiency > 0.6
    assert cost.current_worker_hours_per_day == pytest.approx(480)
    assert cost.change_worker_hours_per_day is not None
    assert cost.change_worker_hours_per_day < -150
    assert cost.change_cost_per_day == pytest.approx(cost.change_worker_hours_per_day * 0.5)
    actions = [each.action for each in found.implementation_steps]
    assert not any("Set the pool to" in each for each in actions)  # the policy sets it
    assert any("by the policy default" in each for each in actions)
    assert all(each.evidence for each in found.implementation_steps)
    assert found.confidence is Confidence.HIGH


def test_nothing_is_taken_away_on_less_than_a_week() -> None:
    found = optimized(pool(), daily(2))
    size = found.optimizations.size_optimization

    assert size.recommended is None
    assert size.reason == "18 would do, but 2 days tell nothing of a week."
    assert found.optimizations.scaling_policy.reason == (
        "2 days of its load are known, and 4 are needed."
    )
    assert found.cost_impact.change_worker_hours_per_day == 0


def test_nothing_is_taken_away_where_workers_were_full() -> None:
    steps = daily(8)
    steps[100:200] = [PoolStep(200, 200, 20)] * 100
    size = optimized(pool(), steps).optimizations.size_optimization

    assert size.recommended is None
    assert size.reason is not None
    assert "were full at times" in size.reason


def test_a_pool_that_is_too_small_is_made_larger_within_its_bounds() -> None:
    steps = daily(0.5, workers=10, mean=9, swing=1)
    free = optimized(pool(10), steps).optimizations.size_optimization
    bound = AutoScalingMetrics(max_workers=11)
    bounded = optimized(pool(10, scaling=bound), steps).optimizations.size_optimization

    assert free.recommended == 13
    assert bounded.recommended == 11


def test_without_a_past_each_side_says_why() -> None:
    found = optimized(pool(workers=None), [])
    sides = found.optimizations

    assert found.current_efficiency is None
    assert found.expected_efficiency is None
    for name in type(sides).model_fields:
        side = getattr(sides, name)
        assert side.recommended is None
        assert side.reason
    assert found.cost_impact.reason
    assert found.implementation_steps == ()
    assert found.reason


def test_slots_that_a_worker_cannot_carry_are_too_many() -> None:
    heavy = tuple(
        worker(
            f"w{number}@h{number}", used_slots=2, total_slots=10, cpu_usage=0.2, memory_usage=0.4
        )
        for number in range(5)
    )
    side = optimized(pool(workers=heavy), []).optimizations.resource_allocation
    light = tuple(each.model_copy(update={"memory_usage": 0.1, "cpu_usage": 0.1}) for each in heavy)
    well = optimized(pool(workers=light), []).optimizations.resource_allocation

    assert (side.current, side.recommended) == ({"slots_per_worker": 10}, {"slots_per_worker": 3})
    assert "10 slots would take 2." in side.evidence[0]
    assert well.recommended is None
    assert well.reason


def test_use_of_a_host_that_workers_share_says_nothing_of_one() -> None:
    shared = tuple(
        worker(f"w{number}@h", used_slots=2, labels={"usage_scope": "host"}) for number in range(5)
    )
    side = optimized(pool(workers=shared), []).optimizations.resource_allocation

    assert side.reason == "Usage is told of hosts, and several workers share one."


@pytest.mark.parametrize(
    ("hosts", "recommended"),
    [
        ("aaaa", {"hosts": 2, "most_workers_per_host": 2}),
        ("aaab", {"hosts": 2, "most_workers_per_host": 2}),
        ("aabb", None),
        ("aaabc", {"hosts": 3, "most_workers_per_host": 2}),
        ("a", None),
    ],
)
def test_a_host_that_most_workers_are_on(hosts: str, recommended: dict[str, float] | None) -> None:
    workers = tuple(worker(f"{number}@{host}") for number, host in enumerate(hosts))
    side = optimized(pool(workers=workers), []).optimizations.worker_placement

    assert side.recommended == recommended
    assert (side.reason is None) == (recommended is not None)


def aged(ages_s: list[float], labels: dict[str, str] | None = None) -> tuple[WorkerInstance, ...]:
    return tuple(
        worker(f"{number}@h", last_heartbeat=NOON - timedelta(seconds=age), labels=labels or {})
        for number, age in enumerate(ages_s)
    )


def test_three_missed_signs_are_a_loss() -> None:
    even = aged([30 * number / 21 for number in range(1, 21)])  # one sign every 30 s
    told = aged([5], labels={"heartbeat_interval_s": "10"})
    estimated = optimized(pool(workers=even), []).optimizations.health_checks
    known = optimized(pool(workers=told), []).optimizations.health_checks
    few = optimized(pool(workers=aged([5])), []).optimizations.health_checks

    assert estimated.recommended == pytest.approx({"interval_s": 30, "timeout_s": 90})
    assert known.recommended == {"interval_s": 10, "timeout_s": 30}
    assert few.recommended is None
    assert few.reason


NUMBER = st.none() | st.floats(-10, 1e6) | st.sampled_from([float("nan"), 0.0])
WORKER = st.builds(
    lambda number, slots, usage, label: worker(
        f"{number}@h{number % 2}",
        used_slots=slots,
        total_slots=slots,
        cpu_usage=usage,
        last_heartbeat=None if usage is None else NOON,
        labels={} if label is None else {"heartbeat_interval_s": label},
    ),
    st.integers(0, 99),
    st.none() | st.integers(0, 3),
    st.none() | st.floats(0, 1e300),
    st.sampled_from([None, "5", "x", "nan", "-1"]),
)


@given(
    steps=st.lists(st.builds(PoolStep, NUMBER, NUMBER, NUMBER), max_size=90),
    workers=st.none() | st.lists(WORKER, max_size=25, unique_by=lambda each: each.id),
    total=st.none() | st.integers(0, 99),
)
@settings(deadline=None)
def test_no_input_is_a_crash_or_a_made_up_number(
    steps: list[PoolStep], workers: list[WorkerInstance] | None, total: int | None
) -> None:
    record = pool(workers=None if workers is None else tuple(workers))
    found = WorkerPoolOptimizer().optimize_worker_pool(
        record.model_copy(update={"total_workers": total}), steps, conditions=Conditions()
    )
    known = any(each.load >= 0 for each in steps)

    assert (found.current_efficiency is None) or known
    for name in type(found.optimizations).model_fields:
        side = getattr(found.optimizations, name)
        assert (side.recommended is None) == (side.reason is not None)
