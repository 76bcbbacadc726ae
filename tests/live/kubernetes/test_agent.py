"""A real control plane: our figures are those of its API, read independently."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.collector import Batch, UnauthorizedError, UnreachableError
from contracts.events import SchedulingDecision
from contracts.worker_pool import WorkerStatus
from tests.live.kubernetes.cluster import Cluster
from tests.live.kubernetes.reading import LIMIT_S, account, collector_of, pods, scrape, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


async def test_load_a_backlog_and_jobs(cluster: Cluster, shop: str) -> None:
    async with collector_of(cluster) as collector:
        await scrape(collector)
        cluster.create_deployment(shop, "web", 12)
        cluster.create_deployment(shop, "huge", 3, cpu="64")
        cluster.create_job(shop, "report", completions=2)
        refused = "Insufficient cpu"
        await until(lambda: str(pods(cluster, shop)).count(refused) >= 3)
        jobs = f"/apis/batch/v1/namespaces/{shop}/jobs"
        await until(lambda: "Complete" in str(cluster.items(jobs)))
        await until(lambda: phases(cluster, shop)["Running"] == 12)
        batch = await scrape(collector, cluster)

        the_same(batch, cluster, shop)
        again = (await scrape(collector)).orchestrator
    assert again.execution is not None
    assert again.execution.completed_workflows == 0


def phases(cluster: Cluster, namespace: str) -> Counter[str]:
    return Counter(pod["status"]["phase"] for pod in pods(cluster, namespace))


def the_same(batch: Batch, cluster: Cluster, shop: str) -> None:
    """Counts exact; of a wait the API knows whole seconds, and a busy watch tells somewhat late."""
    record, every = batch.orchestrator, cluster.items("/api/v1/pods")
    assert record.health.errors == ()
    told = record.extra_metadata()["kubernetes"]
    assert told["podsByPhase"] == Counter(pod["status"]["phase"] for pod in every)
    waiting = [pod for pod in every if "nodeName" not in pod["spec"]]
    assert record.scheduling is not None
    assert record.scheduling.queue_depth == len(waiting) == 3
    assert told["pendingReasons"] == {"Insufficient cpu": 3}
    assert (record.scheduling.scheduling_failures or 0) >= 3  # others may have been refused once
    assert record.execution is not None
    assert record.execution.completed_workflows == 1
    placed = {pod["metadata"]["uid"]: pod for pod in pods(cluster, shop) if pod not in waiting}
    events = {str(e.workflow_id): e for e in batch.events if isinstance(e, SchedulingDecision)}
    bound = {uid: pod for uid, pod in placed.items() if "nodeName" in pod["spec"]}
    assert events.keys() == bound.keys()
    for uid, pod in bound.items():
        assert events[uid].selected_worker == pod["spec"]["nodeName"]
        assert events[uid].scheduling_latency == pytest.approx(wait_ms(pod), abs=3000)
    (pool,) = batch.pools
    (node,) = [each for each in pool.workers or () if each.hostname == "node-1"]
    on_node = [
        pod
        for pod in every
        if pod["spec"].get("nodeName") == "node-1"
        and pod["status"]["phase"] not in ("Succeeded", "Failed")
    ]
    assert node.used_slots == len(on_node)


def wait_ms(pod: dict[str, Any]) -> float:
    (scheduled,) = [
        each["lastTransitionTime"]
        for each in pod["status"]["conditions"]
        if each["type"] == "PodScheduled"
    ]
    created = datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
    return (datetime.fromisoformat(scheduled) - created).total_seconds() * 1000


async def test_a_node_that_is_not_heard_of_has_failed(cluster: Cluster) -> None:
    # Nobody renews the lease of a node that kwok does not manage.
    cluster.create("/api/v1/nodes", {"metadata": {"name": "silent"}})
    try:
        async with collector_of(cluster) as collector:
            async with asyncio.timeout(LIMIT_S):
                while True:
                    batch = await scrape(collector)
                    workers = {w.hostname: w.status for p in batch.pools for w in p.workers or ()}
                    heard_of = workers.get("node-1", WorkerStatus.FAILED) is not WorkerStatus.FAILED
                    if workers.get("silent") is WorkerStatus.FAILED and heard_of:
                        break
                    await asyncio.sleep(0.5)
    finally:
        with cluster.client() as client:
            client.delete("/api/v1/nodes/silent").raise_for_status()


async def test_a_scheduler_that_is_killed_lets_its_lease_run_out(cluster: Cluster) -> None:
    async with collector_of(cluster) as collector:
        before = (await scrape(collector)).coordination
        assert before is not None
        assert before.leader_election is not None
        assert before.leader_election.current_leader
        cluster.stop_program("kube-scheduler", kill=True)
        try:
            async with asyncio.timeout(LIMIT_S):
                while True:
                    record = (await scrape(collector)).orchestrator
                    parts = {each.name: each for each in record.health.components}
                    if parts["scheduler"].issues:
                        break
                    await asyncio.sleep(1)
        finally:
            cluster.start_program("kube-scheduler")
        async with asyncio.timeout(LIMIT_S):
            while True:
                after = (await scrape(collector)).coordination
                assert after is not None
                assert after.leader_election is not None
                leader = after.leader_election.current_leader
                if leader and leader != before.leader_election.current_leader:
                    break
                await asyncio.sleep(1)


async def test_a_restart_of_the_server_loses_nothing(cluster: Cluster, shop: str) -> None:
    async with collector_of(cluster) as collector:
        await scrape(collector)
        cluster.create_deployment(shop, "before", 2)
        await until(lambda: phases(cluster, shop)["Running"] == 2)
        cluster.stop_program("kube-apiserver", kill=True)
        with pytest.raises(UnreachableError):
            await collector.collect(datetime.now(UTC))
        cluster.start_program("kube-apiserver")
        await until(cluster.ready)
        cluster.create_deployment(shop, "after", 2)
        await until(lambda: phases(cluster, shop)["Running"] == 4)
        events: list[object] = []
        async with asyncio.timeout(LIMIT_S):
            while True:
                batch = await scrape(collector, cluster)
                events += batch.events
                if not batch.orchestrator.health.errors:
                    break
                await asyncio.sleep(0.5)

    placed = [e for e in events if isinstance(e, SchedulingDecision)]
    assert sum(str(e.decision_factors["pod"]).startswith(f"{shop}/") for e in placed) == 4


async def test_the_least_rights_are_enough_and_give_no_more(cluster: Cluster) -> None:
    reach = account(cluster)
    more = {
        "scheduler_urls": [cluster.scheduler_url],
        "controller_manager_urls": [cluster.manager_url],
        "components_verify": False,
        "workload_selector": "woa/pool=true",
    }
    async with collector_of(cluster, **reach, **more) as collector:
        record = (await scrape(collector)).orchestrator

    assert record.health.errors == ()
    assert not [each for each in record.health.warnings if "watch" in each]
    assert len(record.extra_metadata()["kubernetes"]["controlPlane"]["read"]) == 3
    assert record.extra_metadata()["kubernetes"]["clusterId"]
    refused = {
        ("GET", "/api/v1/secrets"),
        ("GET", "/api/v1/configmaps"),
        ("GET", "/api/v1/namespaces/kube-system/pods/x/log"),
        ("POST", "/api/v1/namespaces/default/pods/x/exec"),
        ("POST", "/api/v1/nodes"),
        ("DELETE", "/api/v1/nodes/node-1"),
        ("PATCH", "/apis/apps/v1/namespaces/default/deployments/x/scale"),
    }
    with cluster.client(Path(str(reach["token_file"])).read_text()) as client:
        statuses = {client.request(method, url, json={}).status_code for method, url in refused}
    assert statuses == {httpx.codes.FORBIDDEN}


async def test_a_token_without_rights_is_unauthorized(cluster: Cluster) -> None:
    token_file = cluster.folder / "weak-token"
    token_file.write_text("weak-token")
    reach = {"api_url": cluster.url, "ca_file": cluster.ca_file, "token_file": token_file}
    async with collector_of(cluster, kubeconfig=None, **reach) as collector:
        with pytest.raises(UnauthorizedError):
            await collector.collect(datetime.now(UTC))
