"""The collector: one scrape, made into records, and what must be known for the next."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

import httpx

from agents.airflow.auth import AirflowAuth
from agents.airflow.config import AirflowConfig
from agents.airflow.memory import Memory
from agents.airflow.scrape import Scraper
from agents.airflow.translate import translate
from agents.collector import Batch, Collector, CollectorConfig
from agents.http_api import HttpApi, http_client
from contracts.orchestrator import OrchestratorType

__all__ = ["AirflowCollector"]


class AirflowCollector(Collector[AirflowConfig]):
    """Reads one Airflow.

    What happened in an interval is null in the first record. `transport` and `clock` (monotonic
    seconds) are for tests.
    """

    orchestrator_type: ClassVar[OrchestratorType] = OrchestratorType.AIRFLOW
    config_model: ClassVar[type[CollectorConfig]] = AirflowConfig

    def __init__(
        self,
        config: AirflowConfig,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(config)
        http = http_client(config, str(config.base_url), AirflowAuth(config), transport)
        self._api = HttpApi(config, http)
        self._scraper = Scraper(config, self._api, clock)
        self._memory = Memory()

    async def collect(self, now: datetime) -> Batch:
        """See `Collector.collect`."""
        snapshot, memory = await self._scraper.scrape(now, self._memory)
        batch = translate(snapshot, self.config, self.orchestrator_id)
        self._memory = memory
        return batch

    async def aclose(self) -> None:
        await self._api.aclose()
