"""Agents -> spool -> direct bus -> ingest -> database, in one process."""

from collections.abc import Iterable

from psycopg_pool import AsyncConnectionPool

from agents.collector import Collector, CollectorConfig
from agents.forwarder import Forwarder
from agents.runner import AgentRunner
from agents.spool import Spool
from bus.direct import DirectBus
from cli.lifecycle import Services
from cli.settings import Settings
from cli.surroundings import surroundings, utc_now
from ingest.service import Ingest
from ingest.upkeep import upkeep
from store.connection import Connection, open_pool
from store.write import Writer

__all__ = ["Pipeline"]

DRAIN_S = 5.0


class Pipeline:
    """The path of a record. Its parts run as `services`, which stop them."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Connection],
        ingest: Ingest,
        forwarder: Forwarder,
        services: Services,
    ) -> None:
        self.pool = pool
        self.ingest = ingest
        self.forwarder = forwarder
        self.runners: list[AgentRunner] = []
        self._services = services

    @classmethod
    async def open(cls, settings: Settings, services: Services, database_url: str) -> "Pipeline":
        """All but the agents. The database has the structure of this version.

        Raises `StoreUnavailableError`.
        """
        stack = services.stack
        pool = await open_pool(database_url, application_name="woa")
        stack.push_async_callback(pool.close)
        services.spawn("upkeep", upkeep(pool, settings.retention, utc_now))
        bus = DirectBus()
        ingest = Ingest(bus, Writer(pool), settings.ingest)
        services.spawn("ingest", ingest.run())
        stack.push_async_callback(bus.aclose)
        spool = Spool(settings.state_dir / "spool.db", settings.spool)
        await stack.enter_async_context(spool)
        forwarder = Forwarder(spool, bus)
        services.spawn("forwarder", forwarder.run())
        stack.push_async_callback(forwarder.drained, DRAIN_S)
        return cls(pool, ingest, forwarder, services)

    async def watch(self, collectors: Iterable[Collector[CollectorConfig]]) -> None:
        """Run an agent for each of these, which are closed with the rest."""
        for collector in collectors:
            await self._services.stack.enter_async_context(collector)
            runner = AgentRunner(collector, self.forwarder, surroundings())
            self._services.spawn(f"agent {collector.config.instance_id}", runner.run())
            self.runners.append(runner)
