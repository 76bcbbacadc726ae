"""`woa ingest run`: from Kafka into the database, as a service of which any number may run."""

import asyncio
import gc

import structlog

from api.server import ServerError, bind, serve
from bus.kafka import KafkaSubscriber
from cli.exits import CommandError, Exit, UsageError
from cli.kafka import kafka_subscriber
from cli.lifecycle import Services, progress, run_until_stopped, say
from cli.metrics_app import metrics_app
from cli.pipeline import Intake
from cli.schema_check import check_schema
from cli.settings import Settings
from cli.version import VERSION
from store.errors import StoreUnavailableError
from store.migrate import MigrationError

__all__ = ["run_ingest"]

log = structlog.get_logger(__name__)

GC_ALLOCATIONS = 100_000
"""Records hold no cycles. A batch is some 75,000 objects; to look through them after every 700, as
Python does, takes twice the time of reading them."""
REPORT_FIRST_S = 5.0
REPORT_INTERVAL_S = 60.0


def run_ingest(settings: Settings) -> Exit:
    """Run until SIGINT or SIGTERM. Raises `CommandError`."""
    if settings.database_url is None:
        raise UsageError(
            "woa ingest run writes to a database of yours: set WOA_DATABASE_URL (or database_url "
            "in the file) to postgresql://user:password@host/database"
        )
    url = settings.database_url.get_secret_value()
    service = _IngestService(settings, url)
    try:
        asyncio.run(run_until_stopped(service.start))
    except (MigrationError, ServerError, StoreUnavailableError) as error:
        raise CommandError(str(error)) from error
    return Exit.OK


class _IngestService:
    def __init__(self, settings: Settings, database_url: str) -> None:
        self._settings = settings
        self._database_url = database_url
        kafka_subscriber(settings)  # a wrong setting is told before anything is started

    async def start(self, services: Services) -> None:
        """Return when it follows the topics, or waits for brokers that do not answer yet."""
        settings = self._settings
        say(f"woa {VERSION} ingest, group {settings.kafka.group_id}")
        listener = bind(settings.api)
        services.stack.callback(listener.close)
        with progress("database", "the one of WOA_DATABASE_URL"):
            await check_schema(self._database_url)
        subscriber: KafkaSubscriber = kafka_subscriber(settings)
        intake = await Intake.open(settings, services, self._database_url, subscriber)
        served = asyncio.get_running_loop().create_future()
        app = metrics_app(intake, None)
        services.spawn("metrics", serve(app, settings.api, served.set_result, listener=listener))
        services.spawn("report", _report(intake))
        say(f"  metrics     {await served}/metrics")
        gc.freeze()
        gc.set_threshold(GC_ALLOCATIONS)
        say("Stop  Ctrl-C or SIGTERM\n")


async def _report(intake: Intake) -> None:
    """A line now and then, so that a service's log shows that it is at work."""
    await asyncio.sleep(REPORT_FIRST_S)
    while True:
        stats = intake.ingest.stats
        log.info(
            "ingest_at_work",
            stored=stats.inserted,
            duplicates=stats.duplicates,
            dead_letters=stats.dead_letters.total(),
            behind=None if stats.lags is None else sum(lag.messages for lag in stats.lags),
            waits_for=stats.waits_for(),
        )
        await asyncio.sleep(REPORT_INTERVAL_S)
