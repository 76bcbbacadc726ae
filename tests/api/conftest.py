"""Fixtures of the API's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from store.connection import open_pool
from store.engine import create_read_engine
from tests.api.world import TOKEN, World


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """The application on an empty database. The dashboard's folder is `tmp_path / "static"`."""
    engine = create_read_engine(database_url)
    pool = await open_pool(database_url, application_name="tests")
    made = World(engine, pool, tmp_path / "static")
    await made.admit()
    yield made
    await pool.close()
    await engine.dispose()


@pytest.fixture
async def apart(tmp_path: Path) -> AsyncIterator[World]:
    """The application without a database: quick, for what must not need one."""
    engine = create_read_engine(f"postgresql:///nowhere?host={tmp_path}")
    yield World(engine, None, tmp_path / "static")
    await engine.dispose()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with a valid token."""
    async with world.client(authorization=f"Bearer {TOKEN}") as made:
        yield made


@pytest.fixture
async def stranger(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without any."""
    async with world.client() as made:
        yield made


@pytest.fixture
async def passerby(apart: World) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a token, where there is no database."""
    async with apart.client() as made:
        yield made
