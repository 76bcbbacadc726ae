from collections.abc import AsyncIterator

import httpx
import pytest

from tests.agents.kube.behaviour import KubeBehaviour
from tests.live.kubernetes.cluster import ADMIN, Cluster, container

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

PODS = "/api/v1/namespaces/default/pods"


class TestRealServer(KubeBehaviour):
    @pytest.fixture
    async def http(self, cluster: Cluster) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"Authorization": f"Bearer {ADMIN}"}
        async with httpx.AsyncClient(
            base_url=cluster.url, headers=headers, verify=cluster.trust(), timeout=30
        ) as client:
            yield client
            kept = (await client.get(PODS)).json()["items"]
            for pod in kept:
                if "ownerReferences" not in pod["metadata"]:
                    await self.end(client, pod["metadata"]["name"])

    async def make(self, http: httpx.AsyncClient, name: str) -> None:
        body = {"metadata": {"name": name}, "spec": {"containers": [container("1m")]}}
        (await http.post(PODS, json=body)).raise_for_status()

    async def end(self, http: httpx.AsyncClient, name: str) -> None:
        (await http.delete(f"{PODS}/{name}?gracePeriodSeconds=0")).raise_for_status()
