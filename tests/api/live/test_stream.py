"""The same messages as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.routes import live
from store.errors import StoreUnavailableError
from store.outbox import Outbox
from tests.api.live.conftest import PATIENCE_S, Served
from tests.api.world import PREFIX, TOKEN
from tests.records import orchestrator_record, scaling_event

EVENTS = "scaling-events"


class Stream:
    """Reads event by event."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def block(self) -> dict[str, str]:
        """The fields of the next event; a heartbeat has none."""
        found: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_S):
            async for line in self._lines:
                if not line:
                    break
                name, _, value = line.partition(":")
                found |= {name: value.strip()} if name else {}
        return found

    async def hear(self, kind: str) -> dict[str, Any]:
        found = await self.block()
        assert found["event"] == kind, found
        message: dict[str, Any] = json.loads(found["data"])
        assert message["type"] == kind
        assert found.get("id") == message["cursor"]
        return message


@asynccontextmanager
async def stream(served: Served, *topics: str, **headers: str) -> AsyncIterator[Stream]:
    async with (
        httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}", **headers}) as http,
        http.stream(
            "GET", f"{served.url}{PREFIX}/stream", params={"topic": topics}, timeout=PATIENCE_S
        ) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Stream(response)


async def answer(served: Served, **params: object) -> httpx.Response:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        url = f"{served.url}{PREFIX}/stream"
        return await http.get(url, params=params, timeout=PATIENCE_S)  # type: ignore[arg-type]


async def test_states_and_events(served: Served) -> None:
    record = orchestrator_record()
    await served.world.write(record)
    async with stream(served, EVENTS, f"orchestrator:{record.orchestrator_id}") as told:
        for _ in range(2):
            await told.hear("ack")
        state = await told.hear("orchestrator_update")
        await served.world.write(scaling_event())
        event = await told.hear("scaling_event")

    assert state["payload"]["snapshot"] is True
    assert event["payload"]["id"] == str(scaling_event().id)


async def test_last_event_id_goes_on_behind_it(served: Served) -> None:
    async with stream(served, EVENTS) as told:
        await told.hear("ack")
        await served.world.write(scaling_event("first"))
        cursor = (await told.hear("scaling_event"))["cursor"]
    await served.world.write(scaling_event("missed"))
    async with stream(served, EVENTS, **{"Last-Event-ID": cursor}) as told:
        await told.hear("ack")
        missed = await told.hear("scaling_event")

    assert missed["payload"]["id"] == str(scaling_event("missed").id)


async def test_while_nothing_happens_the_connection_is_kept(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.01)
    async with stream(served, EVENTS) as told:
        await told.hear("ack")

        assert await told.block() == {}


async def test_a_client_that_goes_is_forgotten(served: Served) -> None:
    metrics = f"{served.url}/metrics"
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        async with stream(served, EVENTS) as told:
            await told.hear("ack")
            assert "woa_live_sessions 1.0" in (await http.get(metrics)).text
        async with asyncio.timeout(PATIENCE_S):
            while "woa_live_sessions 0.0" not in (await http.get(metrics)).text:
                await asyncio.sleep(0.05)


async def test_bad_requests_are_problems(served: Served) -> None:
    nothing = await answer(served)
    unknown = await answer(served, topic=f"orchestrator:{uuid4()}")
    wrong = await answer(served, topic=EVENTS, since="yesterday")
    many = await answer(served, topic=[str(number) for number in range(201)])

    assert [each.status_code for each in (nothing, unknown, wrong, many)] == [422, 404, 422, 422]
    assert unknown.json()["code"] == "topic_not_found"
    assert "no cursor of ours" in wrong.json()["detail"]


async def test_a_database_that_is_away_is_a_problem(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailableError("PostgreSQL does not answer")

    monkeypatch.setattr(Outbox, "newest", away)
    response = await answer(served, topic=EVENTS)

    assert response.status_code == 503
    assert response.json()["code"] == "store_unavailable"
