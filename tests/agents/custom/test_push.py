"""Records that are pushed over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from agents.collector import CollectorError, NothingNewError, UnreachableError
from agents.custom import CustomCollector, CustomConfig
from contracts.identity import orchestrator_id, sample_id
from contracts.topics import decode, encode, schema_of, topic_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TOKEN = {"Authorization": "Bearer open sesame"}
RECORD: dict[str, Any] = {
    "collectedAt": "2026-03-01T11:59:58Z",
    "capacity": {"totalSlots": 8, "usedSlots": 2},
}
POOL = {"poolName": "threads", "totalWorkers": 3, "collectedAt": "2026-03-01T11:59:58Z"}


def config(port: int = 0, **push: Any) -> CustomConfig:
    settings = {"port": port, "token": "open sesame", **push}
    return CustomConfig.model_validate({"instance_id": "jobs", "push": settings})


@pytest.fixture
async def collector() -> AsyncIterator[CustomCollector]:
    async with CustomCollector(config()) as collector:
        assert collector.pushed
        collector.pushed.utc_now = lambda: NOW
        await collector.pushed.start(NOW)
        yield collector


async def push(
    collector: CustomCollector,
    body: Any,
    path: str = "/v1/records",
    method: str = "POST",
    **more: Any,
) -> httpx.Response:
    assert collector.pushed
    assert collector.pushed.address
    host, port = collector.pushed.address
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=30) as http:
        return await http.request(method, path, content=content, headers=more.get("headers", TOKEN))


async def test_a_record_that_is_pushed_is_collected_once(collector: CustomCollector) -> None:
    answer = await push(collector, RECORD)
    batch = await collector.collect(NOW)

    record = batch.orchestrator
    owner = orchestrator_id("custom", "default", "jobs")
    assert answer.status_code == 202
    assert answer.json() == {"id": str(record.id)}
    assert record.orchestrator_id == owner
    assert record.id == sample_id(owner, "orchestrator", NOW - timedelta(seconds=2))
    assert record.capacity is not None
    assert record.capacity.used_slots == 2
    assert record.metadata.unavailable["/queuing"] == "not pushed"
    with pytest.raises(NothingNewError):
        await collector.collect(NOW)


async def test_what_is_pushed_twice_is_one_record(collector: CustomCollector) -> None:
    first, second = await push(collector, RECORD), await push(collector, RECORD)

    assert first.json() == second.json()


async def test_a_pool_goes_with_the_next_record(collector: CustomCollector) -> None:
    await push(collector, POOL)
    with pytest.raises(NothingNewError):
        await collector.collect(NOW)
    await push(collector, RECORD)

    batch = await collector.collect(NOW)

    (pool,) = batch.pools
    assert (pool.pool_name, pool.total_workers) == ("threads", 3)
    for record in batch.records():
        topic = topic_of(record)
        assert decode(topic, schema_of(topic), encode(record)) == record


async def test_ids_of_another_are_not_believed(collector: CustomCollector) -> None:
    stranger = {"instanceId": "payroll", "orchestratorType": "kubernetes", "clusterName": "x"}
    await push(collector, RECORD | stranger)

    record = (await collector.collect(NOW)).orchestrator

    assert (record.instance_id, record.orchestrator_type) == ("jobs", "custom")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{half", 400, "not JSON"),
        ([1, 2], 422, "a JSON object"),
        ({"capacity": {"usedSlots": -1}}, 422, "/capacity/usedSlots"),
        ({"capacity": {"usedSlots": "many"}}, 422, "/capacity/usedSlots"),
        ({"collectedAt": "yesterday"}, 422, "/collectedAt"),
        ({"collectedAt": "2026-03-01T11:59:58"}, 422, "/collectedAt"),
        (b"[" * 100_000, 400, "not JSON"),
        (b" " * 2_000_000, 413, "max_bytes"),
    ],
    ids=["half", "list", "below 0", "text", "no time", "no zone", "deep", "large"],
)
async def test_a_bad_record_is_refused_and_changes_nothing(
    collector: CustomCollector, body: Any, status: int, words: str
) -> None:
    answer = await push(collector, body)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert words in answer.text
    with pytest.raises(NothingNewError):
        await collector.collect(NOW)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
async def test_without_the_token_nothing_is_taken(
    collector: CustomCollector, headers: dict[str, str]
) -> None:
    assert (await push(collector, RECORD, headers=headers)).status_code == 401
    with pytest.raises(NothingNewError):
        await collector.collect(NOW)


async def test_there_is_one_door(collector: CustomCollector) -> None:
    assert (await push(collector, RECORD, path="/metrics")).status_code == 404
    assert (await push(collector, b"", method="GET")).status_code == 405


async def test_silence_is_an_outage_in_time(collector: CustomCollector) -> None:
    with pytest.raises(NothingNewError):
        await collector.collect(NOW + timedelta(seconds=119))
    with pytest.raises(UnreachableError, match="nothing was pushed yet"):
        await collector.collect(NOW + timedelta(seconds=121))
    await push(collector, RECORD)
    await collector.collect(NOW)

    with pytest.raises(UnreachableError, match="since 2026-03-01 12:00:00 UTC"):
        await collector.collect(NOW + timedelta(seconds=121))


async def test_an_address_that_is_taken_is_named(collector: CustomCollector) -> None:
    assert collector.pushed
    assert collector.pushed.address
    port = collector.pushed.address[1]
    async with CustomCollector(config(port)) as other:
        with pytest.raises(CollectorError, match=f"cannot listen on 127.0.0.1:{port}"):
            await other.collect(NOW)


async def test_it_is_free_again_when_it_was_closed() -> None:
    async with CustomCollector(config()) as first:
        assert first.pushed
        await first.pushed.start(NOW)
        assert first.pushed.address
        port = first.pushed.address[1]
    async with CustomCollector(config(port)) as second, asyncio.timeout(30):
        with pytest.raises(NothingNewError):
            await second.collect(NOW)
