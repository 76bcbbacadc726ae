"""Each part of the health score against numbers reckoned by hand."""

import pytest

from analytics.health_parts import MEASURES, Part, slots_for
from contracts.health import ComponentHealth, ComponentStatus, ComponentType
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    LatencyHistogram,
    Metadata,
    OrchestratorMetrics,
    QueueMetrics,
    RecentOutcomes,
    SchedulingPerformance,
)
from tests.analytics.samples import component, known

API, CACHE = ComponentType.API, ComponentType.CACHE
SCHEDULER, DATABASE = ComponentType.SCHEDULER, ComponentType.DATABASE
GOOD, FAIR, BAD = ComponentStatus.HEALTHY, ComponentStatus.DEGRADED, ComponentStatus.UNHEALTHY


def part(name: str, record: OrchestratorMetrics) -> Part:
    return MEASURES[name](record)


# Components


@pytest.mark.parametrize(
    ("components", "expected"),
    [
        ([component(API, GOOD), component(CACHE, GOOD)], 1.0),
        ([component(API, GOOD), component(CACHE, FAIR)], 0.75),
        ([component(SCHEDULER, GOOD), component(API, BAD)], 2 / 3),
        ([component(DATABASE, FAIR), component(API, GOOD)], (2 * 0.5 + 1) / 3),
        ([component(API, GOOD), component(CACHE, None)], 1.0),  # unknown is left out
        ([component(SCHEDULER, BAD)], 0.0),
    ],
)
def test_components_are_weighed(components: list[ComponentHealth], expected: float) -> None:
    assert part("component_health", known(*components)).score == pytest.approx(expected)


@pytest.mark.parametrize("kind", [SCHEDULER, DATABASE])
def test_many_healthy_components_do_not_hide_a_core_one_that_is_down(kind: ComponentType) -> None:
    others = [component(API, GOOD, name=f"api-{number}") for number in range(20)]

    assert part("component_health", known(component(kind, BAD), *others)).score == 0.5


@pytest.mark.parametrize("components", [[], [component(API, None), component(SCHEDULER, None)]])
def test_no_component_of_known_status_is_unknown(components: list[ComponentHealth]) -> None:
    result = part("component_health", known(*components))

    assert result.score is None
    assert result.reason


def test_the_component_part_keeps_every_status() -> None:
    result = part("component_health", known(component(API, FAIR), component(CACHE, None)))

    assert result.raw == {
        "components": 2,
        "components_known": 1,
        "api/api": "degraded",
        "cache/cache": None,
    }
    assert result.repair == "Bring back to healthy: api degraded."


# Capacity


@pytest.mark.parametrize(
    ("utilization", "pending", "expected"),
    [
        (0.0, 0, 0.7),
        (0.35, 0, 0.85),
        (0.7, 0, 1.0),
        (0.8, 0, 1.0),
        (0.85, 7, 1.0),
        (0.94, 7, 0.4),
        (0.94, 0, 0.7),
        (1.0, 7, 0.0),
        (1.0, 0, 0.5),
        (1.3, 7, 0.0),
        (1.3, 0, 0.5),
        (0.35, None, 0.85),  # below the target it does not matter whether work waits
    ],
)
def test_capacity(utilization: float, pending: int | None, expected: float) -> None:
    capacity = CapacityMetrics(capacity_utilization=utilization, pending_workflows=pending)

    assert part("capacity_utilization", known(capacity=capacity)).score == pytest.approx(expected)


def test_work_in_a_queue_is_waiting_work() -> None:
    record = known(
        capacity=CapacityMetrics(capacity_utilization=1.0), queuing=QueueMetrics(backlog_size=1)
    )

    assert part("capacity_utilization", record).score == 0.0


def test_full_slots_are_unknown_while_waiting_work_is() -> None:
    result = part("capacity_utilization", known(capacity=CapacityMetrics(capacity_utilization=0.9)))

    assert result.score is None
    assert result.reason is not None
    assert "whether work waits" in result.reason


@pytest.mark.parametrize("capacity", [None, CapacityMetrics(total_slots=10, used_slots=8)])
def test_capacity_without_utilization_is_unknown(capacity: CapacityMetrics | None) -> None:
    metadata = Metadata(unavailable={"/capacity": "no worker reports its slots"})
    result = part("capacity_utilization", known(capacity=capacity, metadata=metadata))

    assert result.score is None
    assert result.reason == "no worker reports its slots"


def test_repairing_full_slots_names_how_many() -> None:
    capacity = CapacityMetrics(
        capacity_utilization=0.94, total_slots=100, used_slots=94, pending_workflows=3
    )

    assert part("capacity_utilization", known(capacity=capacity)).repair == (
        "111 slots would bring the same work to 0.85."
    )


@pytest.mark.parametrize(("used", "slots"), [(0, 0), (85, 100), (86, 102), (94, 111), (17, 20)])
def test_slots_for_a_target_are_not_one_too_many(used: int, slots: int) -> None:
    assert slots_for(used, 0.85) == slots


# Scheduling


@pytest.mark.parametrize(
    ("p95_ms", "expected"), [(0.0, 1.0), (50.0, 1.0), (100.0, 1.0), (250.0, 0.4), (10_000.0, 0.01)]
)
def test_scheduling(p95_ms: float, expected: float) -> None:
    record = known(scheduling=SchedulingPerformance(p95_scheduling_latency=p95_ms))

    assert part("scheduling_performance", record).score == pytest.approx(expected)


@pytest.mark.parametrize(
    "scheduling",
    [
        None,
        SchedulingPerformance(avg_scheduling_latency=1.0),
        SchedulingPerformance(
            latency_histogram=LatencyHistogram(bounds_ms=(10,), counts=(0, 0), sum_ms=0)
        ),
    ],
)
def test_scheduling_without_a_percentile_is_unknown(
    scheduling: SchedulingPerformance | None,
) -> None:
    result = part("scheduling_performance", known(scheduling=scheduling))

    assert result.score is None
    assert result.reason


def test_a_percentile_beyond_the_last_bound_counts_as_that_bound() -> None:
    histogram = LatencyHistogram(bounds_ms=(10, 1000), counts=(50, 40, 10), sum_ms=1)
    result = part(
        "scheduling_performance",
        known(scheduling=SchedulingPerformance(latency_histogram=histogram)),
    )

    assert result.score == pytest.approx(0.1)
    assert "is above 1000 ms" in result.evidence


# Queues


@pytest.mark.parametrize(
    ("queuing", "expected"),
    [
        (QueueMetrics(max_wait_time=0.0), 1.0),
        (QueueMetrics(max_wait_time=300_000.0), 1.0),
        (QueueMetrics(max_wait_time=400_000.0), 0.75),
        (QueueMetrics(max_wait_time=400_000.0, backlog_growing_for_s=899.0), 0.75),
        (QueueMetrics(max_wait_time=400_000.0, backlog_growing_for_s=900.0), 0.375),
        (QueueMetrics(max_wait_time=600_000.0, avg_wait_time=1.0), 0.5),  # the oldest counts
        (QueueMetrics(avg_wait_time=600_000.0), 0.5),
        (QueueMetrics(backlog_size=0), 1.0),
        (QueueMetrics(backlog_size=0, max_wait_time=600_000.0), 0.5),
    ],
)
def test_queues(queuing: QueueMetrics, expected: float) -> None:
    assert part("queue_efficiency", known(queuing=queuing)).score == pytest.approx(expected)


@pytest.mark.parametrize(
    "queuing", [None, QueueMetrics(), QueueMetrics(backlog_size=5, backlog_growing_for_s=2000.0)]
)
def test_queues_without_a_wait_are_unknown(queuing: QueueMetrics | None) -> None:
    result = part("queue_efficiency", known(queuing=queuing))

    assert result.score is None
    assert result.reason


def test_both_faults_of_queues_are_repaired() -> None:
    queuing = QueueMetrics(max_wait_time=400_000.0, backlog_growing_for_s=1_200.0)

    assert part("queue_efficiency", known(queuing=queuing)).repair == (
        "Cut the wait to 300 s and stop the backlog's growth."
    )


# Failures


def recent(completed: int, failed: int) -> OrchestratorMetrics:
    outcomes = RecentOutcomes(completed=completed, failed=failed, window_s=3600.0)
    return known(execution=ExecutionMetrics(recent=outcomes))


@pytest.mark.parametrize(
    ("completed", "failed", "expected"),
    [
        (98, 2, 0.2999),  # upper bound 0.07001
        (1000, 0, 0.9617),  # 3.8416 / 1003.8416
        (0, 1000, 0.0),
        (3, 0, 0.0),  # too few to rule out 10 %
        (90, 10, 0.0),
    ],
)
def test_failures(completed: int, failed: int, expected: float) -> None:
    result = part("error_rate", recent(completed, failed))

    assert result.score == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    "execution",
    [
        None,
        ExecutionMetrics(completed_workflows=10, failed_workflows=0),
        ExecutionMetrics(recent=RecentOutcomes(completed=0, failed=0, window_s=60.0)),
    ],
)
def test_nothing_finished_is_unknown(execution: ExecutionMetrics | None) -> None:
    result = part("error_rate", known(execution=execution))

    assert result.score is None
    assert result.reason


@pytest.mark.parametrize("name", MEASURES)
def test_a_record_that_knows_nothing_has_no_part(name: str) -> None:
    result = part(name, known())

    assert result.score is None
    assert result.reason
    assert result.reason in result.evidence
