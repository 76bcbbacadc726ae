"""The analysis of how work lies on workers."""

from uuid import UUID

import httpx
import pytest

from contracts.load_balancing import WorkloadDistribution
from tests.api.world import PREFIX, World
from tests.records import NOON, load_balancing_record, orchestrator_record, pool_record

URL = f"{PREFIX}/load-balancing/analysis"


async def test_the_newest_loads_of_each_pool_are_analyzed(
    world: World, client: httpx.AsyncClient
) -> None:
    loads = {"w1": 1.0, "w2": 1.0, "w3": 1.0, "w4": 5.0}
    record = load_balancing_record(
        distribution=WorkloadDistribution(worker_loads=loads, load_unit="running tasks")
    )
    await world.write(orchestrator_record(), record)
    world.clock.now = NOON
    answer = await client.get(URL, params={"orchestrator_id": str(record.orchestrator_id)})
    (item,) = answer.json()["items"]

    assert answer.status_code == 200
    assert (item["poolId"], item["algorithm"]) == (str(record.pool_id), "custom")
    assert (item["observedAt"], item["state"]) == ("2026-03-14T12:00:00Z", "ok")
    analysis = item["analysis"]
    assert (analysis["mean_load"], analysis["imbalance_score"]) == (2.0, pytest.approx(1.5))
    assert analysis["fairness_index"] == pytest.approx(8**2 / (4 * 28))
    assert [each["worker_id"] for each in analysis["hotspots"]] == ["w4"]
    assert analysis["recommendations"][0]["action"] == "Take work from w4."


async def test_loads_that_are_not_known_have_no_balance(
    world: World, client: httpx.AsyncClient
) -> None:
    record = load_balancing_record(distribution=WorkloadDistribution(worker_loads={}))
    await world.write(orchestrator_record(), record)
    answer = await client.get(URL, params={"orchestrator_id": str(record.orchestrator_id)})
    analysis = answer.json()["items"][0]["analysis"]

    assert analysis["imbalance_score"] is None
    assert analysis["reason"] == "The load of no worker is known, and a balance takes 2."


async def test_whose_loads_must_be_said(client: httpx.AsyncClient) -> None:
    nobody = "00000000-0000-0000-0000-00000000abcd"

    assert (await client.get(URL)).status_code == 422
    assert (await client.get(URL, params={"orchestrator_id": nobody})).status_code == 404


OPTIMIZE = f"{PREFIX}/load-balancing/optimize"


async def test_live_loads_beat_turns_for_uneven_work(
    world: World, client: httpx.AsyncClient
) -> None:
    record = load_balancing_record()
    await world.write(orchestrator_record(), pool_record(), record)
    world.clock.now = NOON
    asked = {"orchestrator_id": str(record.orchestrator_id), "pool_id": str(record.pool_id)}
    work = {
        "current_algorithm": "round_robin",
        "worker_speeds": {"a": 1, "b": 1, "c": 2},
        "utilization_ratio": 0.8,
        "service_cv2": 4,
    }
    answer = await client.post(OPTIMIZE, params=asked, json=work)
    again = await client.post(OPTIMIZE, params=asked, json=work)
    (item,) = answer.json()["items"]
    choice = item["optimization"]

    assert (answer.status_code, item["state"]) == (200, "ok")
    assert answer.text == again.text
    assert choice["current_algorithm"] == "round_robin"
    assert choice["recommended_algorithm"] in {"least_connections", "adaptive"}
    assert choice["improvement_interval"][0] > 0


async def test_what_is_not_known_keeps_the_current_one(
    world: World, client: httpx.AsyncClient
) -> None:
    record = load_balancing_record()
    await world.write(orchestrator_record(), pool_record(), record)
    asked = {"orchestrator_id": str(record.orchestrator_id)}
    custom = (await client.post(OPTIMIZE, params=asked, json={})).json()["items"][0]
    work = {"current_algorithm": "random", "worker_speeds": {"a": 1, "b": 1}}
    unknown = (await client.post(OPTIMIZE, params=asked, json=work)).json()["items"][0]

    assert custom["optimization"]["recommended_algorithm"] == "custom"
    assert "cannot be simulated" in custom["optimization"]["reason"]
    # The utilization is the pool's own.
    assert unknown["optimization"]["reason"] == "Unknown: how job sizes vary."


async def test_whose_work_and_how_it_is_must_be_said_rightly(
    world: World, client: httpx.AsyncClient
) -> None:
    record = load_balancing_record()
    await world.write(orchestrator_record(), record)
    asked = {"orchestrator_id": str(record.orchestrator_id)}
    nobody = "00000000-0000-0000-0000-00000000abcd"
    many = [load_balancing_record(pool_id=UUID(int=number)) for number in range(9)]

    assert (await client.post(OPTIMIZE, json={})).status_code == 422
    assert (await client.post(OPTIMIZE, params=asked)).status_code == 422
    for wrong in ({"service_cv2": -1}, {"worker_speeds": {"a": 0}}, {"speed": 1}):
        assert (await client.post(OPTIMIZE, params=asked, json=wrong)).status_code == 422
    for gone in ({"orchestrator_id": nobody}, asked | {"pool_id": nobody}):
        assert (await client.post(OPTIMIZE, params=gone, json={})).status_code == 404
    await world.write(*many)
    assert (await client.post(OPTIMIZE, params=asked, json={})).status_code == 422
