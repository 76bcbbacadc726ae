"""`woa agent run`: the agents of a file as a service, writing to a database of yours.

Until there is Kafka the bus is the direct one, and ingest is in this process.
"""

import asyncio
from collections.abc import Sequence

import structlog

from agents.collector import Collector, CollectorConfig
from agents.registry import ConfigError, make_collector
from api.server import ServerError, bind, serve
from cli.agent import NO_AGENTS
from cli.exits import CommandError, Exit, UsageError
from cli.lifecycle import Services, only_one, progress, run_until_stopped, say
from cli.metrics_app import metrics_app
from cli.pipeline import Pipeline
from cli.settings import Settings
from cli.version import VERSION
from store.errors import StoreUnavailableError
from store.migrate import MigrationError, schema_state

__all__ = ["run_agents"]

log = structlog.get_logger(__name__)

REPORT_FIRST_S = 5.0
REPORT_INTERVAL_S = 60.0


def run_agents(settings: Settings) -> Exit:
    """Run until SIGINT or SIGTERM. Raises `CommandError`."""
    database_url = _database_url(settings)
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
        database_url: str,
        collectors: Sequence[Collector[CollectorConfig]],
    ) -> None:
        self._settings = settings
        self._database_url = database_url
        self._collectors = collectors

    async def start(self, services: Services) -> None:
        """Return when every agent runs."""
        say(f"woa {VERSION} agents, spool in {self._settings.state_dir}")
        listener = bind(self._settings.api)
        services.stack.callback(listener.close)
        with progress("database", "the one of WOA_DATABASE_URL"):
            await self._check_schema()
        pipeline = await Pipeline.open(self._settings, services, self._database_url)
        await pipeline.watch(self._collectors)
        served = asyncio.get_running_loop().create_future()
        app = metrics_app(pipeline)
        services.spawn(
            "metrics", serve(app, self._settings.api, served.set_result, listener=listener)
        )
        services.spawn("report", _report(pipeline))
        say(f"  agents      {', '.join(runner.name for runner in pipeline.runners)}")
        say(f"  metrics     {await served}/metrics")
        say("Stop  Ctrl-C or SIGTERM\n")

    async def _check_schema(self) -> None:
        """Others may use the database: a service of its own does not change its structure."""
        state = await schema_state(self._database_url)
        if not state.is_current:
            has = "no tables yet" if state.version is None else f"version {state.version}"
            raise CommandError(
                f"the database of WOA_DATABASE_URL has {has}, and version {state.newest} is "
                "needed: run `woa db migrate`"
            )


def _database_url(settings: Settings) -> str:
    if settings.database_url is None:
        raise UsageError(
            "woa agent run writes to a database of yours: set WOA_DATABASE_URL (or database_url "
            "in the file) to postgresql://user:password@host/database. `woa up` brings its own"
        )
    return settings.database_url.get_secret_value()


def _collectors(settings: Settings) -> list[Collector[CollectorConfig]]:
    if not settings.agents:
        raise UsageError(NO_AGENTS)
    try:
        return [make_collector(agent) for agent in settings.agents]
    except ConfigError as error:
        raise UsageError(str(error)) from error


async def _report(pipeline: Pipeline) -> None:
    """A line now and then, so that a service's log shows that it is at work."""
    await asyncio.sleep(REPORT_FIRST_S)
    while True:
        spool = await pipeline.forwarder.state()
        stats = [runner.stats for runner in pipeline.runners]
        log.info(
            "agents_at_work",
            scrapes=sum(stat.scrapes for stat in stats),
            failed=sum(stat.failures.total() for stat in stats),
            stored=pipeline.ingest.stats.inserted,
            spooled=spool.records,
        )
        await asyncio.sleep(REPORT_INTERVAL_S)
