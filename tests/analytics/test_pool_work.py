"""From a pool's stored work to its workers: each source of a figure, and nothing out of nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from analytics.pool_work import WorkSample, pool_scaling_needs
from analytics.scaling_findings import ScalingNeeds
from analytics.scaling_plan import ScalingGoal

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
GOAL = ScalingGoal(target_wait_s=0.5)
KNOWN = {
    "arrival_rate_per_s": 2.0,
    "throughput_per_s": 1.9,
    "task_s": 1.0,
    "used_slots": 1.9,
    "busy_workers": 1.9,
    "total_slots": 5.0,
    "total_workers": 5,
}


def asked(changed: Mapping[str, float | None] | None = None, now: datetime = NOW) -> ScalingNeeds:
    """Of an hour in which all is known but what is changed."""
    fields = {**KNOWN, **(changed or {})}
    samples = [
        WorkSample(NOW - timedelta(minutes=5 * (12 - step)), **fields)  # type: ignore[arg-type]
        for step in range(12)
    ]
    return pool_scaling_needs(samples, now, GOAL)


def test_two_a_second_of_a_second_each_take_three_workers() -> None:
    found = asked()

    assert (found.current_workers, found.required_workers) == (5, 3)
    assert found.expected_wait_s == pytest.approx(4 / 9)
    assert found.evidence[0].startswith("A task takes 1 s, by what was told")


def test_what_waits_already_takes_workers_too() -> None:
    found = asked({"waiting": 900.0})

    assert found.required_workers == 6  # (2 + 900 / 300) a second of 1 s each, at 0.85
    assert any(line.startswith("900 tasks wait already: ") for line in found.evidence)
    assert asked({"waiting": 0.0}).required_workers == 3


def test_what_waits_and_is_not_told_is_said() -> None:
    assert "How much waits already is unknown and not counted." in asked().evidence


def test_what_waited_long_ago_is_not_counted() -> None:
    old = WorkSample(NOW - timedelta(minutes=20), **KNOWN | {"waiting": 9e5})  # type: ignore[arg-type]
    new = WorkSample(NOW - timedelta(minutes=5), **KNOWN)  # type: ignore[arg-type]

    assert pool_scaling_needs([old, new], NOW, GOAL).required_workers == 3


def test_a_tasks_time_is_weighed_by_how_much_was_done_in_it() -> None:
    samples = [
        WorkSample(NOW - timedelta(minutes=5 * back), **KNOWN | {"task_s": task_s} | done)  # type: ignore[arg-type]
        for back, task_s, done in (
            (1, 1.0, {"throughput_per_s": 9.0}),
            (2, 11.0, {"throughput_per_s": 1.0}),
        )
    ]

    found = pool_scaling_needs(samples, NOW, GOAL)

    assert found.evidence[0].startswith("A task takes 2 s")


@pytest.mark.parametrize(
    ("changed", "workers", "said"),
    [
        ({"task_s": None}, 3, "the slots that were busy"),
        ({"task_s": None, "total_slots": None}, 3, "the workers that were busy"),
        ({"task_s": None, "used_slots": None}, 3, "the workers that were busy"),
        ({"total_slots": 10.0}, 2, "a worker has 2 slots"),
        ({"arrival_rate_per_s": None, "throughput_per_s": 2.0}, 3, "stands in for it"),
    ],
)
def test_what_is_not_told_is_reckoned_from_what_is_and_said(
    changed: dict[str, float | None], workers: int, said: str
) -> None:
    found = asked(changed)

    assert found.required_workers == workers
    assert any(said in line for line in found.evidence)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"arrival_rate_per_s": None, "throughput_per_s": None}, "No arrival rate"),
        (
            {"task_s": None, "used_slots": None, "busy_workers": None},
            "What one worker gets done is unknown",
        ),
        (
            {"task_s": None, "used_slots": 0.0, "busy_workers": 0.0},
            "What one worker gets done is unknown",
        ),
    ],
)
def test_without_a_source_there_is_a_reason_and_no_number(
    changed: dict[str, float | None], reason: str
) -> None:
    found = asked(changed)

    assert found.required_workers is None
    assert found.reason is not None
    assert found.reason.startswith(reason)


def test_of_an_unknown_number_of_workers_there_is_a_need_and_no_plan() -> None:
    found = asked({"total_workers": None})

    assert (found.current_workers, found.required_workers) == (None, 3)
    assert found.scaling_plan == ()


def test_what_is_old_is_not_the_present() -> None:
    found = asked(now=NOW + timedelta(minutes=20))

    assert found.required_workers is None
    assert found.scaling_plan == ()
    assert found.reason == "The newest arrivals that are known are 25 minutes old."


def test_arrivals_that_ended_give_way_to_what_is_told_now() -> None:
    old = WorkSample(NOW - timedelta(minutes=60), **KNOWN | {"arrival_rate_per_s": 70.0})  # type: ignore[arg-type]
    new = WorkSample(NOW - timedelta(minutes=5), **KNOWN | {"arrival_rate_per_s": None})  # type: ignore[arg-type]

    found = pool_scaling_needs([old, new], NOW, GOAL)

    assert found.required_workers == 3
    assert any("stands in for it" in line for line in found.evidence)


def test_of_nothing_there_is_nothing() -> None:
    assert pool_scaling_needs([], NOW).required_workers is None
