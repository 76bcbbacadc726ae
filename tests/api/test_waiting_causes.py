"""Why stored work waits, over the records of two agents."""

from datetime import timedelta
from typing import Any

import httpx

from agents.collector import Batch
from contracts.identity import queue_id
from contracts.orchestrator import QueueMetrics
from tests.analytics.waiting.test_chain import airflow, cluster, scraped
from tests.api.world import PREFIX, World
from tests.records import NOON, ORCHESTRATOR, orchestrator_record, outage_record, queue


async def written(world: World, *batches: Batch) -> None:
    for batch in batches:
        await world.write(batch.orchestrator, *batch.pools)
    world.clock.now = batches[0].orchestrator.collected_at


async def causes(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await client.get(f"{PREFIX}/{path}/waiting-causes")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["causes"]
    return found


async def test_a_chain_leads_from_one_orchestrator_to_another(
    world: World, client: httpx.AsyncClient
) -> None:
    own, below = await scraped(airflow()), await scraped(cluster())
    await written(world, own, below)
    identity = own.orchestrator.orchestrator_id
    (cause,) = await causes(client, f"orchestrators/{identity}")
    of_pool = await causes(client, f"queues/{queue_id(identity, 'pool:etl')}")
    (of_queue,) = await causes(client, f"queues/{queue_id(identity, 'default')}")

    assert cause["sentence"].endswith(
        "because the node group workers (2 nodes, all full) is at the 2 it may have."
    )
    assert cause["links"][-1]["orchestrator_id"] == str(below.orchestrator.orchestrator_id)
    assert (cause["confidence"], cause["unknown"]) == ("high", None)
    assert of_pool == [cause]
    assert (of_queue["queue"], of_queue["confidence"]) == ("default", "medium")


async def test_what_is_old_is_no_cause(world: World, client: httpx.AsyncClient) -> None:
    own, below = await scraped(airflow()), await scraped(cluster())
    await written(world, own, below)
    path = f"orchestrators/{own.orchestrator.orchestrator_id}"
    world.clock.advance(seconds=60)  # the cluster is read every 15 s, the Airflow every 30 s
    (cause,) = await causes(client, path)
    world.clock.advance(hours=1)
    (own_old,) = await causes(client, path)

    assert "No newer record has arrived; one is expected every 15 s" in cause["unknown"]
    assert cause["links"][-1]["layer"] == "workers"
    assert own_old["confidence"] == "low"


async def test_nothing_waits(world: World, client: httpx.AsyncClient) -> None:
    await world.write(
        orchestrator_record(queuing=QueueMetrics(queues=(queue(ORCHESTRATOR, "a", size=0),)))
    )
    world.clock.now = NOON
    body = (await client.get(f"{PREFIX}/orchestrators/{ORCHESTRATOR}/waiting-causes")).json()

    assert body == {"causes": [], "reason": "Nothing waits."}


async def test_nobody_is_not_found(client: httpx.AsyncClient) -> None:
    nobody = "00000000-0000-0000-0000-00000000abcd"
    for kind in ("orchestrators", "queues"):
        assert (await client.get(f"{PREFIX}/{kind}/{nobody}/waiting-causes")).status_code == 404


async def test_clusters_without_such_pods_are_not_read(
    world: World, client: httpx.AsyncClient
) -> None:
    own, below = await scraped(airflow()), await scraped(cluster())
    await written(world, own)
    path = f"orchestrators/{own.orchestrator.orchestrator_id}"
    (alone,) = await causes(client, path)
    strange = below.orchestrator.model_copy(update={"queuing": None})
    await world.write(strange)  # without its pools
    (beside,) = await causes(client, path)

    assert "no Kubernetes agent tells of pods" in alone["unknown"]
    assert "no pod of that name is in a workload" in beside["unknown"]


async def test_an_outage_leaves_nothing_to_tell(world: World, client: httpx.AsyncClient) -> None:
    await world.write(
        orchestrator_record(), outage_record(collected_at=NOON + timedelta(minutes=1))
    )
    world.clock.now = NOON + timedelta(minutes=1)
    body = (await client.get(f"{PREFIX}/orchestrators/{ORCHESTRATOR}/waiting-causes")).json()

    assert body["causes"] == []
    assert body["reason"] == "The queues are not known: 127.0.0.1:7233 did not answer within 10 s"
