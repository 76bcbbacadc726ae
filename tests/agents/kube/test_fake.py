from collections.abc import AsyncIterator

import httpx
import pytest

from tests.agents.kube.behaviour import PODS, KubeBehaviour
from tests.agents.kube.fake import FakeKube


class TestFake(KubeBehaviour):
    @pytest.fixture
    async def http(self) -> AsyncIterator[httpx.AsyncClient]:
        self.server = FakeKube()
        async with httpx.AsyncClient(base_url="http://kube", transport=self.server) as client:
            yield client

    async def make(self, http: httpx.AsyncClient, name: str) -> None:
        self.server.put(PODS, {"metadata": {"name": name, "namespace": "default"}})

    async def end(self, http: httpx.AsyncClient, name: str) -> None:
        self.server.delete(PODS, f"default/{name}")
