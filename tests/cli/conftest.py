"""A served API for the commands that ask one."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.connection import open_pool
from store.engine import create_read_engine
from tests.api.world import TOKEN, World
from tests.cli.woa import Answer, invoke


@dataclass
class Served:
    """The application behind a port of its own, and the command that asks it."""

    world: World
    url: str
    folder: Path

    async def woa(self, *arguments: str, **env: str) -> Answer:
        """`woa` with this server as WOA_URL; the server goes on answering meanwhile."""
        asked = {"WOA_URL": self.url, "WOA_TOKEN": TOKEN} | env
        return await asyncio.to_thread(invoke, *arguments, folder=self.folder, env=asked)


@pytest.fixture
async def served(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    """An empty database behind the API. Its clock stands still at the present."""
    engine = create_read_engine(database_url)
    pool = await open_pool(database_url, application_name="tests")
    world = World(engine, pool, tmp_path / "static")
    world.clock.now = datetime.now(UTC)
    await world.admit()
    async with world.serving() as url:
        yield Served(world, url, tmp_path)
    await pool.close()
    await engine.dispose()
