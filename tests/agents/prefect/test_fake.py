from collections.abc import AsyncIterator

import httpx
import pytest

from tests.agents.prefect.behaviour import PrefectBehaviour
from tests.agents.prefect.fake import FakePrefect


class TestFake(PrefectBehaviour):
    @pytest.fixture
    async def http(self) -> AsyncIterator[httpx.AsyncClient]:
        transport = FakePrefect()
        async with httpx.AsyncClient(base_url="http://fake/api/", transport=transport) as client:
            yield client
