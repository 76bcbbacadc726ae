"""How many workers a stored pool needs."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from contracts.identity import queue_id
from contracts.orchestrator import QueueInfo, QueueMetrics, QueueType
from tests.api.world import PREFIX, World
from tests.records import NOON, ORCHESTRATOR, orchestrator_record, pool_record

MINUTES = 60


def queue(name: str, rate: float | None, size: int = 0) -> QueueInfo:
    identity = queue_id(ORCHESTRATOR, name)
    return QueueInfo(id=identity, name=name, type=QueueType.FIFO, size=size, arrival_rate=rate)


async def write_hour(world: World, *queues: QueueInfo, **performance: float | None) -> str:
    """An hour of a pool of 5 workers that do 1.5 tasks of a second a second; its id."""
    moments = [NOON - timedelta(minutes=MINUTES - minute) for minute in range(MINUTES)]
    pools = [
        pool_record(
            collected_at=at,
            total_workers=5,
            resource_usage={"total_slots": 5, "used_slots": 2},
            performance={"throughput": 1.5, "avg_task_duration": 1000.0, **performance},
        )
        for at in moments
    ]
    owners = [
        orchestrator_record(collected_at=at, queuing=QueueMetrics(queues=queues)) for at in moments
    ]
    await world.write(*owners, *pools)
    world.clock.now = NOON
    return str(pools[0].pool_id)


async def asked(client: httpx.AsyncClient, pool: str, **goal: Any) -> dict[str, Any]:
    url = f"{PREFIX}/worker-pools/{pool}/predict-scaling-needs"
    answer = await client.post(url, params={"target_wait_s": 0.5} | goal)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("name", ["orders-workers", "orders-workers/activity", "the only one"])
async def test_what_arrives_in_the_pools_queue_says_how_many(
    name: str, world: World, client: httpx.AsyncClient
) -> None:
    found = await asked(client, await write_hour(world, queue(name, 2.0)), worker_hour_price=0.5)

    # Two a second, a second each: 3 workers wait 0.444 s on average.
    assert (found["current_workers"], found["required_workers"]) == (5, 3)
    assert found["expected_wait_s"] == pytest.approx(4 / 9)
    assert found["scaling_plan"][0]["action"] == "scale_down"
    assert found["cost_estimate"]["change_cost"] == pytest.approx(-1.0)
    assert found["reason"].startswith("Not enough history for a forecast")


async def test_of_several_queues_the_one_of_its_name_counts(
    world: World, client: httpx.AsyncClient
) -> None:
    pool = await write_hour(world, queue("orders-workers", 2.0), queue("others", 70.0))

    assert (await asked(client, pool))["required_workers"] == 3


async def test_what_waits_in_its_queue_takes_workers_too(
    world: World, client: httpx.AsyncClient
) -> None:
    pool = await write_hour(world, queue("orders-workers", 2.0, size=900))
    found = await asked(client, pool)

    assert found["required_workers"] == 6  # (2 + 900 / 300) a second of a second each, at 0.85
    assert any(line.startswith("900 tasks wait already: ") for line in found["evidence"])


async def test_a_queue_that_does_not_tell_makes_the_arrivals_unknown(
    world: World, client: httpx.AsyncClient
) -> None:
    pool = await write_hour(world, queue("a", 2.0), queue("b", None))
    found = await asked(client, pool)

    # 1.5 a second are done; 2 workers would wait 1.29 s.
    assert found["required_workers"] == 3
    assert any("stands in for it" in line for line in found["evidence"])


async def test_without_a_source_it_says_why(world: World, client: httpx.AsyncClient) -> None:
    pool = await write_hour(world, throughput=None, avg_task_duration=None)
    found = await asked(client, pool)

    assert found["required_workers"] is None
    assert found["reason"] == "No arrival rate of the history is known."


async def test_what_was_an_hour_ago_is_not_now(world: World, client: httpx.AsyncClient) -> None:
    pool = await write_hour(world, queue("orders-workers", 2.0))
    world.clock.advance(hours=1)
    found = await asked(client, pool)

    assert found["required_workers"] is None
    assert found["reason"] == "The newest arrivals that are known are 65 minutes old."


async def test_goals_out_of_reason_and_pools_that_are_not_there(
    world: World, client: httpx.AsyncClient
) -> None:
    pool = await write_hour(world)
    url = f"{PREFIX}/worker-pools/{pool}/predict-scaling-needs"
    wrong: list[dict[str, Any]] = [
        {"target_wait_s": 0},
        {"provisioning_s": 3601},
        {"model": "magic"},
        {"horizon": 60},
    ]
    for goal in wrong:
        assert (await client.post(url, params=goal)).status_code == 422, goal
    nobody = url.replace(pool, "00000000-0000-0000-0000-00000000abcd")

    assert (await client.post(nobody)).status_code == 404
