"""The two halves of a record's path: agents -> spool -> bus, and bus -> ingest -> database."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from psycopg_pool import AsyncConnectionPool

from agents.collector import CollectorConfig, Reader
from agents.forwarder import Forwarder
from agents.runner import AgentRunner
from agents.spool import Spool
from bus.direct import DirectBus
from bus.port import Publisher, Subscriber
from cli.lifecycle import Services
from cli.settings import Settings
from cli.surroundings import surroundings, utc_now
from ingest.service import Ingest
from ingest.upkeep import upkeep
from store.connection import Connection, open_pool
from store.write import Writer

__all__ = ["Intake", "Outlet", "Pipeline"]

DRAIN_S = 5.0


@dataclass(frozen=True)
class Intake:
    """From the bus into the database. Its parts run as services, which stop them."""

    pool: AsyncConnectionPool[Connection]
    ingest: Ingest

    @classmethod
    async def open(
        cls, settings: Settings, services: Services, database_url: str, subscriber: Subscriber
    ) -> "Intake":
        """The database has the structure of this version. Raises `StoreUnavailableError`."""
        pool = await open_pool(database_url, application_name="woa")
        services.stack.push_async_callback(pool.close)
        services.spawn("upkeep", upkeep(pool, settings.retention, utc_now))
        ingest = Ingest(subscriber, Writer(pool), settings.ingest, utc_now)
        services.spawn("ingest", ingest.run())
        services.spawn("lag", ingest.watch_lag())
        services.stack.push_async_callback(subscriber.aclose)
        return cls(pool, ingest)


@dataclass(frozen=True)
class Outlet:
    """From agents to the bus. Its parts run as services, which stop them."""

    forwarder: Forwarder
    services: Services
    runners: list[AgentRunner] = field(default_factory=list)

    @classmethod
    async def open(cls, settings: Settings, services: Services, publisher: Publisher) -> "Outlet":
        """All but the agents."""
        services.stack.push_async_callback(publisher.aclose)
        spool = Spool(settings.state_dir / "spool.db", settings.spool)
        await services.stack.enter_async_context(spool)
        limit = settings.kafka.max_message_bytes if settings.kafka.bootstrap_servers else None
        forwarder = Forwarder(spool, publisher, limit)
        services.spawn("forwarder", forwarder.run())
        services.stack.push_async_callback(forwarder.drained, DRAIN_S)
        return cls(forwarder, services)

    async def watch(self, collectors: Iterable[Reader[CollectorConfig]]) -> None:
        """Run an agent for each of these, which are closed with the rest."""
        for collector in collectors:
            await self.services.stack.enter_async_context(collector)
            runner = AgentRunner(collector, self.forwarder, surroundings())
            self.services.spawn(f"agent {collector.config.instance_id}", runner.run())
            self.runners.append(runner)


@dataclass(frozen=True)
class Pipeline:
    """Both halves, in one process."""

    intake: Intake
    outlet: Outlet

    @classmethod
    async def open(cls, settings: Settings, services: Services, database_url: str) -> "Pipeline":
        """Both ends of the direct bus. Raises `StoreUnavailableError`."""
        bus = DirectBus()
        intake = await Intake.open(settings, services, database_url, bus)
        return cls(intake, await Outlet.open(settings, services, bus))
