from collections.abc import AsyncIterator

import httpx
import pytest

from tests.agents.prefect.behaviour import PrefectBehaviour
from tests.live.prefect.server import PrefectServer

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]


class TestRealServer(PrefectBehaviour):
    @pytest.fixture
    def version(self, prefect_server: PrefectServer) -> tuple[int, ...]:
        return prefect_server.version

    @pytest.fixture
    async def http(self, prefect_server: PrefectServer) -> AsyncIterator[httpx.AsyncClient]:
        async with prefect_server.client() as client:
            yield client
