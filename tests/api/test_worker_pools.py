"""Worker pools and their workers."""

from datetime import timedelta
from uuid import uuid4

import httpx

from api.models import WorkerPoolItem
from contracts.orchestrator import Metadata
from contracts.worker_pool import WorkerPoolMetrics, WorkerStatus
from tests.api.world import PREFIX, World
from tests.records import NOON, orchestrator_record, outage_record, pool_record, usage_record

LATER = NOON + timedelta(seconds=15)


def test_an_item_has_every_field_of_the_record_but_the_workers() -> None:
    fields = set(WorkerPoolItem.model_fields) - {"observed_at", "state"}

    assert fields == set(WorkerPoolMetrics.model_fields) - {"workers", "page"}


async def test_list_and_one_show_the_record(world: World, client: httpx.AsyncClient) -> None:
    record = pool_record()
    await world.write(orchestrator_record(), record)
    items = (await client.get(f"{PREFIX}/worker-pools")).json()["items"]
    one = (await client.get(f"{PREFIX}/worker-pools/{record.pool_id}")).json()
    expected = record.to_wire() | {"observedAt": "2026-03-14T12:00:00Z", "state": "ok"}
    del expected["workers"]

    assert items == [expected]
    assert one == expected


async def test_list_keeps_to_one_orchestrator_and_pages(
    world: World, client: httpx.AsyncClient
) -> None:
    other = orchestrator_record(instance_id="other")
    await world.write(
        orchestrator_record(),
        other,
        pool_record(pool_name="b"),
        pool_record(pool_name="a"),
        pool_record(pool_name="c", orchestrator_id=other.orchestrator_id),
    )
    params = {"orchestrator_id": str(pool_record().orchestrator_id), "limit": "1"}
    first = (await client.get(f"{PREFIX}/worker-pools", params=params)).json()
    params["cursor"] = first["nextCursor"]
    second = (await client.get(f"{PREFIX}/worker-pools", params=params)).json()

    assert [item["poolName"] for item in first["items"] + second["items"]] == ["a", "b"]
    assert second["nextCursor"] is None


async def test_workers_show_the_record_s(world: World, client: httpx.AsyncClient) -> None:
    record = pool_record()
    await world.write(orchestrator_record(), record)
    body = (await client.get(f"{PREFIX}/worker-pools/{record.pool_id}/workers")).json()
    seen = {"observedAt": "2026-03-14T12:00:00Z", "state": "ok"}
    beside = {**seen, "poolId": str(record.pool_id), "usage": None}

    assert body["items"] == [worker.to_wire() | beside for worker in record.workers or ()]
    assert body["nextCursor"] is None


async def test_a_worker_shows_what_an_agent_beside_it_tells(
    world: World, client: httpx.AsyncClient
) -> None:
    record = pool_record()
    told = usage_record(
        disk_usage=None, metadata=Metadata(interval_s=15, unavailable={"/diskUsage": "why"})
    )
    await world.write(orchestrator_record(), record, told)
    url = f"{PREFIX}/worker-pools/{record.pool_id}/workers"
    worker, *others = (await client.get(url)).json()["items"]
    world.clock.advance(seconds=46)
    later = (await client.get(url)).json()["items"][0]
    fields = ("cpuUsage", "memoryUsage", "diskUsage", "networkUsage")
    usage = {
        "observedAt": "2026-03-14T12:00:00Z",
        "state": "ok",
        "unavailable": {"/diskUsage": "why"},
    }

    assert [worker[field] for field in fields] == [0.375, 0.625, 0.1, 4_096.5]
    assert worker["usage"] == usage
    assert [other["usage"] for other in others] == [None, None]
    assert [later[field] for field in fields] == [0.31, 0.52, 0.1, 2_048]
    assert later["usage"] == usage | {"state": "stale"}


async def test_workers_can_be_asked_for_by_status(world: World, client: httpx.AsyncClient) -> None:
    record = pool_record()
    await world.write(orchestrator_record(), record)
    url = f"{PREFIX}/worker-pools/{record.pool_id}/workers"
    found = {}
    for status in WorkerStatus:
        items = (await client.get(url, params={"status": status.value})).json()["items"]
        found[status.value] = [item["id"] for item in items]

    assert found == {
        "active": ["7@app-1"],
        "busy": ["8@app-1"],
        "idle": ["9@app-2"],
        "failed": [],
        "terminating": [],
    }


async def test_unknown_status_is_refused(client: httpx.AsyncClient) -> None:
    url = f"{PREFIX}/worker-pools/{uuid4()}/workers"
    response = await client.get(url, params={"status": "asleep"})

    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == "query.status"


async def test_unknown_pools_are_not_found(client: httpx.AsyncClient) -> None:
    for tail in ("", "/workers"):
        response = await client.get(f"{PREFIX}/worker-pools/{uuid4()}{tail}")

        assert response.status_code == 404
        assert response.json()["code"] == "worker_pool_not_found"


async def test_workers_come_page_by_page(world: World, client: httpx.AsyncClient) -> None:
    record = pool_record()
    await world.write(orchestrator_record(), record)
    url = f"{PREFIX}/worker-pools/{record.pool_id}/workers"
    first = (await client.get(url, params={"limit": "2"})).json()
    second = (await client.get(url, params={"limit": "2", "cursor": first["nextCursor"]})).json()
    ids = [item["id"] for item in first["items"] + second["items"]]

    assert ids == ["7@app-1", "8@app-1", "9@app-2"]
    assert second["nextCursor"] is None


async def test_workers_unknown_to_the_newest_record_stay_as_errors(
    world: World, client: httpx.AsyncClient
) -> None:
    record = pool_record(collected_at=LATER, workers=None, total_workers=None)
    await world.write(orchestrator_record(), pool_record(), record)
    pool = (await client.get(f"{PREFIX}/worker-pools/{record.pool_id}")).json()
    workers = (await client.get(f"{PREFIX}/worker-pools/{record.pool_id}/workers")).json()
    dated = {(item["state"], item["observedAt"]) for item in workers["items"]}

    assert (pool["state"], pool["totalWorkers"]) == ("ok", None)
    assert dated == {("error", "2026-03-14T12:00:00Z")}


async def test_an_outage_keeps_the_pool_and_dates_it(
    world: World, client: httpx.AsyncClient
) -> None:
    record = pool_record()
    await world.write(orchestrator_record(), record, outage_record(collected_at=LATER))
    pool = (await client.get(f"{PREFIX}/worker-pools/{record.pool_id}")).json()

    assert (pool["state"], pool["observedAt"]) == ("error", "2026-03-14T12:00:00Z")
    assert pool["totalWorkers"] == 3


async def test_a_pool_that_is_not_reported_any_more_is_stale(
    world: World, client: httpx.AsyncClient
) -> None:
    record = pool_record()
    await world.write(orchestrator_record(), record)
    await world.write(orchestrator_record(collected_at=NOON + timedelta(seconds=60)))
    world.clock.advance(seconds=60)
    pool = (await client.get(f"{PREFIX}/worker-pools/{record.pool_id}")).json()

    assert pool["state"] == "stale"


async def test_pools_of_nobody_are_not_found(client: httpx.AsyncClient) -> None:
    params = {"orchestrator_id": str(uuid4())}
    response = await client.get(f"{PREFIX}/worker-pools", params=params)

    assert response.status_code == 404
    assert response.json()["code"] == "orchestrator_not_found"
