"""What changed since the scrape before: read with an overlap, counted once."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from agents.missing import CLOCK_WENT_BACK, Missing

__all__ = ["PAGE", "Mark", "Seen", "overlap", "pages"]

PAGE = 100
"""The server's largest page, [api] maximum_page_limit."""

T = TypeVar("T")


@dataclass(frozen=True)
class Mark:
    """How far a window was read: when by our clock, until when by the server's."""

    read_at: datetime
    until: datetime

    def seconds(self, now: datetime) -> float | Missing:
        """Length of the interval that ends now."""
        passed = (now - self.read_at).total_seconds()
        return passed if passed > 0 else CLOCK_WENT_BACK


class Seen(Generic[T]):
    """Events that were counted already, with their times; those before `horizon` are forgotten."""

    def __init__(self, events: Iterable[tuple[Hashable, datetime]] = ()) -> None:
        self._events = dict(events)

    def new(
        self,
        rows: Sequence[T],
        event: Callable[[T], tuple[Hashable, datetime] | None],
        since: datetime,
    ) -> list[T]:
        """Rows of which the event was not counted yet. What is older was, and was forgotten."""
        found = []
        for row in rows:
            about = event(row)
            if about is not None and about[0] not in self._events and about[1] >= since:
                found.append(row)
        return found

    def with_(
        self,
        rows: Sequence[T],
        event: Callable[[T], tuple[Hashable, datetime] | None],
        horizon: datetime,
    ) -> "Seen[T]":
        """These and those of `rows`, without what is older than the horizon."""
        added = [about for about in map(event, rows) if about is not None]
        events = {**self._events, **dict(added)}
        return Seen((key, at) for key, at in events.items() if at >= horizon)


async def pages(
    ask: Callable[[int, str | None], Awaitable[tuple[Sequence[T], str | None] | Missing]],
    most: int,
    what: str,
) -> list[T] | Missing:
    """All rows of up to `most` pages. `ask(offset, cursor)` gives one and the next one's cursor."""
    rows: list[T] = []
    cursor: str | None = None
    for number in range(most):
        answer = await ask(number * PAGE, cursor)
        if isinstance(answer, Missing):
            return answer
        found, cursor = answer
        rows += found
        if len(found) < PAGE:
            return rows
    return Missing(f"more than {most * PAGE} {what} changed (window_pages)")


def overlap(mark: Mark | None, at: datetime, seconds: float) -> datetime:
    """From when on a window is read."""
    return (mark.until if mark else at) - timedelta(seconds=seconds)
