"""Queues as the records of one orchestrator show them."""

from collections.abc import Sequence

from analytics.queue_analysis.observed import ObservedQueue, QueueSample
from analytics.queue_analysis.performance import DeadLetterSample
from analytics.queue_findings import oldest_age_s
from contracts.orchestrator import OrchestratorMetrics

__all__ = ["dead_letter_samples", "observed_queues"]


def observed_queues(records: Sequence[OrchestratorMetrics]) -> list[ObservedQueue]:
    """The queues of the newest record that knows any, with their past, in its order.

    Records may come in any order. Queues are told apart by name. A queue that the newest record
    does not list is gone.
    """
    ordered = sorted(records, key=lambda record: record.collected_at)
    known = [record for record in ordered if record.queuing and record.queuing.queues is not None]
    if not known:
        return []
    samples: dict[str, list[QueueSample]] = {}
    for record in known:
        for queue in (record.queuing and record.queuing.queues) or ():
            sample = QueueSample(
                at=record.collected_at,
                size=queue.size,
                arrival_rate_per_s=queue.arrival_rate,
                processing_rate_per_s=queue.processing_rate,
                oldest_age_s=oldest_age_s(queue, record.collected_at),
                consumers=queue.consumers,
            )
            samples.setdefault(queue.name, []).append(sample)
    newest = known[-1]
    return [
        ObservedQueue(queue, newest.collected_at, samples[queue.name])
        for queue in (newest.queuing and newest.queuing.queues) or ()
    ]


def dead_letter_samples(records: Sequence[OrchestratorMetrics]) -> list[DeadLetterSample]:
    """What each record that knows its queues says of items given up."""
    return [
        DeadLetterSample(
            record.collected_at,
            record.queuing.dead_letter_count,
            record.queuing.poison_message_count,
        )
        for record in records
        if record.queuing is not None
    ]
