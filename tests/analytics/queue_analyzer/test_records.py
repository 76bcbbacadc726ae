"""Queues as records show them."""

from datetime import timedelta

import pytest

from analytics.queue_analysis.performance import DeadLetterSample
from analytics.queue_analysis.records import dead_letter_samples, observed_queues
from analytics.queue_analyzer import QueueAnalyzer
from contracts.orchestrator import (
    OrchestratorMetrics,
    QueueInfo,
    QueueMetrics,
    QueueType,
)
from tests.analytics.samples import known
from tests.records import NOON


def seen(minute: int, **sizes: int) -> OrchestratorMetrics:
    """A record of queues of which 5 per second are worked off and 2 arrive."""
    at = NOON + timedelta(minutes=minute)
    queues = tuple(
        QueueInfo(
            name=name,
            type=QueueType.FIFO,
            size=size,
            consumers=4,
            arrival_rate=2.0,
            processing_rate=5.0,
            oldest_message=at - timedelta(seconds=30),
        )
        for name, size in sizes.items()
    )
    return known(collected_at=at, queuing=QueueMetrics(queues=queues, dead_letter_count=minute))


def test_queues_of_the_newest_record_have_their_past() -> None:
    records = [seen(1, a=7, gone=1), seen(2, b=9, a=8), seen(0, a=6)]
    found = observed_queues(records)

    assert [(each.name, each.newest.size) for each in found] == [("b", 9), ("a", 8)]
    assert {each.read_at for each in found} == {NOON + timedelta(minutes=2)}
    assert [sample.size for sample in found[1].samples] == [6, 7, 8]
    assert found[1].samples[0].oldest_age_s == 30.0
    assert found[1].samples[0].consumers == 4


def test_a_record_that_knows_no_queues_is_passed_over() -> None:
    records = [seen(0, a=6), known(collected_at=NOON + timedelta(minutes=1))]

    assert observed_queues(records)[0].read_at == NOON
    assert observed_queues(records[1:]) == []
    assert dead_letter_samples(records) == [DeadLetterSample(NOON, 0)]


def test_an_hour_of_records_is_enough_to_tell_all() -> None:
    records = [seen(minute, a=90_000 - 180 * minute) for minute in range(60)]
    (queue,) = observed_queues(records)
    found = QueueAnalyzer().analyze_queue_performance([queue], dead_letter_samples(records))

    assert found.backlog_analysis.queues[0].drain_time_s == pytest.approx(79_380 / 3)
    assert found.dead_letter_analysis.dead_letters_per_h == pytest.approx(60.0)
    assert QueueAnalyzer().estimate_wait(queue).eta_s == pytest.approx(79_380 / 5)
