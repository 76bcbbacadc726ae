"""The analysis of how work lies on workers."""

import httpx
import pytest

from contracts.load_balancing import WorkloadDistribution
from tests.api.world import PREFIX, World
from tests.records import NOON, load_balancing_record, orchestrator_record

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
