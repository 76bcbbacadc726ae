"""`woa watch` against a served API over a real database."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from cli import watch
from cli.api_client import ApiClient
from cli.contexts import Target
from cli.exits import Exit
from tests.cli.conftest import Served
from tests.records import coordination_event, orchestrator_record, pool_record, scaling_event

LIMIT_S = 120.0


async def watching(served: Served) -> None:
    """Until somebody listens."""
    live = served.world.app.state.services.live
    async with asyncio.timeout(LIMIT_S):
        while not live._listeners:
            await asyncio.sleep(0.02)


async def test_what_there_is_and_what_changes(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(orchestrator_record(collected_at=now), pool_record(collected_at=now))
    asked = asyncio.create_task(served.woa("watch", "--count", "5"))
    await watching(served)
    await served.world.write(scaling_event("up", event_time=now))
    await served.world.write(coordination_event(event_time=now))
    async with asyncio.timeout(LIMIT_S):
        while not asked.done():
            now += timedelta(seconds=1)
            await served.world.write(orchestrator_record(collected_at=now))
            await asyncio.sleep(0.2)
    answer = await asked
    told = [line.split("  ", 1)[1] for line in answer.out.splitlines()]

    assert (answer.code, answer.err) == (0, "")
    state = "temporal/eu-1/orders  degraded 0.84  running 118  backlog 85  capacity 47%"
    assert told == [
        state,
        "temporal/eu-1/orders/orders-workers  workers 3, busy 1, failed 0",
        "temporal/eu-1/orders/orders-workers  scale_up 3 -> 5: backlog above 100 for 120 s",
        "temporal/eu-1/orders  leader_elected node-1, node-2",
        state,
    ]


async def test_one_orchestrator_as_json(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(
        orchestrator_record(collected_at=now),
        orchestrator_record(collected_at=now, instance_id="billing"),
    )
    answer = await served.woa("watch", "orders", "--count", "1", "-o", "json")
    (line,) = answer.out.splitlines()
    message = json.loads(line)

    assert message["type"] == "orchestrator_update"
    assert message["payload"]["metrics"]["instanceId"] == "orders"


async def test_what_is_not_there_is_told(served: Served) -> None:
    answer = await served.woa("watch", "nobody")

    assert answer.code == Exit.FAILED
    assert "there is no orchestrator yet" in answer.err


def test_a_lost_connection_is_made_again_from_the_cursor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    streams: list[str | None] = []
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)

    def answer(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/stream"):
            return httpx.Response(200, json={"items": []})
        streams.append(request.headers.get("last-event-id"))
        if len(streams) == 2:
            return httpx.Response(503, json={"detail": "The database does not answer now."})
        seq = len(streams)
        message = {
            "type": "gap",
            "topic": "scaling-events",
            "cursor": f"1.{seq}",
            "ts": "2026-03-14T12:00:00Z",
            "payload": {"after": "1.0", "before": f"1.{seq}", "missed": None},
        }
        return httpx.Response(200, text=f"event: gap\ndata: {json.dumps(message)}\n\n")

    target = Target("test", "https://woa.example.com", SecretStr("s3cret"))
    with ApiClient(target, httpx.MockTransport(answer)) as client:
        code = watch.run_watch(client, None, 2, as_json=False)
    printed = capsys.readouterr()

    assert code is Exit.OK
    assert streams == [None, "1.1", "1.1"]
    assert len(pauses) == 2
    assert printed.out.count("events were lost between 1.0 and ") == 2
    assert "trying again" in printed.err
    assert "The database does not answer now." in printed.err
