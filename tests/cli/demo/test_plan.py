"""The schedule is seeded, ordered and as dense as it says."""

import math
from itertools import takewhile

import pytest

from cli.demo.plan import REPORTS, KillWorker, LoadPlan, StartWorkflow, Step

STEADY = LoadPlan(first_burst_s=math.inf, first_kill_s=math.inf, first_poison_s=math.inf)


def until(plan: LoadPlan, end_s: float, seed: int = 1) -> list[Step]:
    return list(takewhile(lambda step: step.at_s < end_s, plan.steps(seed)))


def started(steps: list[Step]) -> list[StartWorkflow]:
    return [step for step in steps if isinstance(step, StartWorkflow)]


def test_one_seed_gives_one_schedule() -> None:
    again = until(LoadPlan(), 600, seed=7)

    assert until(LoadPlan(), 600, seed=7) == again


def test_another_seed_gives_another_schedule() -> None:
    assert until(LoadPlan(), 600, seed=7) != until(LoadPlan(), 600, seed=8)


@pytest.mark.parametrize("seed", range(5))
def test_steps_come_in_order(seed: int) -> None:
    moments = [step.at_s for step in until(LoadPlan(), 1_800, seed)]

    assert moments == sorted(moments)


def test_trickle_has_its_mean_rate() -> None:
    plan = LoadPlan(
        trickle_per_s=2.0,
        first_burst_s=math.inf,
        first_kill_s=math.inf,
        first_poison_s=math.inf,
    )

    starts = until(plan, 10 * plan.swing_period_s)

    assert len(starts) / (10 * plan.swing_period_s) == pytest.approx(2.0, rel=0.05)


def test_trickle_swings() -> None:
    quarter = STEADY.swing_period_s / 4

    rates = (STEADY.rate_per_s(quarter), STEADY.rate_per_s(3 * quarter))

    assert rates == pytest.approx((0.75, 0.25))


def test_bursts_come_on_time_and_are_dense() -> None:
    plan = LoadPlan(first_burst_s=60, burst_every_s=100, burst_size=200, burst_spread_s=5)

    starts = started(until(plan, 265))

    assert all(
        sum(begin <= start.at_s < begin + 5 for start in starts) >= 140 for begin in (60, 160, 260)
    )


def test_workers_are_killed_on_time() -> None:
    plan = LoadPlan(first_kill_s=30, kill_every_s=50)

    kills = [step.at_s for step in until(plan, 200) if isinstance(step, KillWorker)]

    assert kills == [30, 80, 130, 180]


def test_never_is_never() -> None:
    kinds = {type(step) for step in until(STEADY, 3_600)}
    workflows = {step.workflow for step in started(until(STEADY, 3_600))}

    assert (kinds, "AuditOrder" in workflows) == ({StartWorkflow}, False)


def test_load_is_quick_slow_failing_retried_and_poisoned() -> None:
    steps = started(until(LoadPlan(), 1_200))

    assert {
        "quick": any(step.workflow == "FulfilOrder" for step in steps),
        "slow": any(step.task_queue == REPORTS and step.job.work_s >= 5 for step in steps),
        "failing": any(step.job.fatal for step in steps),
        "retried": any(step.job.failed_attempts > 0 for step in steps),
        "poisoned": any(step.workflow == "AuditOrder" for step in steps),
    } == dict.fromkeys(("quick", "slow", "failing", "retried", "poisoned"), True)


def test_first_workflow_comes_at_once() -> None:
    assert next(LoadPlan().steps(1)).at_s < 5


def test_work_ratio_shortens_all_work() -> None:
    half = LoadPlan(work_ratio=0.5)

    longest = max(step.job.work_s for step in started(until(half, 600)))

    assert 2.5 < longest <= 7.5


@pytest.mark.parametrize(
    ("setting", "value"),
    [("trickle_per_s", 0.0), ("swing_ratio", 1.0), ("burst_spread_s", 90.0)],
)
def test_wrong_settings_are_refused_by_name(setting: str, value: float) -> None:
    with pytest.raises(ValueError, match=setting):
        LoadPlan(**{setting: value})  # type: ignore[arg-type]  # all three are floats
