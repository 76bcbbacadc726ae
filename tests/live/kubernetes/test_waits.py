"""Jobs whose pods wait for a node for known times."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from agents.kubernetes import KubernetesCollector, KubernetesConfig
from tests.live.kubernetes.cluster import ADMIN, Cluster, container
from tests.live.kubernetes.reading import scrape, until
from tests.live.waits.workload import ITEMS, Item, play, the_known_p95

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

NODE = "/api/v1/nodes/node-1"


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """One of the test's own; afterwards the node is as it was."""
    name = f"waits-{uuid4().hex[:6]}"
    cluster.create_namespace(name)
    yield name
    with cluster.client() as client:
        labels = {f"item-{item.number}": None for item in ITEMS}
        merge = {"Content-Type": "application/merge-patch+json"}
        client.patch(NODE, json={"metadata": {"labels": labels}}, headers=merge).raise_for_status()


async def test_the_p95_of_known_waits_is_told(cluster: Cluster, namespace: str) -> None:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    settings = {"instance_id": "live", "kubeconfig": cluster.kubeconfig, "call_timeout_s": 30}
    async with (
        httpx.AsyncClient(
            base_url=cluster.url, headers=headers, verify=cluster.trust(), timeout=30
        ) as client,
        KubernetesCollector(KubernetesConfig.model_validate(settings)) as collector,
    ):

        async def submit(item: Item) -> None:
            """A Job whose pod wants a node with a label that none has."""
            pod = {
                "containers": [container("1m")],
                "restartPolicy": "Never",
                "nodeSelector": {f"item-{item.number}": "yes"},
            }
            body = {
                "metadata": {"name": f"item-{item.number}"},
                "spec": {"template": {"spec": pod}},
            }
            path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
            (await client.post(path, json=body)).raise_for_status()

        async def release(item: Item) -> None:
            """Give the node the label."""
            body = {"metadata": {"labels": {f"item-{item.number}": "yes"}}}
            merge = {"Content-Type": "application/merge-patch+json"}
            (await client.patch(NODE, json=body, headers=merge)).raise_for_status()

        await collector.collect(datetime.now(UTC))
        known_ms = await play(submit, release)
        await until(lambda: all_placed(cluster, namespace))
        batch = await scrape(collector, cluster)

    the_known_p95(batch.orchestrator, known_ms)


def all_placed(cluster: Cluster, namespace: str) -> bool:
    pods = cluster.items(f"/api/v1/namespaces/{namespace}/pods")
    return sum("nodeName" in pod["spec"] for pod in pods) == len(ITEMS)
