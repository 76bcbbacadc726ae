"""What is said of queues."""

from datetime import timedelta

import pytest

from analytics.queue_findings import analyze_queues, oldest_age_s
from contracts.orchestrator import Metadata, QueueInfo, QueueMetrics, QueueType
from tests.analytics.samples import known
from tests.records import NOON


def queue(name: str, size: int | None, **fields: object) -> QueueInfo:
    return QueueInfo.model_validate({"name": name, "type": QueueType.FIFO, "size": size, **fields})


def queuing(*queues: QueueInfo, **fields: object) -> QueueMetrics:
    return QueueMetrics.model_validate({"queues": queues, **fields})


def test_queues_with_waiting_items_are_listed_the_largest_first() -> None:
    found = analyze_queues(known(queuing=queuing(queue("a", 1), queue("b", 9), queue("c", 0))))

    assert [item.name for item in found.queues] == ["b", "a"]


@pytest.mark.parametrize(
    ("arrival", "processing", "expected_s"),
    [
        (2.0, 4.5, 4.0),  # 10 items / 2.5 per second
        (4.5, 4.5, None),
        (5.0, 4.5, None),
        (None, 4.5, None),
        (2.0, None, None),
        (0.0, 5e-324, None),
    ],
)
def test_the_drain_time_is_known_only_of_a_queue_that_drains(
    arrival: float | None, processing: float | None, expected_s: float | None
) -> None:
    waiting = queue("a", 10, arrival_rate=arrival, processing_rate=processing)
    found = analyze_queues(known(queuing=queuing(waiting)))

    assert found.queues[0].drain_time_s == expected_s


def test_what_is_wrong_with_queues_is_said() -> None:
    metrics = queuing(
        queue("orphan", 25, consumers=0),
        queue("busy", 5, consumers=2, arrival_rate=3.0, processing_rate=2.0),
        queue("fine", 5, consumers=2, arrival_rate=1.0, processing_rate=2.0),
        backlog_growing_for_s=900.0,
        dead_letter_count=2,
        poison_message_count=1,
    )

    assert analyze_queues(known(queuing=metrics)).findings == (
        "orphan: 25 wait and nobody consumes.",
        "busy: 3 arrive and 2 are worked off per second.",
        "The backlog has grown for 900 s.",
        "2 dead letters.",
        "1 poison messages are tried for ever.",
    )


def test_an_unknown_number_of_consumers_is_not_nobody() -> None:
    found = analyze_queues(known(queuing=queuing(queue("a", 25, consumers=None))))

    assert found.findings == ()


def test_unknown_queues_say_why() -> None:
    metadata = Metadata(unavailable={"/queuing": "the broker is not configured"})
    found = analyze_queues(known(metadata=metadata))

    assert found.reason == "the broker is not configured"
    assert found.backlog_items is None


def test_no_queue_at_all_is_known() -> None:
    assert analyze_queues(known(queuing=queuing())).reason is None


@pytest.mark.parametrize(
    ("ago", "expected_s"), [(timedelta(seconds=42), 42.0), (timedelta(seconds=-3), 0.0)]
)
def test_the_age_of_the_oldest_item(ago: timedelta, expected_s: float) -> None:
    assert oldest_age_s(queue("a", 1, oldest_message=NOON - ago), NOON) == expected_s
