"""Queues of which only what a test speaks of is known."""

from collections.abc import Sequence
from datetime import timedelta

from analytics.queue_analysis.observed import ObservedQueue, QueueSample
from contracts.orchestrator import QueueInfo, QueueType
from tests.records import NOON

__all__ = ["observed", "past"]

Column = Sequence[float | None] | float | None


def observed(samples: Sequence[QueueSample] = (), /, **newest: object) -> ObservedQueue:
    """A queue whose newest record knows the fields given."""
    defaults: dict[str, object] = {"name": "jobs", "type": QueueType.FIFO, "size": None}
    return ObservedQueue(QueueInfo.model_validate(defaults | newest), NOON, samples)


def past(minutes: int, **columns: Column) -> list[QueueSample]:
    """A sample a minute, the last one at NOON; a single number stands for all minutes."""

    def at(column: str, minute: int) -> float | None:
        values = columns.get(column)
        return values[minute] if isinstance(values, Sequence) else values

    assert columns.keys() <= {"size", "arrivals", "processed", "age_s", "consumers"}
    return [
        QueueSample(
            at=NOON - timedelta(minutes=minutes - 1 - minute),
            size=at("size", minute),
            arrival_rate_per_s=at("arrivals", minute),
            processing_rate_per_s=at("processed", minute),
            oldest_age_s=at("age_s", minute),
            consumers=at("consumers", minute),
        )
        for minute in range(minutes)
    ]
