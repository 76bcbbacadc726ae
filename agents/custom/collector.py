"""The collector: what is read is mapped, what is pushed is handed on."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

import httpx

from agents.calls import CallLog, verdict
from agents.collector import Batch, Collector, CollectorConfig
from agents.custom.config import CustomConfig
from agents.custom.mapping import Counters
from agents.custom.push import Pushed
from agents.custom.sources import Sources
from agents.custom.translate import translate
from agents.http_api import ERRORS
from agents.origin import Origin
from contracts.orchestrator import OrchestratorType

__all__ = ["CustomCollector"]


class CustomCollector(Collector[CustomConfig]):
    """Reads the sources of one home-grown orchestrator, or listens for its records.

    `transport` and `clock` (monotonic seconds) are for tests.
    """

    orchestrator_type: ClassVar[OrchestratorType] = OrchestratorType.CUSTOM
    config_model: ClassVar[type[CollectorConfig]] = CustomConfig

    def __init__(
        self,
        config: CustomConfig,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(config)
        self._clock = clock
        self._sources = Sources(config, transport)
        self._counters = Counters()
        self.pushed = None if config.push is None else Pushed(config, config.push, self._told)

    async def collect(self, now: datetime) -> Batch:
        """See `Collector.collect`. Where records are pushed: raises `NothingNewError`, too."""
        if self.pushed is not None:
            return await self.pushed.collect(now)
        begun = self._clock()
        documents = await self._sources.read(now)
        log = self._sources.log
        if not log.answered:
            raise verdict(log.failures, ERRORS)
        counters = self._counters.next(now)
        origin = self._origin(now, log, (self._clock() - begun) * 1000)
        batch = translate(documents, self.config, origin, counters)
        self._counters = counters
        return batch

    async def aclose(self) -> None:
        await self._sources.aclose()
        if self.pushed is not None:
            await self.pushed.aclose()

    def _told(self, now: datetime, log: CallLog) -> Origin:
        return self._origin(now, log, 0.0)

    def _origin(self, now: datetime, log: CallLog, took_ms: float) -> Origin:
        return Origin(
            OrchestratorType.CUSTOM,
            self.orchestrator_id,
            self.config,
            now,
            log,
            took_ms,
            {"mapping": "v1"},
        )
