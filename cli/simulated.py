"""The demo's simulated orchestrators beside the rest of `woa up`."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog

from cli.demo.simulated_fleet import Archive, SimulatedFleet
from cli.pipeline import Pipeline
from cli.settings import Settings
from cli.surroundings import surroundings, utc_now
from cli.web import Web
from contracts.topics import PublishedRecord
from store.connection import open_pool
from store.partitions import maintain
from store.write import Writer

__all__ = ["simulate"]

log = structlog.get_logger(__name__)

TURN_S = 0.5


async def simulate(settings: Settings, pipeline: Pipeline, web: Web, database_url: str) -> None:
    """Write their past, then run them like any other agent, until cancelled."""
    fleet = SimulatedFleet(settings.state_dir, settings.demo.history_days, utc_now, log)
    await _write_past(fleet, settings, web, database_url)
    async with asyncio.TaskGroup() as agents:
        for runner in fleet.runners(pipeline.outlet.forwarder, surroundings()):
            agents.create_task(runner.run())


async def _write_past(
    fleet: SimulatedFleet, settings: Settings, web: Web, database_url: str
) -> None:
    # A connection of its own: one that has seen every day's partitions stays large for good.
    async with await open_pool(database_url, max_size=1, application_name="woa-history") as pool:
        writer = Writer(pool)

        async def make_room(at: datetime) -> None:
            while (await maintain(pool, at, settings.retention)).busy:  # noqa: ASYNC110
                await asyncio.sleep(TURN_S)  # it is upkeep's turn

        async def write(records: Sequence[PublishedRecord]) -> None:
            await writer.write(records)

        room_days = settings.retention.days_ahead
        await fleet.write_past(Archive(web.newest_record_at, make_room, room_days, write))
