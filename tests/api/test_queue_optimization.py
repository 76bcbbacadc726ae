"""Settings of a stored queue that reach a goal."""

from datetime import timedelta
from typing import Any

import httpx

from contracts.identity import queue_id
from contracts.orchestrator import ExecutionMetrics, QueueMetrics
from tests.api.world import PREFIX, World
from tests.records import NOON, ORCHESTRATOR, orchestrator_record, queue

MINUTES = 90
URL = f"{PREFIX}/queues/{queue_id(ORCHESTRATOR, 'billing')}/optimize"


async def write_minutes(world: World) -> None:
    """Items of 4 s come every second to two consumers, who are always behind."""
    busy: dict[str, Any] = {
        "size": 600,
        "arrival_rate": 1.0,
        "processing_rate": 0.5,
        "consumers": 2,
    }
    await world.write(
        *(
            orchestrator_record(
                collected_at=NOON - timedelta(minutes=each),
                queuing=QueueMetrics(queues=(queue(ORCHESTRATOR, "billing", **busy),)),
                execution=ExecutionMetrics(
                    completed_workflows=80, failed_workflows=0, retried_tasks=20
                ),
            )
            for each in range(MINUTES)
        )
    )
    world.clock.now = NOON + timedelta(seconds=5)


async def test_more_consumers_for_more_work(world: World, client: httpx.AsyncClient) -> None:
    await write_minutes(world)
    found = (await client.post(URL)).json()
    sooner = (await client.post(URL, json={"drain_s": 60, "batch_size": 3})).json()

    (change,) = found["optimizations"]
    assert (change["type"], change["current"]) == ("consumer_count", 2)
    assert change["recommended"] >= 5  # four are busy all the time
    assert sooner["optimizations"][0]["recommended"] > change["recommended"]
    assert sooner["current_config"]["batch_size"] == 3
    assert "Not enough data" in found["kept"]["batch_size"]
    assert "back-off" in found["kept"]["retry_policy"]  # a fifth is retried, of how long unknown


POLICY = {"max_attempts": 3, "first_backoff_s": 1, "max_backoff_s": 60.0, "jitter": "full"}


async def test_a_policy_that_is_set_is_taken(world: World, client: httpx.AsyncClient) -> None:
    await write_minutes(world)
    found = (await client.post(URL, json={"retry_policy": POLICY})).json()

    assert found["current_config"]["retry_policy"] == POLICY | {
        "first_backoff_s": 1.0,
        "budget_ratio": None,
    }


async def test_what_is_asked_wrongly_is_refused(world: World, client: httpx.AsyncClient) -> None:
    assert (await client.post(URL)).status_code == 404
    await write_minutes(world)
    for wrong in (
        {"drain_s": 0},
        {"target_wait_s": -1},
        {"batch_size": 0},
        {"batch_size": True},
        {"drain_s": "60"},
        {"retry_policy": {"x": 1}},
        {"retry_policy": POLICY | {"budget_ratio": False}},
        {"retry_policy": POLICY | {"max_attempts": "3"}},
        {"goal": 1},
    ):
        assert (await client.post(URL, json=wrong)).status_code == 422, wrong
