"""Events: what goes wrong, and when exactly a pod was given its node. None of them is kept."""

from collections import Counter
from datetime import datetime

from msgspec import Struct, field

from agents.kube.wire import Watched

__all__ = ["Happening", "Happenings", "KubeEvent", "happening"]

REMEMBERED = 10_000
"""Most events, and most pods, of which something is remembered at a time."""


class Regarding(Struct, frozen=True):
    kind: str = ""
    uid: str = ""


class Series(Struct, frozen=True):
    count: int = 1


class KubeEvent(Watched, frozen=True, rename="camel"):
    """Of events.k8s.io/v1. Old-style events have `deprecatedCount` in the place of a series."""

    reason: str = ""
    event_time: datetime | None = None
    deprecated_count: int | None = None
    series: Series | None = None
    regarding: Regarding = field(default_factory=Regarding)


class Happening(Struct, frozen=True, gc=False):
    """`count`: how often the event has been seen so far."""

    key: str
    reason: str
    kind: str
    uid: str
    at: datetime | None
    count: int


def happening(event: KubeEvent) -> Happening:
    count = event.series.count if event.series else event.deprecated_count or 1
    regarding = event.regarding
    return Happening(
        event.key, event.reason, regarding.kind, regarding.uid, event.event_time, count
    )


class Happenings:
    """Told of every event; `warnings` counts them by reason and kind of what they are about."""

    def __init__(self) -> None:
        self.warnings: Counter[tuple[str, str]] = Counter()
        self._counts: dict[str, int] = {}
        self._placed: dict[str, datetime] = {}

    def warned(self, _: Happening | None, event: Happening | None) -> None:
        """An event of type Warning came, or came again."""
        if event is None:
            return
        # Of an event that is not remembered nobody knows how much of its count is new.
        before = self._counts.pop(event.key, event.count - 1)
        self.warnings[event.reason, event.kind] += max(0, event.count - before)
        self._counts[event.key] = event.count
        _forget_oldest(self._counts)

    def placed(self, _: Happening | None, event: Happening | None) -> None:
        """The scheduler says that it gave a pod a node."""
        if event is not None and event.at is not None:
            self._placed[event.uid] = event.at
            _forget_oldest(self._placed)

    def placed_at(self, uid: str) -> datetime | None:
        """When a pod was given its node, if its event has come. Asked once of each pod."""
        return self._placed.pop(uid, None)

    def take_warnings(self) -> Counter[tuple[str, str]]:
        """Those since the last time."""
        taken, self.warnings = self.warnings, Counter()
        return taken


def _forget_oldest(known: dict[str, int] | dict[str, datetime]) -> None:
    if len(known) > REMEMBERED:
        del known[next(iter(known))]
