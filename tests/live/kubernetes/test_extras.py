"""What not every cluster has, or shows: metrics, events, autoscalers, Kueue, Karpenter."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from contracts.events import SchedulingDecision
from contracts.worker_pool import ScalingAction
from tests.live.kubernetes.cluster import ADMIN, Cluster
from tests.live.kubernetes.extensions import DEFINITIONS, MERGE, define, fill, let_in
from tests.live.kubernetes.reading import account, collector_of, pods, scrape, until
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

EVENTS = "/apis/events.k8s.io/v1/namespaces/{}/events"
AUTOSCALERS = "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers"


def running(cluster: Cluster, namespace: str) -> int:
    return sum(pod["status"]["phase"] == "Running" for pod in pods(cluster, namespace))


def leads(url: str) -> bool:
    try:
        return metric(url, "leader_election_master_status") == 1
    except httpx.HTTPError:
        return False


def metric(url: str, line: str) -> float:
    """The sum of the samples that begin so, read by ourselves."""
    headers = {"Authorization": f"Bearer {ADMIN}"}
    text = httpx.get(f"{url}/metrics", headers=headers, verify=False, timeout=30).text
    found = re.findall(rf"^{line}(?:[{{][^\n]*[}}])? ([0-9.e+]+)$", text, re.MULTILINE)
    return sum(float(value) for value in found)


async def test_the_control_planes_own_figures(cluster: Cluster, shop: str) -> None:
    urls = {
        "scheduler_urls": [cluster.scheduler_url],
        "controller_manager_urls": [cluster.manager_url],
    }
    settings = urls | {"components_verify": False, "metrics_interval_s": 0.001}
    scheduled = 'scheduler_schedule_attempts_total{profile="default-scheduler",result="scheduled"}'
    await until(lambda: leads(cluster.scheduler_url) and leads(cluster.manager_url))
    async with collector_of(cluster, **settings) as collector:
        await scrape(collector)
        before = metric(cluster.scheduler_url, re.escape(scheduled))
        cluster.create_deployment(shop, "web", 7)
        await until(lambda: running(cluster, shop) == 7)
        objects = [metric(cluster.url, "apiserver_resource_objects")]
        batch = await scrape(collector, cluster)
        read = datetime.now(UTC).timestamp()
        objects.append(metric(cluster.url, "apiserver_resource_objects"))
    after = metric(cluster.scheduler_url, re.escape(scheduled))
    started_s = metric(cluster.url, "process_start_time_seconds")
    store_bytes = metric(cluster.url, "apiserver_storage_size_bytes")

    record = batch.orchestrator
    assert record.health.errors == ()
    told = record.extra_metadata()["kubernetes"]["controlPlane"]
    assert told["read"] == ["apiserver", "scheduler", "controllers"]
    assert after - before == told["queueToNode"]["count"] == 7
    asked_s, read_s = record.collected_at.timestamp() - started_s, read - started_s
    assert asked_s - 1 <= (record.health.uptime or 0) <= read_s + 1  # its clock: whole seconds
    parts = {each.name: each for each in record.health.components}
    for name in ("api", "etcd", "scheduler", "controller-manager"):
        assert parts[name].latency is not None, name
        assert (parts[name].throughput or 0) > 0, name
    assert parts["scheduler"].error_rate == 0
    assert batch.coordination is not None
    assert batch.coordination.state_management is not None
    assert batch.coordination.state_management.size_bytes == pytest.approx(store_bytes, rel=0.5)
    assert batch.coordination.state_management.objects in {each or None for each in objects}
    leading = (batch.coordination.metadata.model_extra or {})["kubernetes"]["leading"]
    assert leading == {"kube-scheduler": 1, "kube-controller-manager": 1}


async def test_events_tell_what_goes_wrong_and_when_a_pod_was_placed(
    cluster: Cluster, shop: str
) -> None:
    path = EVENTS.format(shop)
    async with collector_of(cluster) as collector:
        await scrape(collector)
        cluster.create_deployment(shop, "huge", 2, cpu="64")
        cluster.create_deployment(shop, "web", 3)
        await until(lambda: reasons(cluster, path).count("FailedScheduling") >= 2)
        await until(lambda: reasons(cluster, path).count("Scheduled") == 3)
        await until(lambda: running(cluster, shop) == 3)
        batch = await scrape(collector, cluster)

    told = batch.orchestrator.extra_metadata()["kubernetes"]
    assert told["warningEvents"]["FailedScheduling of Pod"] >= 2
    moments = {
        each["regarding"]["uid"]: datetime.fromisoformat(each["eventTime"])
        for each in cluster.items(path)
        if each["reason"] == "Scheduled"
    }
    decisions = {
        str(each.workflow_id): each.decision_time
        for each in batch.events
        if isinstance(each, SchedulingDecision) and each.decision_factors["owner"] == "ReplicaSet"
    }
    assert {uid: decisions[uid] for uid in moments} == moments
    assert any(moment.microsecond for moment in moments.values())


def reasons(cluster: Cluster, path: str) -> list[str]:
    return [each["reason"] for each in cluster.items(path)]


async def test_a_deployment_that_was_opted_in_and_its_autoscaler(
    cluster: Cluster, shop: str
) -> None:
    name = f"deployment/{shop}/web"
    async with collector_of(cluster, workload_selector=f"woa/pool={shop}") as collector:
        cluster.create_deployment(shop, "web", 1)
        cluster.create_deployment(shop, "other", 1)
        change(cluster, f"/apis/apps/v1/namespaces/{shop}/deployments/web", shop)
        await until(lambda: running(cluster, shop) == 2)
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        spec = {"minReplicas": 2, "maxReplicas": 6, "scaleTargetRef": target}
        scaler = {"metadata": {"name": "web"}, "spec": spec}
        cluster.create(AUTOSCALERS.format(shop), scaler)
        await until(lambda: wanted(cluster, shop) == 2)
        await scrape(collector)
        own = f"{AUTOSCALERS.format(shop)}/web"
        with cluster.client() as client:
            answer = client.patch(own, json={"spec": {"minReplicas": 4}}, headers=MERGE)
        answer.raise_for_status()
        await until(lambda: wanted(cluster, shop) == 4 and running(cluster, shop) == 5)
        batch = await scrape(collector, cluster)

    (pool,) = [each for each in batch.pools if each.worker_type == "deployment"]
    assert pool.pool_name == name
    mine = {pod["metadata"]["uid"] for pod in pods(cluster, shop) if web(pod)}
    assert {worker.id for worker in pool.workers or ()} == mine
    assert pool.active_workers == 4
    scaling = pool.scaling
    assert (scaling.enabled, scaling.min_workers, scaling.max_workers) == (True, 4, 6)
    assert scaling.current_target == 4
    (decision,) = scaling.scaling_decisions
    assert (decision.action, decision.from_count, decision.to_count, decision.success) == (
        ScalingAction.SCALE_UP,
        2,
        4,
        True,
    )


def change(cluster: Cluster, path: str, label: str) -> None:
    with cluster.client() as client:
        body = {"metadata": {"labels": {"woa/pool": label}}}
        client.patch(path, json=body, headers=MERGE).raise_for_status()


def wanted(cluster: Cluster, namespace: str) -> int:
    (scaler,) = cluster.items(AUTOSCALERS.format(namespace))
    return int(scaler["status"].get("desiredReplicas", 0))


def web(pod: dict[str, Any]) -> bool:
    return bool(pod["metadata"]["name"].startswith("web-"))


@pytest.fixture
def extended(cluster: Cluster) -> Iterator[Cluster]:
    """With the kinds of Kueue, Karpenter and Cluster API, but not their controllers."""
    folder = cluster.programs / "crds"
    if not folder.is_dir():
        require_or_skip("live", "there are no kinds of Kueue: make kubernetes (needs Go)")
    try:
        define(cluster, folder)
        yield cluster
    finally:
        with cluster.client() as client:
            for node in cluster.items("/api/v1/nodes"):
                if "kwok.x-k8s.io/node" not in node["metadata"].get("annotations", {}):
                    client.delete(f"/api/v1/nodes/{node['metadata']['name']}").raise_for_status()
            for each in cluster.items(DEFINITIONS):
                client.delete(f"{DEFINITIONS}/{each['metadata']['name']}").raise_for_status()


async def test_kueue_karpenter_and_cluster_api_by_discovery(
    extended: Cluster, cluster: Cluster, shop: str
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    async with collector_of(cluster, **account(cluster)) as collector:
        fill(extended, shop, now)
        batch = await scrape(collector)

        record = batch.orchestrator
        assert record.health.errors == ()
        assert not [each for each in record.health.warnings if "watch" in each]
        assert record.queuing is not None
        (queue,) = [each for each in record.queuing.queues or () if each.name == "kueue/gpu"]
        assert (queue.size, queue.in_flight, queue.type) == (2, 1, "fifo")
        assert queue.priority_levels == {"7": 1}
        told = record.extra_metadata()["kubernetes"]
        assert told["localQueues"] == {
            f"{shop}/team": {"clusterQueue": "gpu", "pending": 2, "admitted": 1}
        }
        pools = {each.pool_name: each.scaling for each in batch.pools}
        assert (pools["general"].max_workers, pools["general"].current_target) == (5, 1)
        assert (pools["md-0"].min_workers, pools["md-0"].max_workers) == (1, 9)
        let_in(extended, shop, now)
        workloads = f"/apis/kueue.x-k8s.io/v1beta2/namespaces/{shop}/workloads"
        await until(lambda: "Admitted" in str(cluster.items(workloads)))
        waits = (await scrape(collector, cluster)).orchestrator.extra_metadata()["kubernetes"][
            "waits"
        ]
    assert waits["quota"]["count"] == waits["checks"]["count"] == 1
    assert waits["checks"]["avgMs"] == 30_000
