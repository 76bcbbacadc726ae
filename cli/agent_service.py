"""`woa agent run`: the agents of a file as a service.

They publish to Kafka where that is set, and `woa ingest run` writes what it finds there; else the
bus is the direct one, and ingest is in this process and writes to a database of yours.
"""

import asyncio
from collections.abc import Sequence

import structlog

from agents.collector import CollectorConfig, Reader
from agents.registry import ConfigError, make_replica
from api.server import ServerError, bind, serve
from cli.agent import NO_AGENTS
from cli.exits import CommandError, Exit, UsageError
from cli.kafka import kafka_publisher
from cli.lifecycle import Services, only_one, progress, run_until_stopped, say
from cli.metrics_app import metrics_app
from cli.pipeline import Intake, Outlet, Pipeline
from cli.schema_check import check_schema
from cli.settings import Settings
from cli.version import VERSION
from store.errors import StoreUnavailableError
from store.migrate import MigrationError

__all__ = ["run_agents"]

log = structlog.get_logger(__name__)

REPORT_FIRST_S = 5.0
REPORT_INTERVAL_S = 60.0


def run_agents(settings: Settings) -> Exit:
    """Run until SIGINT or SIGTERM. Raises `CommandError`."""
    database_url = None if settings.kafka.bootstrap_servers else _database_url(settings)
    collectors = _collectors(settings)
    service = _AgentService(settings, database_url, collectors)
    try:
        with only_one(settings.state_dir):
            asyncio.run(run_until_stopped(service.start))
    except (MigrationError, ServerError, StoreUnavailableError) as error:
        raise CommandError(str(error)) from error
    return Exit.OK


class _AgentService:
    def __init__(
        self,
        settings: Settings,
        database_url: str | None,
        collectors: Sequence[Reader[CollectorConfig]],
    ) -> None:
        self._settings = settings
        self._database_url = database_url
        self._collectors = collectors

    async def start(self, services: Services) -> None:
        """Return when every agent runs."""
        say(f"woa {VERSION} agents, spool in {self._settings.state_dir}")
        listener = bind(self._settings.api)
        services.stack.callback(listener.close)
        intake, outlet = await self._open(services)
        await outlet.watch(self._collectors)
        served = asyncio.get_running_loop().create_future()
        app = metrics_app(intake, outlet)
        services.spawn(
            "metrics", serve(app, self._settings.api, served.set_result, listener=listener)
        )
        services.spawn("report", _report(intake, outlet))
        say(f"  agents      {', '.join(runner.name for runner in outlet.runners)}")
        say(f"  metrics     {await served}/metrics")
        say("Stop  Ctrl-C or SIGTERM\n")

    async def _open(self, services: Services) -> tuple[Intake | None, Outlet]:
        if self._database_url is None:
            publisher = kafka_publisher(self._settings)
            return None, await Outlet.open(self._settings, services, publisher)
        with progress("database", "the one of WOA_DATABASE_URL"):
            await check_schema(self._database_url)
        pipeline = await Pipeline.open(self._settings, services, self._database_url)
        return pipeline.intake, pipeline.outlet


def _database_url(settings: Settings) -> str:
    if settings.database_url is None:
        raise UsageError(
            "woa agent run writes to a database of yours: set WOA_DATABASE_URL (or database_url "
            "in the file) to postgresql://user:password@host/database, or "
            "WOA_KAFKA__BOOTSTRAP_SERVERS to publish to Kafka. `woa up` brings its own"
        )
    return settings.database_url.get_secret_value()


def _collectors(settings: Settings) -> list[Reader[CollectorConfig]]:
    if not settings.agents:
        raise UsageError(NO_AGENTS)
    try:
        return [make_replica(agent) for agent in settings.agents]
    except ConfigError as error:
        raise UsageError(str(error)) from error


async def _report(intake: Intake | None, outlet: Outlet) -> None:
    """A line now and then, so that a service's log shows that it is at work."""
    await asyncio.sleep(REPORT_FIRST_S)
    while True:
        spool = await outlet.forwarder.state()
        stats = [runner.stats for runner in outlet.runners]
        log.info(
            "agents_at_work",
            scrapes=sum(stat.scrapes for stat in stats),
            failed=sum(stat.failures.total() for stat in stats),
            stored=intake.ingest.stats.inserted if intake else None,
            spooled=spool.records,
        )
        await asyncio.sleep(REPORT_INTERVAL_S)
