from collections.abc import AsyncIterator

import httpx
import pytest

from agents.airflow import AirflowConfig
from agents.airflow.auth import AirflowAuth
from agents.airflow.dialect import V1, V2, Dialect
from tests.agents.airflow.behaviour import AirflowBehaviour
from tests.agents.airflow.fake import FakeAirflow


class TestVersion3(AirflowBehaviour):
    version = "3.3.2"

    @pytest.fixture
    def dialect(self) -> Dialect:
        return V2

    @pytest.fixture
    async def http(self) -> AsyncIterator[httpx.AsyncClient]:
        server = FakeAirflow(self.version)
        server.scheduler(1)
        now = server.now()
        times = dict.fromkeys(("scheduled_when", "queued_when", "start_date", "end_date"), now)
        for number in range(5):
            state = "failed" if number == 3 else "success"
            server.task(f"r{number}", "t", state, run_after=now, **times)
            server.run(f"r{number}", state, run_after=now, start_date=now, end_date=now)
        config = AirflowConfig.model_validate(
            {"instance_id": "x", "username": "woa", "password": "secret", "base_url": "http://x"}
        )
        async with httpx.AsyncClient(
            base_url="http://x", transport=server, auth=AirflowAuth(config)
        ) as client:
            yield client


class TestVersion2(TestVersion3):
    version = "2.11.2"

    @pytest.fixture
    def dialect(self) -> Dialect:
        return V1
