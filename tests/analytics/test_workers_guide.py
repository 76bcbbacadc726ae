"""docs/guides/recommended-workers.md: its numbers are those of the code and of its own formulas."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics.pool_work import STALE, WorkSample, pool_scaling_needs
from analytics.queueing import Traffic, erlang_c, mean_wait_s
from analytics.scaling_findings import LoadStep, ScalingNeeds
from analytics.scaling_plan import STEP, PoolNow, ScalingGoal, Sizing, cost, plan, required_workers

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "recommended-workers.md").read_text()
GOAL = ScalingGoal(target_wait_s=0.2)
NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
POOL = PoolNow(total_workers=4, worker_capacity_per_s=2.0, slots_per_worker=2)
SIZING = Sizing(POOL, 1.0, GOAL)
ROUNDING = 5.1e-5
"""The page gives four decimals."""


def needs() -> ScalingNeeds:
    """Of the document on the page."""
    block = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    told = json.loads(block[1])
    pool, usage = told["pool"], told["pool"]["resourceUsage"]
    sample = WorkSample(
        at=NOW - STEP,
        arrival_rate_per_s=told["queue"]["arrivalRate"],
        throughput_per_s=pool["performance"]["throughput"],
        task_s=pool["performance"]["avgTaskDuration"] / 1000,
        used_slots=usage["usedSlots"],
        total_slots=usage["totalSlots"],
        waiting=told["queue"]["size"],
        total_workers=pool["totalWorkers"],
    )
    return pool_scaling_needs([sample], NOW, GOAL)


def rows(header: str) -> list[list[str]]:
    """The cells below the header."""
    found = re.search(
        rf"^\| {re.escape(header)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE
    )
    assert found is not None
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in found[1].splitlines()]


def loads() -> list[LoadStep]:
    return [
        LoadStep(
            at=NOW + number * STEP,
            arrival_rate_per_s=float(cells[1]),
            upper_rate_per_s=float(cells[2]),
            workers=int(cells[5]),
        )
        for number, cells in enumerate(rows("minutes"))
    ]


def test_the_measured_need_is_what_the_code_makes_of_the_document() -> None:
    found = needs()

    assert found.current_workers == 4
    assert f"4 / 2 = **{found.required_workers} workers**" in PAGE
    assert found.expected_wait_s == pytest.approx(float(rows("c")[-1][3]), abs=ROUNDING)
    assert found.evidence[0].startswith("A task takes 1 s")
    assert found.evidence[0].endswith("a worker has 2 slots.")


def test_the_table_of_slots_is_erlangs_and_its_own_recursion() -> None:
    busy = 1.0
    for slots, cells in enumerate(rows("c"), start=1):
        busy = 2 * busy / (slots + 2 * busy)

        assert float(cells[1]) == pytest.approx(busy, abs=ROUNDING)
        if slots <= 2:
            assert cells[2:] == ["", "without end"]
            assert mean_wait_s(Traffic(2.0, 1.0), slots) == float("inf")
        else:
            waiting = busy / (1 - 2 / slots * (1 - busy))
            assert erlang_c(2.0, slots) == pytest.approx(waiting)
            assert float(cells[2]) == pytest.approx(waiting, abs=ROUNDING)
            assert float(cells[3]) == pytest.approx(waiting / (slots - 2), abs=ROUNDING)
            assert mean_wait_s(Traffic(2.0, 1.0), slots) == pytest.approx(waiting / (slots - 2))


def test_each_row_of_the_hour_is_sized_by_the_code() -> None:
    for cells in rows("minutes"):
        upper, load, slots, workers = map(float, cells[2:])

        assert load == upper
        assert SIZING.workers(upper) == workers == -(-slots // 2)
        enough, fewer = (mean_wait_s(Traffic(load, 1.0), int(slots) - less) for less in (0, 1))
        assert (
            enough <= GOAL.target_wait_s < fewer or slots - 1 < load / GOAL.most_utilization_ratio
        )
    for slots, wait_s in ((4, "0.2532"), (5, "0.0619")):
        assert f"{wait_s} s" in PAGE
        assert float(wait_s) == pytest.approx(mean_wait_s(Traffic(2.6, 1.0), slots), abs=ROUNDING)


def test_the_plan_and_its_cost_are_the_codes() -> None:
    required = required_workers(2, loads(), GOAL)
    first, second = plan(4, 2, NOW, loads(), GOAL)
    estimate = cost(4, [first, second], NOW, 0.12)

    assert f"max(2, 2, 3) = **{required} workers**" in PAGE
    assert (first.from_workers, first.to_workers, second.to_workers) == (4, 3, 4)
    assert second.needed_at == NOW + timedelta(minutes=15)
    assert second.order_at == NOW + timedelta(minutes=10)
    assert f"{estimate.change_worker_hours:.4f} worker hours" in PAGE
    assert f"at 0.12 each {estimate.change_cost:.2f}." in PAGE


def test_the_limits_are_the_codes() -> None:
    assert GOAL.quantile == pytest.approx(0.9)
    assert f"at\nmost {GOAL.most_utilization_ratio:g} of them" in PAGE
    assert (GOAL.provisioning_s, GOAL.hold_s, GOAL.window_steps) == (300, 300, 2)
    assert f"more than {STALE.total_seconds() / 60:g} minutes old" in PAGE


def test_what_waits_already_comes_on_top() -> None:
    found = re.search(r"With (\d+) tasks it would be .*?so\s\*\*(\d+)\*\*", PAGE, re.DOTALL)
    assert found is not None
    waits, workers = (int(each) for each in found.groups())

    assert Sizing(replace(POOL, waiting=waits), 1.0, GOAL).workers_to_drain(2.0) == workers
    assert (2 + waits / 300) * 1 / 0.85 / 2 == pytest.approx(2.94, abs=0.005)
