"""Trailing windows: the last hour, unknown left out."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.trail import Trail
from contracts.orchestrator import OrchestratorMetrics, RecentOutcomes
from tests.records import orchestrator_record, outage_record

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def sample(
    minute: float,
    *,
    utilization: float | None = 0.5,
    backlog: int | None = 0,
    completed: int | None = 3,
    failed: int | None = 1,
) -> OrchestratorMetrics:
    record = orchestrator_record(collected_at=NOON + timedelta(minutes=minute))
    assert record.capacity
    assert record.queuing
    assert record.execution
    return record.model_copy(
        update={
            "capacity": record.capacity.model_copy(update={"capacity_utilization": utilization}),
            "queuing": record.queuing.model_copy(update={"backlog_size": backlog}),
            "execution": record.execution.model_copy(
                update={
                    "completed_workflows": completed,
                    "failed_workflows": failed,
                    "interval_s": 60.0,
                }
            ),
        }
    )


def after(*samples: OrchestratorMetrics) -> OrchestratorMetrics:
    trail = Trail()
    return [trail.extend(record) for record in samples][-1]


def growing_for_s(*backlogs: int | None) -> float | None:
    record = after(*(sample(minute, backlog=size) for minute, size in enumerate(backlogs)))
    assert record.queuing
    return record.queuing.backlog_growing_for_s


def test_peak_is_the_maximum_of_the_last_hour() -> None:
    record = after(
        sample(0, utilization=0.99), sample(1, utilization=0.8), sample(60.5, utilization=0.3)
    )

    assert record.capacity
    assert record.capacity.peak_utilization == 0.8


def test_an_unknown_utilization_is_no_peak_of_zero() -> None:
    record = after(sample(0, utilization=None))

    assert record.capacity
    assert record.capacity.peak_utilization is None


def test_outcomes_add_up_over_the_window() -> None:
    record = after(sample(0), sample(1), sample(2))

    assert record.execution
    assert record.execution.recent == RecentOutcomes(completed=9, failed=3, window_s=180)


def test_an_interval_without_counts_is_not_part_of_the_window() -> None:
    record = after(sample(0), sample(1, completed=None), sample(2, failed=None))

    assert record.execution
    assert record.execution.recent == RecentOutcomes(completed=3, failed=1, window_s=60)


@pytest.mark.parametrize(
    ("backlogs", "minutes"),
    [
        ([0], 0),
        ([0, 0, 0], 0),
        ([0, 1, 2, 3], 3),
        ([0, 0, 0, 50], 1),
        ([0, 5, 4, 9], 3),
        ([9, 5, 2, 4], 1),
        ([0, 10, 20, 5], 0),
        ([30, 20, 10], 0),
    ],
)
def test_growth_is_counted_from_the_low_it_climbs_from(backlogs: list[int], minutes: int) -> None:
    assert growing_for_s(*backlogs) == minutes * 60


def test_growth_is_unknown_when_the_backlog_is() -> None:
    assert growing_for_s(0, 5, None) is None


def test_an_outage_leaves_the_windows_alone() -> None:
    trail = Trail()
    trail.extend(sample(0))
    outage = trail.extend(outage_record(collected_at=NOON + timedelta(minutes=1)))
    record = trail.extend(sample(2))

    assert outage.capacity is None
    assert record.execution
    assert record.execution.recent == RecentOutcomes(completed=6, failed=2, window_s=120)
