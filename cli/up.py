"""`woa up`: everything in one process, started and stopped in order."""

import asyncio
import os
import socket
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from agents.registry import ConfigError, make_collector
from api.server import ServerError
from cli.discovery import discover
from cli.exits import CommandError, Exit
from cli.lifecycle import Services, needing, only_one, progress, run_until_stopped, say
from cli.pipeline import Pipeline
from cli.running import RunningNote, noted
from cli.settings import Settings
from cli.version import VERSION
from cli.web import Web
from store.errors import StoreUnavailableError
from store.migrate import MigrationError, migrate

__all__ = ["run_up"]

log = structlog.get_logger(__name__)

A = TypeVar("A")
B = TypeVar("B")

DEMO_WORKER_STALE_S = 30.0  # its workers report every five seconds, not every minute


def run_up(settings: Settings, *, demo: bool) -> Exit:
    """Run until SIGINT or SIGTERM. Raises `CommandError`."""
    try:
        with only_one(settings.state_dir):
            asyncio.run(run_until_stopped(_Product(settings, demo=demo).start))
    except (ConfigError, MigrationError, ServerError, StoreUnavailableError) as error:
        raise CommandError(str(error)) from error
    return Exit.OK


class _Product:
    """The parts of the all-in-one."""

    def __init__(self, settings: Settings, *, demo: bool) -> None:
        self._settings = settings
        self._demo = demo

    async def start(self, services: Services) -> None:
        """Return when the page is served."""
        settings, stack = self._settings, services.stack
        say(f"woa {VERSION}, data in {settings.state_dir}")
        collectors = [make_collector(agent) for agent in settings.agents]
        web = Web(settings.api)  # takes the port first: the commonest failure, told at once
        stack.callback(web.close)
        # The database and the demo's server do not need each other.
        database_url, demo_agents = await _both(
            self._start_database(services), self._start_demo(services)
        )
        with progress("schema"):
            await migrate(database_url)
        pipeline = await Pipeline.open(settings, services, database_url)
        await pipeline.outlet.watch(
            [*collectors, *(make_collector(agent) for agent in demo_agents)]
        )
        with progress("api", web.page_url):
            token = await web.open(stack, database_url)
            web.observe(pipeline)
            services.spawn("api", web.serve())
            await web.ready()
        local = await web.issue_token(stack, f"local {socket.gethostname()} {settings.state_dir}")
        note = RunningNote(os.getpid(), web.page_url, database_url, local.get_secret_value())
        stack.enter_context(noted(settings.state_dir, note))
        await _greet(web, pipeline, token)
        for found in await asyncio.to_thread(discover, os.environ, settings.agents):
            say(
                f"Found {found.kind} at {found.place} ({found.because}), not watched: "
                "`woa doctor` reads it and says what to add\n"
            )
        if self._demo and settings.demo.history_days:
            from cli.simulated import simulate

            past_and_life = simulate(settings, pipeline, web, database_url)
            services.spawn("simulated orchestrators", past_and_life)

    async def _start_database(self, services: Services) -> str:
        if self._settings.database_url is not None:
            say("  database    the one of WOA_DATABASE_URL")
            return self._settings.database_url.get_secret_value()
        with needing(
            "demo", "the embedded PostgreSQL", "or set WOA_DATABASE_URL to a server of yours"
        ):
            from store.embedded import EmbeddedPostgres, EmbeddedPostgresError

        with progress("database", "embedded PostgreSQL"):
            postgres = EmbeddedPostgres(self._settings.state_dir)
            services.stack.push_async_callback(postgres.stop)
            try:
                return await postgres.start()
            except EmbeddedPostgresError as error:
                raise CommandError(str(error)) from error

    async def _start_demo(self, services: Services) -> list[dict[str, Any]]:
        if not self._demo:
            return []
        with needing("demo", "the demo", "or leave out --demo"):
            from cli.demo.children import DemoError
            from cli.demo.demo import Demo

        with progress("demo", "Temporal dev server with workers under changing load"):
            demo = Demo(self._settings.state_dir, log)
            services.stack.push_async_callback(demo.stop)
            try:
                targets = await demo.start()
            except DemoError as error:
                raise CommandError(str(error)) from error
        services.spawn("demo", demo.run())
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


async def _greet(web: Web, pipeline: Pipeline, token: str | None) -> None:
    if not pipeline.outlet.runners:
        say(
            "  agents      none: add `agents:` to a file and give it with -c, or try --demo "
            "(`woa doctor` checks a file)"
        )
    say(f"\nOpen  {await web.login_link()}")
    say("      (works once, for 10 minutes; `woa login` prints another)")
    if token:
        say(f"Token {token}\n      (for programs; shown this once)")
    say("Stop  Ctrl-C\n")


async def _both(one: Coroutine[Any, Any, A], other: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Run two at once; the first failure cancels the other, and is what is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = group.create_task(one), group.create_task(other)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return tasks[0].result(), tasks[1].result()
