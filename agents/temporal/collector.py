"""The collector: one scrape, made into records, and what must be known for the next."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

import httpx
from temporalio.api.workflowservice.v1 import ListNamespacesRequest

from agents.collector import Batch, Collector, CollectorConfig
from agents.missing import Missing
from agents.temporal.client import TemporalClient
from agents.temporal.config import TemporalConfig
from agents.temporal.failures import NamespaceNotFoundError
from agents.temporal.rpcs import Connection
from agents.temporal.scrape import PROBES, Memory, Scraper
from agents.temporal.translate import translate
from contracts.orchestrator import OrchestratorType

__all__ = ["TemporalCollector"]

NAMESPACE_PAGES = 20


class TemporalCollector(Collector[TemporalConfig]):
    """Reads one namespace of one Temporal cluster.

    Values that need two scrapes (counts of an interval, rates and latencies from counters) are
    null in the first record. `connection`, `transport` and `clock` (monotonic seconds) are for
    tests; without them it connects to `config.address` at the first call.
    """

    orchestrator_type: ClassVar[OrchestratorType] = OrchestratorType.TEMPORAL
    config_model: ClassVar[type[CollectorConfig]] = TemporalConfig

    def __init__(
        self,
        config: TemporalConfig,
        connection: Connection | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(config)
        self._client = TemporalClient(config, connection)
        self._http = httpx.AsyncClient(timeout=config.timeout_s, transport=transport)
        self._scraper = Scraper(config, self._client, self._http, clock)
        self._memory = Memory()
        self._namespace_misses = 0

    async def collect(self, now: datetime) -> Batch:
        """See `Collector.collect`; also raises `NamespaceNotFoundError`."""
        snapshot, memory = await self._scraper.scrape(now, self._memory)
        await self._check_namespace()
        batch = translate(snapshot, self.config, self.orchestrator_id)
        self._memory = memory
        return batch

    async def aclose(self) -> None:
        await self._http.aclose()
        self._client.close()

    async def _check_namespace(self) -> None:
        """A busy server calls namespaces unknown that exist: believe it late, and check."""
        log = self._client.log
        missed = any(each.code == "namespace_not_found" for each in log.failures)
        found = log.answered - PROBES - {"GetClusterInfo"}
        self._namespace_misses = self._namespace_misses + 1 if missed and not found else 0
        if self._namespace_misses < self.config.namespace_missing_scrapes:
            return
        if await self._namespace_is_listed() is False:
            raise NamespaceNotFoundError(
                f"there is no namespace {self.config.namespace!r} at {self.config.address}"
            )

    async def _namespace_is_listed(self) -> bool | None:
        """None when the list could not be read to its end."""
        rpcs = await self._client.rpcs()
        token = b""
        for _ in range(NAMESPACE_PAGES):
            page = await self._client.ask(
                rpcs.list_namespaces, ListNamespacesRequest(page_size=200, next_page_token=token)
            )
            if isinstance(page, Missing):
                return None
            if any(each.namespace_info.name == self.config.namespace for each in page.namespaces):
                return True
            token = page.next_page_token
            if not token:
                return False
        return None
