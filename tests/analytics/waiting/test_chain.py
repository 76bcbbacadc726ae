"""Chains over what the agents themselves say of orchestrators in memory."""

from datetime import timedelta
from typing import Any

import pytest

from agents.collector import Batch
from analytics.findings import Confidence
from analytics.waiting.chain import waiting_causes
from analytics.waiting.findings import Layer, WaitingCause
from analytics.waiting.fleet import Fleet, Watched
from contracts.orchestrator import QueueMetrics
from tests.agents.airflow.scenes import Scene as AirflowScene
from tests.agents.argo.scenes import POSTPONED
from tests.agents.argo.scenes import busy as busy_argo
from tests.agents.kubernetes.scenes import DEPLOYMENTS, NODE_CLAIMS, NODE_POOLS
from tests.agents.kubernetes.scenes import Scene as ClusterScene
from tests.agents.kubernetes.scenes import busy as busy_cluster
from tests.agents.prefect.scenes import busy as busy_prefect
from tests.records import queue

HASH = {"pod-template-hash": "7c"}
SHORT_OF_CPU = "0/2 nodes are available: 2 Insufficient cpu."


def watched(batch: Batch, old: str | None = None) -> Watched:
    return Watched(batch.orchestrator, batch.pools, old)


async def scraped(scene: Any) -> Batch:
    batch: Batch = await scene.scrape()
    await scene.collector.aclose()
    return batch


def airflow() -> AirflowScene:
    """A pool of four slots: one task runs, three were handed on and did not begin, two wait."""
    scene = AirflowScene({"executor": "celery", "cluster_name": "eu"})
    scene.server.pools |= {"etl": 4}
    ready = {"scheduled_when": scene.ago(400), "queued_when": scene.ago(390)}
    scene.server.task(
        "r", "a", "running", pool="etl", hostname="worker-0", start_date=scene.ago(380), **ready
    )
    for task in ("b", "c", "d"):
        scene.server.task("r", task, "queued", pool="etl", **ready)
    for task in ("e", "f"):
        scene.server.task("r", task, "scheduled", pool="etl", scheduled_when=scene.ago(60))
    return scene


def cluster(most_nodes: int | None = 2, cluster_name: str = "eu") -> ClusterScene:
    """Of three pods of a Deployment two wait for nodes of a group that is full."""
    settings = {"workload_selector": "woa/pool=true", "cluster_name": cluster_name}
    scene = ClusterScene(settings)
    for name in ("n1", "n2"):
        scene.node(name, cpu="1", labels={"karpenter.sh/nodepool": "workers"})
    scene.node("other", cpu="1", labels={"karpenter.sh/nodepool": "web"})
    chosen = {"namespace": "shop", "labels": {"woa/pool": "true"}}
    status = {"readyReplicas": 1, "updatedReplicas": 3}
    scene.custom(DEPLOYMENTS, "worker", {"replicas": 3}, status, **chosen)
    own: dict[str, Any] = {"owner_name": "worker-7c", "labels": HASH}
    early = scene.at - timedelta(minutes=5)
    scene.pod("worker-0", "n1", "Running", ready=early, cpu="1", **own)
    scene.pod("web", "n2", "Running", ready=early, cpu="1")
    for name in ("worker-1", "worker-2"):
        scene.pod(name, waits=SHORT_OF_CPU, cpu="1", **own)
    scene.server.serve(NODE_POOLS, NODE_CLAIMS)
    limits = {} if most_nodes is None else {"limits": {"nodes": most_nodes}}
    scene.custom(NODE_POOLS, "workers", limits)
    return scene


async def cause_of(own: Batch, *others: Watched, of: str | None = None) -> WaitingCause:
    fleet = Fleet([watched(own), *others])
    found = waiting_causes(fleet, own.orchestrator.orchestrator_id).causes
    if of is None:
        (cause,) = found
        return cause
    return {each.queue: each for each in found}[of]


async def test_from_a_full_pool_of_airflow_to_a_full_group_of_nodes() -> None:
    own, kubernetes = await scraped(airflow()), await scraped(cluster())
    cause = await cause_of(own, watched(kubernetes))

    assert cause.sentence == (
        "5 tasks wait in pool:etl of airflow/eu/dags, the oldest for 400 s, because all 4 slots "
        "of the pool etl are taken, 3 of them by tasks that have not begun, because the 1 worker "
        "seen in default did not begin them, because deployment/shop/worker has 1 of 3 pods ready "
        "and 2 pending, because no node suits them (Insufficient cpu: 2), because the node group "
        "workers (2 nodes, all full) is at the 2 it may have."
    )
    assert [each.layer for each in cause.links] == [
        Layer.LIMIT,
        Layer.WORKERS,
        Layer.PODS,
        Layer.NODES,
        Layer.NODES,
    ]
    owners = {each.orchestrator_id for each in cause.links}
    assert owners == {own.orchestrator.orchestrator_id, kubernetes.orchestrator.orchestrator_id}
    pods = cause.links[2]
    assert pods.measured == {"wanted_pods": 3, "ready_pods": 1, "pending_pods": 2}
    assert pods.joined_by == "1 worker named like its pods"
    assert (cause.unknown, cause.confidence) == (None, Confidence.HIGH)
    assert (cause.waiting, cause.oldest_wait_s) == (5, 400)


async def test_a_group_that_may_grow_and_does_not_ends_the_chain() -> None:
    own = await scraped(airflow())
    cause = await cause_of(own, watched(await scraped(cluster(most_nodes=9))))

    assert cause.links[-1].clause.endswith("may have 9")
    assert cause.unknown == "why workers does not grow"
    assert cause.sentence.endswith("; not known: why workers does not grow.")
    assert cause.confidence is Confidence.MEDIUM


async def test_other_pods_that_wait_in_the_cluster_make_it_less_certain() -> None:
    scene = cluster()
    scene.pod("stranger", waits=SHORT_OF_CPU, cpu="8")
    cause = await cause_of(await scraped(airflow()), watched(await scraped(scene)))

    assert "no node suits the 3 pods of the cluster that wait" in cause.sentence
    assert cause.confidence is Confidence.MEDIUM


@pytest.mark.parametrize("missing", ["nobody", "strange", "old", "two"])
async def test_it_ends_where_the_pods_are_not_known(missing: str) -> None:
    others = {
        "nobody": [],
        "strange": [watched(await scraped(busy_cluster()))],
        "old": [watched(await scraped(cluster()), old="no newer record has arrived")],
        "two": [watched(await scraped(cluster(cluster_name=name))) for name in ("a", "b")],
    }[missing]
    cause = await cause_of(await scraped(airflow()), *others)

    assert cause.links[-1].layer is Layer.WORKERS
    assert cause.unknown is not None
    expected = {
        "nobody": "no Kubernetes agent tells of pods",
        "strange": "was told to watch",
        "old": "no newer record has arrived",
        "two": "several clusters have pods of those names",
    }
    assert expected[missing] in cause.unknown
    assert cause.confidence is Confidence.MEDIUM


async def test_of_two_clusters_the_one_of_the_same_name_is_taken() -> None:
    far = watched(await scraped(cluster(most_nodes=9, cluster_name="us")))
    near = watched(await scraped(cluster()))
    cause = await cause_of(await scraped(airflow()), far, near)

    assert cause.links[-1].orchestrator_id == near.id


async def test_slots_held_by_tasks_that_run_are_the_cause() -> None:
    scene = AirflowScene()
    scene.server.pools |= {"one": 1}
    scene.server.task("r", "a", "running", pool="one", hostname="h", start_date=scene.ago(9))
    scene.server.task("r", "b", "scheduled", pool="one", scheduled_when=scene.ago(5))
    cause = await cause_of(await scraped(scene))

    assert "the only slot of the pool one is taken by tasks that have begun" in (cause.sentence)
    assert (cause.unknown, cause.confidence) == (None, Confidence.HIGH)


async def test_pods_of_argo_wait_in_the_cluster_of_its_id() -> None:
    own = await scraped(busy_argo())
    below = watched(await scraped(busy_cluster()))
    alone = await cause_of(own, of="pods")
    cause = await cause_of(own, below, of="pods")

    assert alone.unknown is not None
    assert "no agent tells of that cluster" in alone.unknown
    assert cause.links[0].orchestrator_id == below.id
    assert cause.links[0].joined_by == "the cluster's own id"
    assert "because no node suits the 2 pods of the cluster that wait" in cause.sentence


async def test_workflows_of_argo_by_what_most_of_them_wait_for() -> None:
    scene = busy_argo()
    scene.workflow("for-its-turn-too", "Pending", 20, message=POSTPONED)
    own, below = await scraped(scene), watched(await scraped(busy_cluster()))
    cause = await cause_of(own, below, of="workflows")

    assert "because 3 of 3 places for workflows are taken (parallelism)" in cause.sentence
    assert [each.layer for each in cause.links][:3] == [Layer.LIMIT, Layer.PODS, Layer.NODES]
    assert cause.confidence is Confidence.MEDIUM  # others wait for a lock and for the controller


async def test_a_full_namespace_of_argo_is_the_cause() -> None:
    scene = busy_argo()
    scene.namespace("jobs", "3")
    for number in range(4):
        scene.workflow(f"later-{number}", "Pending", 20, message=POSTPONED)
    own = await scraped(scene)
    cause = await cause_of(own, of="workflows")
    queue = await cause_of(own, of="namespace/jobs")

    assert "because 3 of 3 places of the namespace jobs are taken" in cause.sentence
    assert queue.sentence.endswith("because 3 of 3 places of the namespace jobs are taken.")


async def test_who_holds_a_lock_is_the_cause() -> None:
    own = await scraped(busy_argo())
    cause = await cause_of(own, of="lock/jobs/Mutex/build")

    assert cause.sentence.endswith(
        "because the lock jobs/Mutex/build is held by 1 workflow of at most 1."
    )
    assert (cause.unknown, cause.confidence) == (None, Confidence.HIGH)


async def test_runs_of_prefect_wait_for_workers_that_have_room() -> None:
    own = await scraped(busy_prefect())
    causes = waiting_causes(Fleet([watched(own)]), own.orchestrator.orchestrator_id).causes

    assert {each.queue for each in causes} == {"etl/default", "etl/urgent"}
    assert all(each.unknown and "with room do not take them" in each.unknown for each in causes)
    assert {each.confidence for each in causes} == {Confidence.LOW}


async def test_pods_wait_for_nodes() -> None:
    own = await scraped(busy_cluster())
    cause = await cause_of(own, of="pending/high")

    assert cause.sentence.startswith("1 pod waits in pending/high of kubernetes/")
    assert "because no node suits the 2 pods of the cluster that wait (" in cause.sentence
    groups = [each.subject for each in cause.links[1:]]
    assert groups == ["batch", "general"]
    assert cause.unknown == "whether batch may grow and whether general may grow"


async def test_workers_of_which_some_are_no_such_pods_make_it_less_certain() -> None:
    scene = airflow()
    scene.server.task(
        "r", "g", "running", pool="default_pool", hostname="elsewhere", start_date=scene.ago(9)
    )
    cause = await cause_of(await scraped(scene), watched(await scraped(cluster())))

    assert cause.links[2].joined_by == "1 worker named like its pods"
    assert (cause.unknown, cause.confidence) == (None, Confidence.MEDIUM)


@pytest.mark.parametrize(
    ("holders", "unknown"),
    [(None, "what holds the quota of q"), (0, "nothing holds its quota"), (2, None)],
)
async def test_quota_of_which_it_is_not_known_who_holds_it(
    holders: int | None, unknown: str | None
) -> None:
    own = (await scraped(busy_cluster())).orchestrator
    waiting = queue(own.orchestrator_id, "kueue/q", own.collected_at, in_flight=holders)
    record = own.model_copy(update={"queuing": QueueMetrics(queues=(waiting,))})
    (cause,) = waiting_causes(Fleet([Watched(record)]), own.orchestrator_id).causes

    assert (cause.unknown is None) == (unknown is None)
    assert unknown is None or unknown in (cause.unknown or "")
    assert bool(cause.links) == (holders == 2)
