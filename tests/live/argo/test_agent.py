"""A real controller: our figures are those of Argo's own command line."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from agents.argo import ArgoCollector, ArgoConfig
from agents.collector import Batch, UnauthorizedError
from contracts.events import SchedulingDecision
from contracts.health import ComponentStatus
from tests.agents.contract import records_of, unexplained_nulls
from tests.live.argo.argo import LABEL, Argo
from tests.live.argo.conftest import LIMIT
from tests.live.kubernetes.manifests import apply, token_of
from tests.live.kubernetes.reading import heard_all, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

RBAC = Path(__file__).parents[3] / "deploy" / "argo" / "rbac.yaml"
LIMIT_S = 120.0
STEP = {"name": "main", "container": {"image": "none", "command": ["true"]}}
ONE_STEP: dict[str, Any] = {"entrypoint": "main", "templates": [STEP]}


def settings_of(argo: Argo, **more: object) -> ArgoConfig:
    settings = {
        "instance_id": "live",
        "kubeconfig": argo.cluster.kubeconfig,
        "controller_metrics_url": argo.metrics_url,
        "call_timeout_s": 30,
        "facts_interval_s": 1,
    }
    return ArgoConfig.model_validate(settings | more)


async def scrape(collector: ArgoCollector, heard: Argo | None = None) -> Batch:
    """One record, with all that `heard` tells at this moment."""
    if heard is not None:
        await heard_all(collector.informers.values(), heard.cluster)
    batch = await collector.collect(datetime.now(UTC))
    assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []
    return batch


def details(batch: Batch) -> dict[str, Any]:
    found: dict[str, Any] = batch.orchestrator.extra_metadata()["argo"]
    return found


@pytest.fixture
async def jobs(argo: Argo) -> AsyncIterator[str]:
    """A namespace; when the test is over nothing in it runs any more."""
    name = f"jobs-{uuid4().hex[:6]}"
    argo.cluster.create_namespace(name)
    yield name
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{name}/workflows"
    with argo.cluster.client() as client:
        client.delete(path).raise_for_status()
    await until(lambda: not argo.cluster.items(path))


def told(argo: Argo, namespace: str) -> Counter[str]:
    """Workflows by phase, as `argo list` says."""
    return Counter(each["status"].get("phase", "") for each in argo.listed(namespace))


async def at_rest(argo: Argo, namespace: str, phases: dict[str, int]) -> None:
    """Until Argo says so."""
    await until(lambda: told(argo, namespace) == phases)


async def a_lock_is_waited_for(argo: Argo, namespace: str) -> None:
    """By a workflow that has its place: one that is to begin may be told to wait for that first."""
    await until(
        lambda: any("lock. Lock status" in str(each["status"]) for each in argo.listed(namespace))
    )


async def ended(argo: Argo, namespace: str, phases: dict[str, int], *, well: bool = True) -> None:
    """End what runs, again and again, until Argo says so."""

    def there() -> bool:
        argo.end_pods(namespace, well=well)
        return told(argo, namespace) == phases

    await until(there)


async def test_a_full_limit_failures_and_retries(argo: Argo, jobs: str) -> None:
    async with ArgoCollector(settings_of(argo)) as collector:
        await scrape(collector)
        retried = {**STEP, "retryStrategy": {"limit": "1"}}
        argo.submit(jobs, "bad", {"entrypoint": "main", "templates": [retried]})
        for number in range(2):
            argo.submit(jobs, f"first-{number}", ONE_STEP)
        await at_rest(argo, jobs, {"Running": LIMIT})
        for number in range(4):
            argo.submit(jobs, f"later-{number}", ONE_STEP)
        await at_rest(argo, jobs, {"Running": LIMIT, "Pending": 4})
        await until(lambda: running_pods(argo, jobs) == LIMIT)
        full = await scrape(collector, argo)

        capacity = full.orchestrator.capacity
        assert capacity is not None
        assert (capacity.total_slots, capacity.used_slots) == (LIMIT, LIMIT)
        assert (capacity.pending_workflows, capacity.capacity_utilization) == (4, 1.0)
        assert details(full)["waitingByCause"] == {"limit": 4}
        assert full.orchestrator.health.errors == ()
        (pool,) = full.pools
        assert {each.current_task for each in pool.workers or ()} == {"bad", "first-0", "first-1"}

        def all_over() -> bool:
            argo.end_pods(jobs, well=False, workflows=f"{LABEL}=bad")
            argo.end_pods(jobs, workflows=f"{LABEL}!=bad")
            return told(argo, jobs) == {"Succeeded": 6, "Failed": 1}

        await until(all_over)
        over = await scrape(collector, argo)
        after = await scrape(collector)

    execution = over.orchestrator.execution
    assert execution is not None
    assert (execution.completed_workflows, execution.failed_workflows) == (6, 1)
    assert execution.retried_tasks == 1
    assert after.orchestrator.execution is not None
    assert after.orchestrator.execution.completed_workflows == 0
    assert after.orchestrator.capacity is not None
    assert after.orchestrator.capacity.used_slots == 0
    waits = details(over)["latency"]
    assert waits["limit"]["count"] == 4
    placed = [each for each in (*full.events, *over.events) if isinstance(each, SchedulingDecision)]
    assert len(placed) == 8  # seven workflows, and the retry of one


def running_pods(argo: Argo, namespace: str) -> int:
    found = argo.cluster.items(f"/api/v1/namespaces/{namespace}/pods")
    return sum(each["status"].get("phase") == "Running" for each in found)


async def test_waits_for_the_limit_are_the_known_ones(argo: Argo, jobs: str) -> None:
    async with ArgoCollector(settings_of(argo)) as collector:
        await scrape(collector)
        for number in range(LIMIT):
            argo.submit(jobs, f"first-{number}", ONE_STEP)
        await at_rest(argo, jobs, {"Running": LIMIT})
        for number in range(LIMIT):
            argo.submit(jobs, f"waits-{number}", ONE_STEP)
        await ended(argo, jobs, {"Succeeded": 2 * LIMIT})
        batch = await scrape(collector, argo)

    listed = {each["metadata"]["name"]: each for each in argo.listed(jobs)}
    known_s = sorted(wait_s(listed[f"waits-{number}"]) for number in range(LIMIT))
    summary = details(batch)["latency"]["limit"]
    assert summary["count"] == LIMIT
    # Argo keeps whole seconds of each of the two moments; a busy watch tells each somewhat late.
    assert summary["maxMs"] / 1000 == pytest.approx(known_s[-1], abs=5)


def wait_s(workflow: dict[str, Any]) -> float:
    begun = datetime.fromisoformat(workflow["status"]["startedAt"])
    created = datetime.fromisoformat(workflow["metadata"]["creationTimestamp"])
    return (begun - created).total_seconds()


async def test_who_holds_a_mutex_and_who_waits(argo: Argo, jobs: str) -> None:
    locked = {**ONE_STEP, "synchronization": {"mutexes": [{"name": "build"}]}}
    lock = f"{jobs}/Mutex/build"
    async with ArgoCollector(settings_of(argo)) as collector:
        await scrape(collector)
        argo.submit(jobs, "holds", locked)
        await at_rest(argo, jobs, {"Running": 1})
        argo.submit(jobs, "waits", locked)
        await at_rest(argo, jobs, {"Running": 1, "Pending": 1})
        await a_lock_is_waited_for(argo, jobs)
        held = await scrape(collector, argo)
        await ended(argo, jobs, {"Succeeded": 2})
        free = await scrape(collector, argo)

    assert details(held)["waitingByCause"] == {"lock": 1}
    assert held.coordination is not None
    found = held.coordination.metadata.model_extra or {}
    assert found["argo"]["locks"][lock]["holders"] == [f"{jobs}/holds"]
    assert found["argo"]["locks"][lock]["waiting"] == [f"{jobs}/waits"]
    assert held.coordination.distributed_locking is not None
    assert held.coordination.distributed_locking.lock_contentions == 1
    assert free.coordination is not None
    assert free.coordination.distributed_locking is not None
    assert free.coordination.distributed_locking.active_locks == 0
    assert (free.coordination.distributed_locking.lock_wait_time or 0) > 0
    assert details(free)["latency"]["lock"]["count"] == 1


async def test_a_semaphore_is_a_queue_with_its_limit(argo: Argo, jobs: str) -> None:
    limits = {"metadata": {"name": "limits"}, "data": {"builds": "2"}}
    argo.cluster.create(f"/api/v1/namespaces/{jobs}/configmaps", limits)
    key = {"configMapKeyRef": {"name": "limits", "key": "builds"}}
    shared = {**ONE_STEP, "synchronization": {"semaphores": [key]}}
    async with ArgoCollector(settings_of(argo)) as collector:
        for name in ("one", "two", "three"):
            argo.submit(jobs, name, shared)
        await at_rest(argo, jobs, {"Running": 2, "Pending": 1})
        await a_lock_is_waited_for(argo, jobs)
        batch = await scrape(collector)
        await ended(argo, jobs, {"Succeeded": 3})

    assert batch.orchestrator.queuing is not None
    queues = {each.name: each for each in batch.orchestrator.queuing.queues or ()}
    queue = queues[f"lock/{jobs}/ConfigMap/limits/builds"]
    assert (queue.size, queue.in_flight, queue.consumers) == (1, 2, 2)


async def test_what_is_suspended_does_not_run(argo: Argo, jobs: str) -> None:
    paused = {"entrypoint": "main", "templates": [{"name": "main", "suspend": {}}]}
    argo.submit(jobs, "paused", paused)
    await at_rest(argo, jobs, {"Running": 1})
    async with ArgoCollector(settings_of(argo)) as collector:
        batch = await scrape(collector)

    capacity = batch.orchestrator.capacity
    assert capacity is not None
    assert (capacity.running_workflows, capacity.used_slots) == (0, 1)
    assert details(batch)["suspended"] == 1


async def test_a_controller_that_is_killed_and_comes_back(argo: Argo, jobs: str) -> None:
    async with ArgoCollector(settings_of(argo)) as collector:
        await scrape(collector)
        argo.submit(jobs, "before", ONE_STEP)
        await at_rest(argo, jobs, {"Running": 1})
        argo.stop(kill=True)
        argo.submit(jobs, "meanwhile", ONE_STEP)
        async with asyncio.timeout(LIMIT_S):
            while True:
                down = await scrape(collector, argo)
                if down.orchestrator.health.components[0].status is ComponentStatus.UNHEALTHY:
                    break
                await asyncio.sleep(0.5)
        argo.start()
        await ended(argo, jobs, {"Succeeded": 2})
        async with asyncio.timeout(LIMIT_S):
            while True:
                up = await scrape(collector)
                if up.orchestrator.health.components[0].status is ComponentStatus.HEALTHY:
                    break
                await asyncio.sleep(0.5)

    assert details(down)["waitingByCause"] == {"controller": 1}
    (error,) = down.orchestrator.health.errors
    assert error.source == "controller metrics"
    assert up.orchestrator.health.errors == ()


async def test_the_least_rights_are_enough_and_give_no_more(argo: Argo) -> None:
    cluster = argo.cluster
    apply(cluster, RBAC)
    token = token_of(cluster, "woa-argo-agent")
    token_file = cluster.folder / "agent-token"
    token_file.write_text(token)
    reach = {"api_url": cluster.url, "ca_file": cluster.ca_file, "token_file": token_file}
    async with ArgoCollector(settings_of(argo, kubeconfig=None, **reach)) as collector:
        record = (await scrape(collector)).orchestrator

    assert record.health.errors == ()
    assert record.capacity is not None
    assert record.capacity.total_slots == LIMIT
    workflows = "/apis/argoproj.io/v1alpha1/namespaces/argo/workflows"
    refused = {
        ("GET", "/api/v1/secrets"),
        ("GET", "/api/v1/configmaps"),
        ("GET", "/api/v1/namespaces/argo/configmaps/other"),
        ("GET", "/api/v1/namespaces/argo/pods/x/log"),
        ("POST", workflows),
        ("PATCH", f"{workflows}/x"),
        ("DELETE", f"{workflows}/x"),
        ("PATCH", "/api/v1/namespaces/argo/configmaps/workflow-controller-configmap"),
    }
    with cluster.client(token) as client:
        statuses = {client.request(method, url, json={}).status_code for method, url in refused}
    assert statuses == {httpx.codes.FORBIDDEN}


async def test_a_token_without_rights_is_unauthorized(argo: Argo) -> None:
    token_file = argo.cluster.folder / "weak-token"
    token_file.write_text("weak-token")
    reach = {"api_url": argo.cluster.url, "ca_file": argo.cluster.ca_file, "token_file": token_file}
    async with ArgoCollector(settings_of(argo, kubeconfig=None, **reach)) as collector:
        with pytest.raises(UnauthorizedError):
            await collector.collect(datetime.now(UTC))
