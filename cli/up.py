"""`woa up`: everything in one process, started and stopped in order."""

import asyncio
import fcntl
import os
import signal
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import datetime
from importlib.metadata import version
from typing import Any, TypeVar

import structlog
from psycopg_pool import AsyncConnectionPool

from agents.collector import Collector, CollectorConfig
from agents.forwarder import Forwarder
from agents.registry import ConfigError, make_collector
from agents.runner import AgentRunner
from agents.spool import Spool
from api.server import ServerError
from bus.direct import DirectBus
from cli.running import RunningNote, noted
from cli.settings import Settings
from cli.surroundings import surroundings, utc_now
from cli.web import Web
from contracts.topics import PublishedRecord
from ingest.service import Ingest
from ingest.upkeep import upkeep
from store.connection import Connection, open_pool
from store.errors import StoreUnavailableError
from store.migrate import MigrationError, migrate
from store.partitions import maintain
from store.write import Writer

__all__ = ["run_up"]

log = structlog.get_logger(__name__)

A = TypeVar("A")
B = TypeVar("B")

OK, FAILED = 0, 1
DRAIN_S = 5.0
SAME_MOMENT_S = 1.0
TURN_S = 0.5
DEMO_WORKER_STALE_S = 30.0  # its workers report every five seconds, not every minute


class UpError(Exception):
    """Something that `woa up` needs is missing; the message names the setting and the fix."""


def run_up(settings: Settings, *, demo: bool) -> int:
    """Run until SIGINT or SIGTERM. Exit code: 0 stopped as asked, 1 failed."""
    try:
        with _only_one(settings):
            return asyncio.run(_up(settings, demo=demo))
    except (
        UpError,
        ConfigError,
        MigrationError,
        ServerError,
        StoreUnavailableError,
    ) as error:
        print(f"woa: {error}", file=sys.stderr)
        return FAILED


async def _up(settings: Settings, *, demo: bool) -> int:
    stop = _stop_signal()
    say(f"woa {version('woa')}, data in {settings.state_dir}")
    async with AsyncExitStack() as stack:
        product = _Product(settings, stack)
        starting = asyncio.ensure_future(product.start(demo=demo))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            starting.cancel()
            await asyncio.wait([starting])
        else:
            await starting
        failed = await product.wait(stopping)
        say("Stopping")
    if failed is not None:
        raise UpError(f"{failed.get_name()} stopped: {failed.exception()}")
    say("Stopped; nothing is left running")
    return OK


class _Product:
    """The parts of the all-in-one. The stack stops them in the reverse of their start."""

    def __init__(self, settings: Settings, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._stack = stack
        self._services: list[asyncio.Task[None]] = []

    async def start(self, *, demo: bool) -> None:
        """Return when the page is served."""
        settings, stack = self._settings, self._stack
        collectors = [make_collector(agent) for agent in settings.agents]
        web = Web(settings.api)  # takes the port first: the commonest failure, told at once
        stack.callback(web.close)
        # The database and the demo's server do not need each other.
        database_url, demo_agents = await _both(self._start_database(), self._start_demo(demo))
        with progress("schema"):
            await migrate(database_url)
        pool = await open_pool(database_url, application_name="woa")
        stack.push_async_callback(pool.close)
        self._spawn("upkeep", upkeep(pool, settings.retention, utc_now))
        bus = DirectBus()
        ingest = Ingest(bus, Writer(pool), settings.ingest)
        self._spawn("ingest", ingest.run())
        stack.push_async_callback(bus.aclose)
        forwarder = await self._start_forwarder(bus)
        collectors += [make_collector(agent) for agent in demo_agents]
        runners = [await self._start_agent(collector, forwarder) for collector in collectors]
        with progress("api", web.page_url):
            token = await web.open(stack, database_url)
            web.observe(runners, ingest, forwarder)
            self._spawn("api", web.serve())
            await web.ready()
        stack.enter_context(
            noted(settings.state_dir, RunningNote(os.getpid(), web.page_url, database_url))
        )
        await self._greet(web, runners, token)
        if demo and settings.demo.history_days:
            self._spawn("simulated orchestrators", self._simulate(web, pool, forwarder))

    async def wait(self, stopping: "asyncio.Future[Any]") -> asyncio.Task[None] | None:
        """Until a stop is asked for (None) or a part ends by itself (that part)."""
        await asyncio.wait([stopping, *self._services], return_when=asyncio.FIRST_COMPLETED)
        return next((task for task in self._services if task.done() and not stopping.done()), None)

    async def _start_database(self) -> str:
        if self._settings.database_url is not None:
            say("  database    the one of WOA_DATABASE_URL")
            return self._settings.database_url.get_secret_value()
        with _extra("the embedded PostgreSQL", "or set WOA_DATABASE_URL to a server of yours"):
            from store.embedded import EmbeddedPostgres, EmbeddedPostgresError

        with progress("database", "embedded PostgreSQL"):
            postgres = EmbeddedPostgres(self._settings.state_dir)
            self._stack.push_async_callback(postgres.stop)
            try:
                return await postgres.start()
            except EmbeddedPostgresError as error:
                raise UpError(str(error)) from error

    async def _start_demo(self, wanted: bool) -> list[dict[str, Any]]:
        if not wanted:
            return []
        with _extra("the demo", "or leave out --demo"):
            from cli.demo.children import DemoError
            from cli.demo.demo import Demo

        with progress("demo", "Temporal dev server with workers under changing load"):
            demo = Demo(self._settings.state_dir, log)
            self._stack.push_async_callback(demo.stop)
            try:
                targets = await demo.start()
            except DemoError as error:
                raise UpError(str(error)) from error
        self._spawn("demo", demo.run())
        return [
            {
                "type": "temporal",
                "instance_id": "demo",
                "cluster_name": "local",
                "address": targets.address,
                "namespace": targets.namespace,
                "metrics_urls": [targets.metrics_url],
                "task_queues": list(targets.task_queues),
                "interval_s": self._settings.demo.interval_s,
                "worker_stale_after_s": DEMO_WORKER_STALE_S,
            }
        ]

    async def _simulate(
        self, web: Web, pool: AsyncConnectionPool[Connection], forwarder: Forwarder
    ) -> None:
        from cli.demo.simulated_fleet import Archive, SimulatedFleet

        settings, writer = self._settings, Writer(pool)

        async def make_room(at: datetime) -> None:
            while (await maintain(pool, at, settings.retention)).busy:  # noqa: ASYNC110 - it is upkeep's turn
                await asyncio.sleep(TURN_S)

        async def write(records: Sequence[PublishedRecord]) -> None:
            await writer.write(records)

        fleet = SimulatedFleet(settings.state_dir, settings.demo.history_days, utc_now, log)
        room_days = settings.retention.days_ahead
        await fleet.write_past(Archive(web.newest_record_at, make_room, room_days, write))
        async with asyncio.TaskGroup() as agents:
            for runner in fleet.runners(forwarder, surroundings()):
                agents.create_task(runner.run())

    async def _start_forwarder(self, bus: DirectBus) -> Forwarder:
        spool = Spool(self._settings.state_dir / "spool.db", self._settings.spool)
        await self._stack.enter_async_context(spool)
        forwarder = Forwarder(spool, bus)
        self._spawn("forwarder", forwarder.run())
        self._stack.push_async_callback(forwarder.drained, DRAIN_S)
        return forwarder

    async def _start_agent(
        self, collector: Collector[CollectorConfig], forwarder: Forwarder
    ) -> AgentRunner:
        await self._stack.enter_async_context(collector)
        runner = AgentRunner(collector, forwarder, surroundings())
        self._spawn(f"agent {collector.config.instance_id}", runner.run())
        return runner

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        self._services.append(task)
        self._stack.push_async_callback(_end, task)

    async def _greet(self, web: Web, runners: list[AgentRunner], token: str | None) -> None:
        if not runners:
            say(
                "  agents      none: add `agents:` to a file and give it with -c, or try --demo "
                "(`woa doctor` checks a file)"
            )
        say(f"\nOpen  {await web.login_link()}")
        say("      (works once, for 10 minutes; `woa login` prints another)")
        if token:
            say(f"Token {token}\n      (for programs; shown this once)")
        say("Stop  Ctrl-C\n")


@contextmanager
def _extra(what: str, otherwise: str) -> Iterator[None]:
    """Around imports of packages that only the extra `demo` installs."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UpError(
            f"{what} needs the package {error.name}: pip install 'woa[demo]', {otherwise}"
        ) from error


async def _both(one: Coroutine[Any, Any, A], other: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Run two at once; the first failure cancels the other, and is what is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = group.create_task(one), group.create_task(other)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return tasks[0].result(), tasks[1].result()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.wait([task])
    if not task.cancelled() and task.exception() is not None:
        log.error("part_failed", part=task.get_name(), error=repr(task.exception()))


def _stop_signal() -> asyncio.Event:
    """Set by the first SIGINT or SIGTERM; a later one ends the process at once.

    What sends the first may send it to the process and to its group: twice at one moment is once.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    asked_s = 0.0

    def ask() -> None:
        nonlocal asked_s
        if not stop.is_set():
            asked_s = loop.time()
            stop.set()
        elif loop.time() - asked_s > SAME_MOMENT_S:
            say("Stopped at once; the next start takes over what is still running")
            os._exit(FAILED)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)
    return stop


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Hold the state folder; the lock dies with the process."""
    path = settings.state_dir / "woa.lock"
    try:
        if not settings.state_dir.exists():
            settings.state_dir.mkdir(parents=True)
            # Passable whatever the umask: for root PostgreSQL runs as an unprivileged user.
            settings.state_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
        lock = path.open("a")
    except OSError as error:
        raise UpError(
            f"cannot write to {settings.state_dir}: {error.strerror}; "
            "set WOA_STATE_DIR to a folder of yours"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UpError(
                f"another woa already uses {settings.state_dir}; stop it, or give this one a "
                "folder of its own with WOA_STATE_DIR (and a port with WOA_API__PORT)"
            ) from error
        yield


def say(line: str) -> None:
    """A line for the person who started this."""
    print(line, flush=True)


@contextmanager
def progress(part: str, detail: str = "") -> Iterator[None]:
    """Say what is being started, and how long it took."""
    say(f"  {part:<11} {detail or 'starting'} ...")
    started_s = time.monotonic()
    yield
    say(f"  {part:<11} ready in {time.monotonic() - started_s:.1f} s")
