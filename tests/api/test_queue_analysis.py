"""How a stored queue does, and when what waits in it is taken."""

from datetime import timedelta

import httpx

from contracts.identity import queue_id
from contracts.orchestrator import QueueMetrics, QueueType
from tests.api.world import PREFIX, World
from tests.records import NOON, ORCHESTRATOR, orchestrator_record, queue

MINUTES = 180
QUEUE = queue_id(ORCHESTRATOR, "billing")
URL = f"{PREFIX}/queues/{QUEUE}/analysis"


async def write_minutes(world: World) -> None:
    """Sixty wait all the time; half an item per second comes and is taken."""
    await world.write(
        *(
            orchestrator_record(
                collected_at=NOON - timedelta(minutes=each),
                queuing=QueueMetrics(
                    queues=(
                        queue(
                            ORCHESTRATOR,
                            "billing",
                            type=QueueType.FIFO,
                            size=60,
                            arrival_rate=0.5,
                            processing_rate=0.5,
                            consumers=2,
                        ),
                    )
                ),
            )
            for each in range(MINUTES)
        )
    )
    world.clock.now = NOON + timedelta(seconds=5)


async def test_a_steady_queue_is_analyzed_and_its_wait_is_size_by_rate(
    world: World, client: httpx.AsyncClient
) -> None:
    await write_minutes(world)
    body = (await client.get(URL)).json()
    near = (await client.get(URL, params={"ahead": 10})).json()

    assert (body["queueId"], body["state"]) == (str(QUEUE), "ok")
    assert body["performance"]["throughput_analysis"]
    assert body["wait"]["ahead"] == 59
    assert 100 <= body["wait"]["eta_s"] <= 140  # sixty at half an item per second
    assert near["wait"]["eta_s"] < body["wait"]["eta_s"] / 3
    low, high = body["wait"]["eta_interval_s"]
    assert low <= body["wait"]["eta_s"] <= high


async def test_without_a_past_the_reason_is_told(world: World, client: httpx.AsyncClient) -> None:
    await world.write(
        orchestrator_record(queuing=QueueMetrics(queues=(queue(ORCHESTRATOR, "billing", size=5),)))
    )
    world.clock.now = NOON
    wait = (await client.get(URL)).json()["wait"]

    assert wait["eta_s"] is None
    assert wait["reason"]


async def test_what_is_asked_wrongly_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get(URL)).status_code == 404
    assert (await client.get(URL, params={"ahead": -1})).status_code == 422
