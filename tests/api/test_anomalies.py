"""Workers that are unlike the others, by one look at a stored pool."""

import httpx

from contracts.worker_pool import WorkerInstance
from tests.api.world import PREFIX, World
from tests.records import NOON, pool_record, worker


def look(count: int, odd_cpu: float) -> tuple[WorkerInstance, ...]:
    """Workers much alike, but for the first one's CPU."""
    workers = [
        worker(f"{number}@h", cpu_usage=0.3 + number / 100, memory_usage=0.5 + number / 200)
        for number in range(count)
    ]
    workers[0] = workers[0].model_copy(update={"cpu_usage": odd_cpu, "memory_usage": odd_cpu})
    return tuple(workers)


async def test_the_one_that_is_unlike_its_peers(world: World, client: httpx.AsyncClient) -> None:
    record = pool_record(workers=look(12, odd_cpu=3.0))
    await world.write(record)
    world.clock.now = NOON
    answer = (await client.get(f"{PREFIX}/worker-pools/{record.pool_id}/anomalies")).json()
    (anomaly,) = answer["judgement"]["anomalies"]

    assert (answer["poolId"], answer["state"]) == (str(record.pool_id), "ok")
    assert anomaly["worker_id"] == "0@h"
    assert anomaly["anomaly_score"] > 0.7
    assert {each["name"] for each in anomaly["metrics"]} >= {"cpu_usage", "memory_usage"}
    assert anomaly["confidence"] == "low"
    assert anomaly["recommended_action"]
    assert len(answer["judgement"]["scores"]) == 12


async def test_too_few_to_compare_are_not_judged(world: World, client: httpx.AsyncClient) -> None:
    record = pool_record(workers=look(3, odd_cpu=3.0))
    await world.write(record)
    judgement = (await client.get(f"{PREFIX}/worker-pools/{record.pool_id}/anomalies")).json()[
        "judgement"
    ]

    assert (judgement["anomalies"], judgement["scores"]) == ([], {})
    assert len(judgement["unjudged"]) == 3
    assert "to compare it with" in judgement["unjudged"][0]["reason"]


async def test_nobody_is_not_found(client: httpx.AsyncClient) -> None:
    nobody = "00000000-0000-0000-0000-00000000abcd"

    assert (await client.get(f"{PREFIX}/worker-pools/{nobody}/anomalies")).status_code == 404
