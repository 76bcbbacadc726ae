"""What is recommended, and what never is."""

import pytest

from analytics.findings import Recommendation
from analytics.health import analyze_health
from contracts.health import ComponentStatus, ComponentType
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    OrchestratorMetrics,
    QueueInfo,
    QueueMetrics,
    QueueType,
    RecentOutcomes,
    SchedulingPerformance,
)
from tests.analytics.samples import component, known, perfect_sections
from tests.records import outage_record


def recommended(record: OrchestratorMetrics) -> tuple[Recommendation, ...]:
    return analyze_health(record).recommendations


def actions(record: OrchestratorMetrics) -> list[str]:
    return [item.action for item in recommended(record)]


def test_nothing_is_recommended_where_all_is_well() -> None:
    assert recommended(known(**perfect_sections())) == ()


def test_an_outage_asks_for_one_thing() -> None:
    (only,) = recommended(outage_record())

    assert "answer" in only.action
    assert "did not answer within 10 s" in only.evidence


def test_full_slots_with_waiting_work_want_more() -> None:
    capacity = CapacityMetrics(
        total_slots=100, used_slots=94, capacity_utilization=0.94, pending_workflows=3
    )
    (only,) = recommended(known(capacity=capacity))

    assert only.action == "Add 11 slots."
    assert only.score_gain == pytest.approx(0.6)
    assert only.risk


def test_full_slots_without_waiting_work_are_left_alone() -> None:
    capacity = CapacityMetrics(
        total_slots=100,
        used_slots=94,
        capacity_utilization=0.94,
        peak_utilization=0.95,
        pending_workflows=0,
    )

    assert recommended(known(capacity=capacity)) == ()


IDLE = {
    "total_slots": 100,
    "used_slots": 10,
    "capacity_utilization": 0.1,
    "peak_utilization": 0.34,
    "pending_workflows": 0,
}


def test_slots_that_the_peak_left_over_may_go() -> None:
    (only,) = recommended(known(capacity=CapacityMetrics.model_validate(IDLE)))

    assert only.action == "Consider 60 slots fewer."  # 34 used at the peak are 85 % of 40


@pytest.mark.parametrize(
    "changed",
    [
        {"peak_utilization": None},
        {"pending_workflows": None},
        {"total_slots": None},
        {"pending_workflows": 1},
        {"peak_utilization": 0.75},
    ],
)
def test_capacity_is_never_given_up_on_missing_data(changed: dict[str, object]) -> None:
    capacity = CapacityMetrics.model_validate(IDLE | changed)

    assert not [action for action in actions(known(capacity=capacity)) if "fewer" in action]


def queue(**fields: object) -> QueueMetrics:
    info = QueueInfo.model_validate(
        {"name": "orders", "type": QueueType.FIFO, "size": 25, **fields}
    )
    return QueueMetrics(queues=(info,))


def test_a_queue_without_consumers_wants_one() -> None:
    assert actions(known(queuing=queue(consumers=0))) == ["Start a consumer of orders."]


def test_a_queue_that_falls_behind_wants_more_consumers() -> None:
    falling_behind = queue(consumers=4, arrival_rate=3.0, processing_rate=2.0)

    # 4 x 3 / 2 busy consumers are 85 % of 7.06
    assert actions(known(queuing=falling_behind)) == [
        "Give orders 8 consumers, 4 now, or send it less."
    ]


def test_how_many_consumers_is_not_guessed() -> None:
    falling_behind = queue(consumers=None, arrival_rate=3.0, processing_rate=2.0)

    assert actions(known(queuing=falling_behind)) == ["Give orders more consumers or send it less."]


def test_what_is_down_comes_first_then_the_largest_gain() -> None:
    record = known(
        component(ComponentType.DATABASE, ComponentStatus.UNHEALTHY, "refuses connections"),
        component(ComponentType.API, ComponentStatus.HEALTHY),
        scheduling=SchedulingPerformance(p95_scheduling_latency=10_000.0),
        execution=ExecutionMetrics(recent=RecentOutcomes(completed=10, failed=90, window_s=3600.0)),
    )
    found = recommended(record)

    assert [item.action.split()[0] for item in found] == ["Restore", "Shorten", "Look"]
    assert found[0].evidence == "refuses connections"
