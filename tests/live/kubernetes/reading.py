"""How live tests read a real cluster: by the agent, and independently of it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from agents.collector import Batch
from agents.kubernetes import KubernetesCollector, KubernetesConfig
from tests.agents.contract import records_of, unexplained_nulls
from tests.live.kubernetes.cluster import Cluster

__all__ = ["LIMIT_S", "collector_of", "pods", "scrape", "until"]

LIMIT_S = 180.0


def collector_of(cluster: Cluster, **more: object) -> KubernetesCollector:
    settings = {"instance_id": "live", "kubeconfig": cluster.kubeconfig, "call_timeout_s": 30}
    return KubernetesCollector(KubernetesConfig.model_validate(settings | more))


async def scrape(collector: KubernetesCollector) -> Batch:
    batch = await collector.collect(datetime.now(UTC))
    assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []
    return batch


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.2)


def pods(cluster: Cluster, namespace: str) -> list[dict[str, Any]]:
    return cluster.items(f"/api/v1/namespaces/{namespace}/pods")
