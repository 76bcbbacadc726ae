"""Queues: list and metrics."""

from datetime import timedelta
from uuid import uuid4

import httpx

from tests.api.world import PREFIX, World
from tests.records import NOON, orchestrator_record, outage_record, queue


async def test_list_has_the_record_s_queues_by_name(
    world: World, client: httpx.AsyncClient
) -> None:
    record = orchestrator_record()
    await world.write(record)
    items = (await client.get(f"{PREFIX}/queues")).json()["items"]
    orders = queue(record.orchestrator_id, "orders").to_wire()

    assert [item["name"] for item in items] == ["invoices", "mail", "orders"]
    assert items[2] == {
        **orders,
        "orchestratorId": str(record.orchestrator_id),
        "observedAt": "2026-03-14T12:00:00Z",
        "state": "ok",
    }


async def test_list_keeps_to_one_orchestrator_and_pages(
    world: World, client: httpx.AsyncClient
) -> None:
    mine, other = orchestrator_record(), orchestrator_record(instance_id="other")
    await world.write(mine, other)
    params = {"orchestrator_id": str(mine.orchestrator_id), "limit": "2"}
    first = (await client.get(f"{PREFIX}/queues", params=params)).json()
    second = (
        await client.get(f"{PREFIX}/queues", params={**params, "cursor": first["nextCursor"]})
    ).json()
    names = [item["name"] for item in first["items"] + second["items"]]

    assert names == ["invoices", "mail", "orders"]
    assert second["nextCursor"] is None


async def test_queues_of_nobody_are_not_found(client: httpx.AsyncClient) -> None:
    params = {"orchestrator_id": str(uuid4())}
    response = await client.get(f"{PREFIX}/queues", params=params)

    assert response.status_code == 404
    assert response.json()["code"] == "orchestrator_not_found"


async def test_queues_of_an_orchestrator_without_any_are_none(
    world: World, client: httpx.AsyncClient
) -> None:
    record = orchestrator_record(queuing=None)
    await world.write(record)
    params = {"orchestrator_id": str(record.orchestrator_id)}
    response = await client.get(f"{PREFIX}/queues", params=params)

    assert response.json() == {"items": [], "nextCursor": None}


async def test_metrics_show_now_and_before(world: World, client: httpx.AsyncClient) -> None:
    record = orchestrator_record()
    orders = queue(record.orchestrator_id, "orders")
    await world.write(record)
    world.clock.advance(seconds=31)
    response = await client.get(f"{PREFIX}/queues/{orders.id}/metrics", params={"time_range": "1m"})

    assert response.json() == {
        "orchestratorId": str(record.orchestrator_id),
        "observedAt": "2026-03-14T12:00:00Z",
        "state": "ok",
        "queue": orders.to_wire(),
        "range": {"from": "2026-03-14T12:00:00Z", "to": "2026-03-14T12:01:00Z", "stepS": 30},
        "series": {
            "t": [1773489600000, 1773489630000],
            "size": [25, None],
            "consumers": [3, None],
            "processingRate": [4.5, None],
            "arrivalRate": [5.25, None],
            "errorRate": [0.02, None],
            "oldestAgeS": [42.0, None],
        },
    }


async def test_an_outage_keeps_the_queue_and_dates_it(
    world: World, client: httpx.AsyncClient
) -> None:
    record = orchestrator_record()
    await world.write(record, outage_record(collected_at=NOON + timedelta(seconds=15)))
    orders = queue(record.orchestrator_id, "orders")
    body = (await client.get(f"{PREFIX}/queues/{orders.id}/metrics")).json()

    assert (body["state"], body["observedAt"]) == ("error", "2026-03-14T12:00:00Z")
    assert body["queue"]["size"] == 25


async def test_unknown_queue_is_not_found(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{PREFIX}/queues/{uuid4()}/metrics")

    assert response.status_code == 404
    assert response.json()["code"] == "queue_not_found"
