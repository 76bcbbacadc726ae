"""Where work waits, and in which order it is named."""

from datetime import timedelta

import pytest

from analytics.bottlenecks import find_bottlenecks
from contracts.orchestrator import (
    CapacityMetrics,
    LatencyHistogram,
    QueueInfo,
    QueueMetrics,
    QueueType,
    SchedulingPerformance,
)
from tests.analytics.samples import known
from tests.records import NOON


def queue(name: str, size: int | None, age_s: float | None, **fields: object) -> QueueInfo:
    oldest = None if age_s is None else NOON - timedelta(seconds=age_s)
    return QueueInfo.model_validate(
        {"name": name, "type": QueueType.FIFO, "size": size, "oldest_message": oldest, **fields}
    )


def test_queues_are_ranked_by_items_times_age_and_unknown_comes_last() -> None:
    queues = (
        queue("unknown", 10_000, None),
        queue("long", 100, 2.0),
        queue("old", 3, 100.0),
        queue("empty", 0, None),
        queue("uncounted", None, 50.0),
    )
    found = find_bottlenecks(known(queuing=QueueMetrics(queues=queues)))

    assert [(item.name, item.wait_item_s) for item in found] == [
        ("old", 300.0),
        ("long", 200.0),
        ("unknown", None),
    ]


def test_without_an_age_the_processing_rate_tells_the_wait() -> None:
    queues = (queue("a", 10, None, processing_rate=4.0),)
    (found,) = find_bottlenecks(known(queuing=QueueMetrics(queues=queues)))

    assert (found.wait_s, found.wait_item_s) == (2.5, 25.0)
    assert "Little" in found.basis


def test_a_queue_that_nobody_consumes_says_so() -> None:
    queues = (queue("a", 25, 60.0, consumers=0),)
    (found,) = find_bottlenecks(known(queuing=QueueMetrics(queues=queues)))

    assert found.evidence == "25 items wait, the oldest for 60 s, nobody consumes."


def test_slow_scheduling_is_ranked_by_the_latencies_that_were_observed() -> None:
    histogram = LatencyHistogram(bounds_ms=(1000,), counts=(10, 0), sum_ms=4_000)
    scheduling = SchedulingPerformance(p95_scheduling_latency=450.0, latency_histogram=histogram)
    (found,) = find_bottlenecks(known(scheduling=scheduling))

    assert (found.kind, found.wait_s, found.wait_item_s) == ("scheduling", 0.45, 4.0)


def test_full_slots_are_a_bottleneck_once_work_waits() -> None:
    capacity = CapacityMetrics(available_slots=0, pending_workflows=8)
    queuing = QueueMetrics(avg_wait_time=1_500.0)
    (found,) = find_bottlenecks(known(capacity=capacity, queuing=queuing))

    assert (found.kind, found.waiting_items, found.wait_item_s) == ("capacity", 8, 12.0)


@pytest.mark.parametrize(
    "capacity",
    [
        CapacityMetrics(available_slots=0, pending_workflows=0),
        CapacityMetrics(available_slots=0),
        CapacityMetrics(available_slots=None, pending_workflows=8),
        CapacityMetrics(available_slots=1, pending_workflows=8),
    ],
)
def test_slots_not_known_to_be_full_or_wanted_are_none(capacity: CapacityMetrics) -> None:
    assert find_bottlenecks(known(capacity=capacity)) == ()


def test_scheduling_within_its_target_is_none() -> None:
    scheduling = SchedulingPerformance(p95_scheduling_latency=100.0)

    assert find_bottlenecks(known(scheduling=scheduling)) == ()


def test_the_list_is_short() -> None:
    queues = tuple(queue(f"queue-{number}", 1, 1.0) for number in range(50))

    assert len(find_bottlenecks(known(queuing=QueueMetrics(queues=queues)))) == 10
