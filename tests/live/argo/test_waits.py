"""Workflows that wait for a limit for known times."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from agents.argo import ArgoCollector, ArgoConfig
from tests.live.argo.argo import WORKFLOWS, Argo
from tests.live.argo.conftest import LIMIT
from tests.live.kubernetes.cluster import ADMIN
from tests.live.kubernetes.reading import heard_all, until
from tests.live.waits.workload import ITEMS, Item, play, the_known_p95

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

SETTINGS = "/api/v1/namespaces/argo/configmaps/workflow-controller-configmap"
MERGE = {"Content-Type": "application/merge-patch+json"}
PAUSED = {"entrypoint": "main", "templates": [{"name": "main", "suspend": {}}]}
"""It takes up its place until it is deleted, and no pod is made."""


@pytest.fixture
def namespace(argo: Argo) -> Iterator[str]:
    """One of the test's own; afterwards the controller is as it was."""
    name = f"waits-{uuid4().hex[:6]}"
    argo.cluster.create_namespace(name)
    yield name
    with argo.cluster.client() as client:
        client.delete(WORKFLOWS.format(name)).raise_for_status()
        body = {"data": {"parallelism": str(LIMIT)}}
        client.patch(SETTINGS, json=body, headers=MERGE).raise_for_status()


async def test_the_p95_of_known_waits_is_told(argo: Argo, namespace: str) -> None:
    clock = asyncio.get_running_loop().time
    came_s: list[float] = []
    freed_s: list[float] = []
    one_by_one = asyncio.Lock()
    async with (
        httpx.AsyncClient(
            base_url=argo.cluster.url,
            headers={"Authorization": f"Bearer {ADMIN}"},
            verify=argo.cluster.trust(),
            timeout=30,
        ) as client,
        ArgoCollector(
            ArgoConfig(instance_id="live", kubeconfig=argo.cluster.kubeconfig, call_timeout_s=30)
        ) as collector,
    ):

        async def submit(item: Item) -> None:
            body = {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Workflow",
                "metadata": {"name": f"item-{item.number}"},
                "spec": PAUSED,
            }
            answer = await client.post(WORKFLOWS.format(namespace), json=body)
            answer.raise_for_status()
            came_s.append(clock())

        async def release(_: Item) -> None:
            """Make room for one more: Argo gives it to the one that came first."""
            async with one_by_one:  # of two limits at once the smaller could be the last
                freed_s.append(clock())
                body = {"data": {"parallelism": str(LIMIT + len(freed_s))}}
                (await client.patch(SETTINGS, json=body, headers=MERGE)).raise_for_status()

        for number in range(LIMIT):  # the places that there are
            argo.submit(namespace, f"before-{number}", PAUSED)
        await until(lambda: running(argo, namespace) == LIMIT)
        await collector.collect(datetime.now(UTC))
        await collector.collect(datetime.now(UTC))
        await play(submit, release)
        await until(lambda: running(argo, namespace) == LIMIT + len(ITEMS))
        await heard_all(collector.informers.values(), argo.cluster)
        batch = await collector.collect(datetime.now(UTC))

    waits = zip(sorted(came_s), sorted(freed_s), strict=True)
    the_known_p95(batch.orchestrator, [(freed - came) * 1000 for came, freed in waits])
    told = batch.orchestrator.extra_metadata()["argo"]["latency"]
    assert told["limit"]["count"] == len(ITEMS)


def running(argo: Argo, namespace: str) -> int:
    found = argo.cluster.items(WORKFLOWS.format(namespace))
    return sum(each.get("status", {}).get("phase") == "Running" for each in found)
