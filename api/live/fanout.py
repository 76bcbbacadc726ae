"""One task hears the outbox for all sessions of this process, and tells each what it asked for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from api.live import values
from api.live.feeds import Feed, Value
from api.live.messages import Message, acknowledged, data, error
from api.live.session import Session
from api.live.topics import Topic
from contracts.live import Acknowledged, LiveType
from store.errors import StoreUnavailableError
from store.outbox import Announcement, Cursor, Outbox
from store.reads import Reads
from store.records import Records

__all__ = ["MOST_SESSIONS", "Live", "TooManySessionsError"]

log = structlog.get_logger(__name__)

MOST_SESSIONS = 2000
MOST_AT_ONCE = 1000
"""Announcements read in one go."""

MOST_MISSED = 20_000
"""Announcements looked through for a client that comes back; a longer absence is a gap."""

AWAY = "The database does not answer now; nothing is lost."
POLL_S = 0.1
RETRY_S = 1.0


class TooManySessionsError(Exception):
    """This process serves as many live sessions as it may."""


@dataclass(frozen=True)
class _Ask:
    """A session's wish to hear of topics; `since` where it heard of events before."""

    session: Session
    topics: Collection[str]
    since: Cursor | None
    unknown: "asyncio.Future[list[str]]"


class Live:
    """Hears the outbox while there are sessions.

    All news pass through one task, so that each session gets its snapshot, what it missed and
    what is new in that order.
    """

    def __init__(
        self,
        outbox: Outbox,
        reads: Reads,
        records: Records,
        clock: Callable[[], datetime],
        registry: CollectorRegistry,
    ) -> None:
        self._outbox = outbox
        self._reads = reads
        self._records = records
        self._clock = clock
        self._count = Gauge("woa_live_sessions", "WebSocket and SSE clients.", registry=registry)
        self._waited = Counter(
            "woa_live_late",
            "What clients read too late for: states told once for several, events told as a gap.",
            ("what",),
            registry=registry,
        )
        self._sessions: set[Session] = set()
        self._hearing: asyncio.Task[None] | None = None
        self._begin()

    def _begin(self) -> None:
        self._position: Cursor | None = None
        self._asks: list[_Ask] = []
        self._feeds: dict[str, Feed] = {}
        self._listeners: dict[str, set[Session]] = {}
        self._asked = asyncio.Event()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """A new client, until the block ends. Raises `TooManySessionsError`."""
        if len(self._sessions) >= MOST_SESSIONS:
            raise TooManySessionsError(f"{MOST_SESSIONS} clients listen already")
        session = Session(self._clock)
        self._sessions.add(session)
        self._count.inc()
        if self._hearing is None:
            self._hearing = asyncio.create_task(self._hear())
        try:
            yield session
        finally:
            self._leave(session)
            if not self._sessions:
                await self._rest()

    async def subscribe(
        self, session: Session, topics: Collection[str], since: Cursor | None
    ) -> list[str]:
        """Ask to hear of topics; of events from behind a cursor, else from now.

        Returns those that are unknown. The session is told of each. Raises
        `StoreUnavailableError`.
        """
        ask = _Ask(session, topics, since, asyncio.get_running_loop().create_future())
        self._asks.append(ask)
        self._asked.set()
        return await ask.unknown

    def unsubscribe(self, session: Session, topic: str) -> None:
        """Hear no more of a topic."""
        session.forget(topic)
        listeners = self._listeners.get(topic, set())
        listeners.discard(session)
        if not listeners:
            self._listeners.pop(topic, None)
            self._feeds.pop(topic, None)

    def _leave(self, session: Session) -> None:
        self._sessions.discard(session)
        for topic in list(session.topics):
            self.unsubscribe(session, topic)
        self._asks = [each for each in self._asks if each.session is not session]
        self._count.dec()
        self._waited.labels("conflated").inc(session.conflated)
        self._waited.labels("gap").inc(session.gaps)

    async def _rest(self) -> None:
        hearing, self._hearing = self._hearing, None
        self._begin()
        if hearing is not None:
            hearing.cancel()
            with suppress(asyncio.CancelledError):
                await hearing

    async def _hear(self) -> None:
        away = False
        while True:
            try:
                more = await self._turn()
                away = False
            except StoreUnavailableError as reason:
                if not away:
                    log.warning("live_updates_wait", reason=str(reason))
                    self._tell_all(error("store_unavailable", AWAY, self._clock()))
                away, more = True, False
                self._refuse_asks(reason)
                await asyncio.sleep(RETRY_S)
            except Exception:
                # Clients come back and go on from their cursor.
                log.exception("live_updates_failed")
                for session in self._sessions:
                    session.end("internal_error")
                self._begin()
                more = False
                await asyncio.sleep(RETRY_S)
            if not more:
                self._asked.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._asked.wait()

    def _refuse_asks(self, away: StoreUnavailableError) -> None:
        asks, self._asks = self._asks, []
        for ask in asks:
            if not ask.unknown.done():
                ask.unknown.set_exception(away)

    def _tell_all(self, message: Message) -> None:
        for session in self._sessions:
            session.tell(message)

    async def _turn(self) -> bool:
        """Read what is new and tell it: all of it, or nothing when the database is away."""
        asks, self._asks = self._asks, []
        try:
            return await self._read_and_tell(asks)
        except StoreUnavailableError:
            self._asks = asks + self._asks
            raise

    async def _read_and_tell(self, asks: Sequence[_Ask]) -> bool:
        position = self._position
        if position is None:
            position = self._position = await self._outbox.newest()
        announced = await self._outbox.after(position, MOST_AT_ONCE)
        missed = {
            since: await self._missed(since, position) for since in {ask.since for ask in asks}
        }
        heard = [each for each in announced if each.topic in self._listeners]
        states = await self._states(heard, asks)
        told = [*heard, *(each for found in missed.values() for each in found or ())]
        told += [each for each in announced if any(each.topic in ask.topics for ask in asks)]
        events = await values.events(self._records, told)
        # From here on nothing waits.
        for ask in asks:
            self._admit(ask, position, states)
        for ask in asks:
            self._tell_missed(ask, position, missed[ask.since], events)
        self._tell_states(announced, states)
        before = position
        for each in announced:
            self._tell_event(each, before, events, self._listeners.get(each.topic, ()))
            before = each.cursor
        self._position = before
        return len(announced) == MOST_AT_ONCE

    async def _missed(
        self, since: Cursor | None, position: Cursor
    ) -> Sequence[Announcement] | None:
        if since is None or since == position:
            return []
        return await self._outbox.missed(since, position, MOST_MISSED)

    async def _states(
        self, heard: Sequence[Announcement], asks: Sequence[_Ask]
    ) -> Mapping[str, Value]:
        names = {each.topic for each in heard}
        names |= {name for ask in asks for name in ask.topics if name not in self._feeds}
        topics = [topic for name in names if (topic := Topic.parse(name)) and topic.is_state]
        return await values.states(self._reads, topics, self._clock())

    def _admit(self, ask: _Ask, position: Cursor, states: Mapping[str, Value]) -> None:
        """Take the session's topics on, and tell the present of states."""
        if ask.session not in self._sessions:
            return
        now, unknown = self._clock(), []
        for name in ask.topics:
            topic = Topic.parse(name)
            if topic is None or (topic.is_state and name not in {*self._feeds, *states}):
                unknown.append(name)
                said = "There is no such topic, or nothing was ever heard of its subject."
                ask.session.tell(error("unknown_topic", said, now, name))
                continue
            since = position if ask.since is None else ask.since
            ask.session.topics[name] = since
            self._listeners.setdefault(name, set()).add(ask.session)
            done = Acknowledged(action="subscribe")
            ask.session.tell(acknowledged(name, done, now, since))
            if name in states and name not in self._feeds:
                self._feeds[name] = Feed(name, states[name], (position, now))
            if name in self._feeds:
                ask.session.offer_state(self._feeds[name])
        if not ask.unknown.done():
            ask.unknown.set_result(unknown)

    def _tell_states(self, announced: Sequence[Announcement], states: Mapping[str, Value]) -> None:
        newest = {each.topic: each for each in announced if each.topic in self._feeds}
        for name, each in newest.items():
            if name in states:
                feed = self._feeds[name]
                feed.update(states[name], (each.cursor, each.at))
                for session in self._listeners[name]:
                    session.offer_state(feed)

    def _tell_missed(
        self,
        ask: _Ask,
        position: Cursor,
        missed: Sequence[Announcement] | None,
        events: Mapping[UUID, str],
    ) -> None:
        if ask.since is None:
            return
        for name in ask.topics:
            if name not in ask.session.topics or name in self._feeds:
                continue
            if missed is None:
                ask.session.lose(name, ask.since, position)
                continue
            before = ask.since
            for each in missed:
                if each.topic == name:
                    self._tell_event(each, before, events, (ask.session,))
                    before = each.cursor

    @staticmethod
    def _tell_event(
        each: Announcement,
        before: Cursor,
        events: Mapping[UUID, str],
        sessions: Sequence[Session] | set[Session],
    ) -> None:
        if not sessions or each.kind not in values.EVENTS:
            return
        payload = events.get(UUID(each.payload["id"]))
        if payload is None:  # it was dropped from history since
            for session in sessions:
                session.lose(each.topic, before, each.cursor)
            return
        message = data(LiveType(each.kind), each.topic, (each.cursor, each.at), payload)
        for session in sessions:
            session.offer_event(each.topic, before, each.cursor, message)
