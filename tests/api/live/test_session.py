"""What waits for one client: states only the newest, events each, and a gap for what is lost."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from api.live.feeds import Feed, Value
from api.live.messages import Message
from api.live.session import Session, SessionOverError
from api.live.topics import Topic
from contracts.live import LiveType
from store.outbox import Cursor
from tests.records import NOON

EVENTS = "scaling-events"


def place(seq: int) -> Cursor:
    return Cursor(7, seq)


def state(head: str, **workers: str) -> Value:
    return Value(LiveType.WORKER_UPDATE, head, workers or None)


def feed(value: Value) -> Feed:
    return Feed("worker-pool:1", value, (place(1), NOON))


def offer(session: Session, seq: int) -> None:
    session.offer_event(
        EVENTS, place(seq - 1), place(seq), Message(LiveType.SCALING_EVENT, str(seq))
    )


def listening(most_events: int = 3) -> Session:
    session = Session(lambda: NOON, most_events)
    session.topics[EVENTS] = place(0)
    return session


async def drained(session: Session) -> list[str]:
    """All that can be told without waiting."""
    found: list[str] = []
    while True:
        waiting = asyncio.ensure_future(session.next())
        await asyncio.sleep(0)
        if not waiting.done():
            waiting.cancel()
            return found
        found.append(waiting.result().rest)


async def body(session: Session) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await session.next()).text(1))
    return found


async def test_events_are_told_in_their_order() -> None:
    session = listening()
    for seq in (1, 2, 3):
        offer(session, seq)

    assert await drained(session) == ["1", "2", "3"]


async def test_an_event_is_told_once_even_where_two_replicas_know_it() -> None:
    session = listening()
    session.topics[EVENTS] = place(2)
    for seq in (1, 2, 3, 3):
        offer(session, seq)

    assert await drained(session) == ["3"]


async def test_what_nobody_asked_for_is_not_told() -> None:
    session = Session(lambda: NOON)
    offer(session, 1)

    assert await drained(session) == []


async def test_who_does_not_read_gets_a_gap_and_then_goes_on() -> None:
    session = listening(most_events=3)
    for seq in range(1, 7):
        offer(session, seq)
    told = await drained(session)
    offer(session, 7)

    assert told[:3] == ["1", "2", "3"]
    assert json.loads(f"{{{told[3]}") == {
        "type": "gap",
        "topic": EVENTS,
        "cursor": "7.6",
        "ts": "2026-03-14T12:00:00Z",
        "payload": {"after": "7.3", "before": "7.6", "missed": None},
    }
    assert await drained(session) == ["7"]
    assert session.gaps == 1


async def test_a_state_is_first_whole_and_then_what_changed() -> None:
    session, told = Session(lambda: NOON), feed(state('{"a":1}', x='{"id":"x"}', y='{"id":"y"}'))
    session.offer_state(told)
    first = await body(session)
    told.update(state('{"a":2}', x='{"id":"x"}', z='{"id":"z"}'), (place(2), NOON))
    session.offer_state(told)
    second = await body(session)

    assert first["payload"] == {
        "snapshot": True,
        "a": 1,
        "workers": [{"id": "x"}, {"id": "y"}],
        "goneWorkers": [],
    }
    assert second["payload"] == {
        "snapshot": False,
        "a": 2,
        "workers": [{"id": "z"}],
        "goneWorkers": ["y"],
    }
    assert (second["cursor"], second["ts"]) == ("7.2", "2026-03-14T12:00:00Z")


async def test_who_missed_a_state_gets_the_newest_whole() -> None:
    session, told = Session(lambda: NOON), feed(state('{"a":1}', x='{"id":"x"}'))
    session.offer_state(told)
    await session.next()
    for number in (2, 3):
        told.update(state(f'{{"a":{number}}}', x='{"id":"x"}'), (place(number), NOON))
        session.offer_state(told)
    found = await body(session)

    payload = found["payload"]
    assert (payload["snapshot"], payload["a"], payload["workers"]) == (True, 3, [{"id": "x"}])
    assert await drained(session) == []
    assert session.conflated == 1


async def test_a_message_is_made_once_for_all() -> None:
    told = feed(state('{"a":1}'))
    sessions = [Session(lambda: NOON), Session(lambda: NOON)]
    for session in sessions:
        session.offer_state(told)
    one, other = [await session.next() for session in sessions]

    assert one is other


async def test_next_waits_for_something() -> None:
    session = listening()
    waiting = asyncio.create_task(session.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    offer(session, 1)

    assert (await waiting).rest == "1"


async def test_what_is_forgotten_is_not_told() -> None:
    session = listening()
    offer(session, 1)
    session.forget(EVENTS)
    offer(session, 2)

    assert await drained(session) == []


async def test_the_end_comes_before_all_that_waits() -> None:
    session = listening()
    offer(session, 1)
    session.end("internal_error")

    with pytest.raises(SessionOverError, match="internal_error"):
        await session.next()


@pytest.mark.parametrize("name", ["scaling-events", "coordination-events", "alerts"])
def test_topics_of_all(name: str) -> None:
    assert str(Topic.parse(name)) == name


@pytest.mark.parametrize("kind", ["orchestrator", "worker-pool", "coordination"])
def test_topics_of_one(kind: str) -> None:
    name = f"{kind}:{uuid4()}"

    assert str(Topic.parse(name)) == name
    assert Topic.parse(name.upper()) is None
    assert Topic.parse(kind) is None
    assert Topic.parse(f"{kind}:") is None
    assert Topic.parse(f"{kind}:x") is None


@pytest.mark.parametrize("name", ["", ":", "queue:1", f"alerts:{uuid4()}", "alerts:"])
def test_what_is_no_topic(name: str) -> None:
    assert Topic.parse(name) is None
