"""Live updates through a real server: what was written to the database is told."""

import asyncio
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from api.live import fanout, websocket
from contracts.live import MOST_TOPICS, OrchestratorUpdate
from store.errors import StoreUnavailableError
from store.outbox import Outbox
from tests.api.live.conftest import Client, Served
from tests.api.world import World
from tests.records import (
    NOON,
    coordination_event,
    orchestrator_record,
    pool_record,
    scaling_event,
    usage_record,
    worker,
)

EVENTS = "scaling-events"
LATER = NOON + timedelta(seconds=15)


async def test_an_orchestrator_is_told_at_once_and_whenever_it_changes(served: Served) -> None:
    record = orchestrator_record()
    await served.world.write(record)
    topic = f"orchestrator:{record.orchestrator_id}"
    async with served.client() as client:
        (ack,) = await client.subscribe(topic)
        first = await client.hear("orchestrator_update")
        await served.world.write(orchestrator_record(collected_at=LATER))
        second = await client.hear("orchestrator_update")

    assert (ack["topic"], ack["payload"]) == (topic, {"action": "subscribe"})
    assert [each["payload"]["snapshot"] for each in (first, second)] == [True, False]
    told = [OrchestratorUpdate.model_validate(each["payload"]) for each in (first, second)]
    assert [each.metrics.collected_at for each in told] == [NOON, LATER]


async def test_it_is_the_record_as_it_was_published(served: Served) -> None:
    record = orchestrator_record()
    await served.world.write(record)
    async with served.client() as client:
        await client.subscribe(f"orchestrator:{record.orchestrator_id}")
        told = await client.hear("orchestrator_update")

    published = json.loads(record.model_dump_json(by_alias=True))
    published["queuing"]["queues"].sort(key=lambda each: each["name"])
    assert told["payload"]["metrics"] == published


async def test_of_a_pool_only_changed_workers_are_told(served: Served) -> None:
    def pool(moment: timedelta, *names: str, used: int = 1) -> object:
        at = NOON + moment
        workers = [worker(name, used_slots=used if name == "b" else 1) for name in names]
        return pool_record(collected_at=at, workers=workers)

    record = pool(timedelta(0), "a", "b", "c")
    await served.world.write(record)  # type: ignore[arg-type]
    topic = f"worker-pool:{record.pool_id}"  # type: ignore[attr-defined]
    async with served.client() as client:
        await client.subscribe(topic)
        first = (await client.hear("worker_update"))["payload"]
        await served.world.write(pool(timedelta(seconds=15), "a", "b", used=3))  # type: ignore[arg-type]
        second = (await client.hear("worker_update"))["payload"]

    assert [each["id"] for each in first["workers"]] == ["a", "b", "c"]
    assert (first["snapshot"], second["snapshot"]) == (True, False)
    assert first["poolId"] == first["pool"]["poolId"]
    assert [(each["id"], each["usedSlots"]) for each in second["workers"]] == [("b", 3)]
    assert second["goneWorkers"] == ["c"]


async def test_a_usage_is_told_as_a_change_of_its_worker(served: Served) -> None:
    record = pool_record()
    await served.world.write(orchestrator_record(), record)
    async with served.client() as client:
        await client.subscribe(f"worker-pool:{record.pool_id}")
        first = (await client.hear("worker_update"))["payload"]
        await served.world.write(usage_record("8@app-1"))
        second = (await client.hear("worker_update"))["payload"]

    assert len(first["workers"]) == 3
    assert [(each["id"], each["networkUsage"]) for each in second["workers"]] == [
        ("8@app-1", 4_096.5)
    ]


async def test_events_are_each_told(served: Served) -> None:
    event = coordination_event()
    mine = f"coordination:{event.orchestrator_id}"
    async with served.client() as client:
        await client.subscribe(EVENTS, "coordination-events", mine)
        await served.world.write(scaling_event("up-1"), scaling_event("up-2"))
        scaled = [await client.hear("scaling_event") for _ in range(2)]
        await served.world.write(event)
        agreed = [await client.hear("coordination_event") for _ in range(2)]

    assert {each["payload"]["id"] for each in scaled} == {
        str(scaling_event(name).id) for name in ("up-1", "up-2")
    }
    assert {each["topic"] for each in agreed} == {"coordination-events", mine}
    assert {each["payload"]["id"] for each in agreed} == {str(event.id)}


async def test_who_comes_back_hears_what_was_told_meanwhile_on_any_replica(
    served: Served,
) -> None:
    async with served.client() as client:
        await client.subscribe(EVENTS)
        await served.world.write(scaling_event("first"))
        cursor = (await client.hear("scaling_event"))["cursor"]
    await served.world.write(scaling_event("missed"))
    async with (
        served.world.serving(served.world.make_app()) as url,
        Served(url, served.world).client() as client,
    ):
        await client.subscribe(EVENTS, since=cursor)
        missed = await client.hear("scaling_event")
        await served.world.write(scaling_event("new"))
        new = await client.hear("scaling_event")

    told = [each["payload"]["id"] for each in (missed, new)]
    assert told == [str(scaling_event(name).id) for name in ("missed", "new")]


async def test_who_was_away_too_long_is_told_that_something_is_lost(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "MOST_MISSED", 2)
    async with served.client() as client:
        await client.subscribe(EVENTS)
        await served.world.write(scaling_event("first"))
        cursor = (await client.hear("scaling_event"))["cursor"]
        await client.unsubscribe(EVENTS)
        await served.world.write(*(scaling_event(f"more-{number}") for number in range(3)))
        await asyncio.sleep(0)
        until = await eventually_at(client, cursor)
        await client.subscribe(EVENTS, since=cursor)
        lost = await client.hear("gap")

    assert lost["payload"] == {"after": cursor, "before": until, "missed": None}
    assert lost["cursor"] == until


async def eventually_at(client: Client, before: str) -> str:
    """Where the replica is when it has heard of what was written last."""
    while True:
        (ack,) = await client.subscribe("alerts")
        if ack["cursor"] != before:
            found: str = ack["cursor"]
            return found
        await asyncio.sleep(0.05)


async def test_a_cursor_that_is_not_kept_any_more_is_a_gap(served: Served) -> None:
    await served.world.write(scaling_event("first"))
    async with served.client() as client:
        (now,) = await client.subscribe("alerts")
        await client.subscribe(EVENTS, since="1.1")
        lost = await client.hear("gap")
        await served.world.write(scaling_event("new"))
        new = await client.hear("scaling_event")

    assert lost["payload"] == {"after": "1.1", "before": now["cursor"], "missed": None}
    assert new["payload"]["id"] == str(scaling_event("new").id)


async def test_what_there_is_not_is_unknown(served: Served) -> None:
    topics = [f"orchestrator:{uuid4()}", f"worker-pool:{uuid4()}", "queue:1", "orchestrator:x"]
    async with served.client() as client:
        await client.say(action="subscribe", topics=[*topics, "alerts"])
        errors = [await client.hear("error") for _ in topics]
        ack = await client.hear("ack")

    assert [each["topic"] for each in errors] == topics
    assert {each["payload"]["code"] for each in errors} == {"unknown_topic"}
    assert ack["topic"] == "alerts"


@pytest.mark.parametrize(
    "said",
    [
        "",
        "nothing",
        "[]",
        '{"action":"shout","topics":["alerts"]}',
        '{"action":"subscribe"}',
        '{"action":"subscribe","topics":[]}',
        '{"action":"subscribe","topics":"alerts"}',
        '{"action":"subscribe","topics":["alerts"],"cursor":"yesterday"}',
        json.dumps({"action": "subscribe", "topics": [str(i) for i in range(MOST_TOPICS + 1)]}),
    ],
)
async def test_what_is_not_understood_is_said_and_changes_nothing(
    served: Served, said: str
) -> None:
    async with served.client() as client:
        await client.socket.send(said)
        error = await client.hear("error")
        await client.subscribe("alerts")

    assert (error["topic"], error["payload"]["code"]) == ("connection", "invalid_message")
    assert error["payload"]["message"]


async def test_topics_of_one_client_are_limited(served: Served) -> None:
    names = [f"coordination:{uuid4()}" for _ in range(MOST_TOPICS)]
    async with served.client() as client:
        await client.subscribe(*names)
        await client.say(action="subscribe", topics=["alerts"])
        error = await client.hear("error")
        await client.unsubscribe(names[0])
        await client.subscribe("alerts")

    assert error["payload"]["message"] == "topics: at most 200 for one client"


async def test_nothing_more_of_what_was_unsubscribed(served: Served) -> None:
    async with served.client() as client:
        await client.subscribe(EVENTS, "coordination-events")
        await client.unsubscribe(EVENTS)
        await served.world.write(scaling_event())
        await served.world.write(coordination_event())
        await client.hear("coordination_event")


async def test_no_token_no_connection(served: Served) -> None:
    with pytest.raises(InvalidStatus):
        async with served.client("wrong"):
            pass


async def test_a_client_whose_token_is_over_is_let_go(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "CREDENTIAL_EVERY_S", 0.01)
    async with served.client() as client:
        await served.world.tokens.forget_token("admin")
        closed = await client.closed()

    assert closed == websocket.CREDENTIAL_OVER


async def test_one_client_too_many_is_sent_away(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "MOST_SESSIONS", 1)
    async with served.client(), served.client() as second:
        closed = await second.closed()

    assert closed == websocket.TRY_LATER


async def test_a_database_that_is_away_is_told_and_nothing_is_lost(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailableError("PostgreSQL does not answer")

    async with served.client() as client:
        await client.subscribe(EVENTS)
        with monkeypatch.context() as while_away:
            while_away.setattr(Outbox, "after", away)
            waits = await client.hear("error")
            await client.say(action="subscribe", topics=["alerts"])
            refused = await client.hear("error")
            await served.world.write(scaling_event("meanwhile"))
        meanwhile = await client.hear("scaling_event")

    assert waits["payload"]["code"] == refused["payload"]["code"] == "store_unavailable"
    assert meanwhile["payload"]["id"] == str(scaling_event("meanwhile").id)


async def test_a_fault_of_ours_ends_the_sessions_and_not_the_service(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a fault")

    async with served.client() as client:
        await client.subscribe(EVENTS)
        with monkeypatch.context() as while_broken:
            while_broken.setattr(Outbox, "after", broken)
            closed = await client.closed()
        async with served.client() as again:
            await again.subscribe(EVENTS)
            await served.world.write(scaling_event())
            await again.hear("scaling_event")

    assert closed == websocket.INTERNAL_ERROR


async def test_the_outbox_is_heard_only_while_somebody_listens(world: World) -> None:
    live = world.app.state.services.live
    assert live._hearing is None
    async with live.session() as session:
        await live.subscribe(session, ["alerts"], None)
        assert live._hearing is not None
    assert live._hearing is None
