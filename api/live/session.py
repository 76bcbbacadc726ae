"""What waits to be told to one client."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime

from api.live.feeds import Feed
from api.live.messages import Message, gap
from store.outbox import Cursor

__all__ = ["MOST_EVENTS", "Session", "SessionOverError"]

MOST_EVENTS = 1000
"""Events that wait for a client that does not read; what comes then is a gap."""


class SessionOverError(Exception):
    """The server ends the session; the message says why."""


class Session:
    """Filled by the one task that hears the news, emptied by the one that writes to the client.

    States wait as no more than the wish to be told: when their turn comes, the newest is told.
    Events wait in their order. A client that does not read keeps nobody else waiting.
    """

    def __init__(self, clock: Callable[[], datetime], most_events: int = MOST_EVENTS) -> None:
        self.topics: dict[str, Cursor] = {}
        """What was asked for, and up to where events of it were told before."""
        self.conflated = self.gaps = 0
        self.told = 0
        """How many messages were taken: the number of the last one."""
        self._clock = clock
        self._most_events = most_events
        self._notices: deque[Message] = deque()
        self._states: dict[str, Feed] = {}
        self._known: dict[str, int] = {}
        self._events: deque[tuple[str, Message]] = deque()
        self._lost: dict[str, tuple[Cursor, Cursor]] = {}
        self._over: str | None = None
        self._something = asyncio.Event()

    def tell(self, message: Message) -> None:
        """A message that comes before all that waits."""
        self._notices.append(message)
        self._something.set()

    def offer_state(self, feed: Feed) -> None:
        """There is something new of a state."""
        self.conflated += feed.topic in self._states
        self._states[feed.topic] = feed
        self._something.set()

    def offer_event(self, topic: str, before: Cursor, cursor: Cursor, message: Message) -> None:
        """An event at `cursor`; `before` is the place before it."""
        if cursor <= self.topics.get(topic, cursor):
            return  # told before, perhaps by another replica
        if topic in self._lost or len(self._events) >= self._most_events:
            self.lose(topic, before, cursor)
            return
        self.topics[topic] = cursor
        self._events.append((topic, message))
        self._something.set()

    def lose(self, topic: str, since: Cursor, until: Cursor) -> None:
        """Events of a topic behind `since` up to `until` cannot be told."""
        first = self._lost[topic][0] if topic in self._lost else since
        self._lost[topic] = (first, until)
        self.topics[topic] = until
        self._something.set()

    def forget(self, topic: str) -> None:
        """Nothing more of this topic."""
        for kept in (self.topics, self._states, self._known, self._lost):
            kept.pop(topic, None)
        self._events = deque(each for each in self._events if each[0] != topic)

    def end(self, reason: str) -> None:
        """Nothing more at all."""
        self._over = reason
        self._something.set()

    async def next(self) -> Message:
        """The next message; waits for one. Raises `SessionOverError`."""
        while True:
            if self._over is not None:
                raise SessionOverError(self._over)
            message = self._take()
            if message is not None:
                self.told += 1
                return message
            self._something.clear()
            await self._something.wait()

    def _take(self) -> Message | None:
        if self._notices:
            return self._notices.popleft()
        if self._events:
            return self._events.popleft()[1]
        if self._lost:
            topic = next(iter(self._lost))
            self.gaps += 1
            return gap(topic, *self._lost.pop(topic), self._clock())
        if self._states:
            topic = next(iter(self._states))
            feed = self._states.pop(topic)
            message = feed.message(self._known.get(topic))
            self._known[topic] = feed.version
            return message
        return None
