"""What can be subscribed to."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from contracts.live import ALERTS as OF_ALERTS
from contracts.live import COORDINATION_EVENTS as OF_COORDINATION
from contracts.live import SCALING_EVENTS as OF_SCALING

__all__ = ["Topic", "TopicKind"]


class TopicKind(StrEnum):
    """The part of a topic's name before its id."""

    ORCHESTRATOR = "orchestrator"
    WORKER_POOL = "worker-pool"
    COORDINATION = "coordination"
    COORDINATION_EVENTS = OF_COORDINATION
    SCALING_EVENTS = OF_SCALING
    ALERTS = OF_ALERTS


OF_ONE = frozenset({TopicKind.ORCHESTRATOR, TopicKind.WORKER_POOL, TopicKind.COORDINATION})


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject to hear of.

    Of a state only the newest matters: who is slow is told that alone. Events are each told.
    """

    kind: TopicKind
    subject: UUID | None = None

    def __str__(self) -> str:
        return self.kind.value if self.subject is None else f"{self.kind.value}:{self.subject}"

    @property
    def is_state(self) -> bool:
        return self.kind in (TopicKind.ORCHESTRATOR, TopicKind.WORKER_POOL)

    @classmethod
    def parse(cls, name: str) -> "Topic | None":
        """None for what is no topic."""
        kind, colon, subject = name.partition(":")
        try:
            topic = cls(TopicKind(kind), UUID(subject) if colon else None)
        except ValueError:
            return None
        well = (topic.kind in OF_ONE) == bool(colon) and str(topic) == name
        return topic if well else None
