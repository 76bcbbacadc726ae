"""Alive, ready, and a database that goes away and comes back."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest

from store.connection import open_pool
from store.embedded import EmbeddedPostgres
from store.engine import create_read_engine
from store.migrate import migrate
from tests.api.world import PREFIX, TOKEN, World
from tests.records import orchestrator_record


@pytest.fixture
async def postgres() -> AsyncIterator[EmbeddedPostgres]:
    """A server of this test's own, which it may stop."""
    with tempfile.TemporaryDirectory(prefix="woa-test-", dir="/tmp") as name:
        Path(name).chmod(0o711)
        server = EmbeddedPostgres(Path(name, "state"))
        await server.start()
        yield server
        await server.stop()


async def test_ready_when_everything_is_there(stranger: httpx.AsyncClient) -> None:
    response = await stranger.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"ready": True, "checks": {"database": None}}


async def test_not_ready_says_what_is_missing(world: World) -> None:
    async def readiness() -> Mapping[str, str | None]:
        return {"ingest": "the first batch is not written yet", "disk": None}

    async with world.client(world.make_app(readiness=readiness)) as client:
        response = await client.get("/readyz")

    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    assert response.json() == {
        "ready": False,
        "checks": {
            "database": None,
            "ingest": "the first batch is not written yet",
            "disk": None,
        },
    }


async def test_a_database_that_stops_and_comes_back(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    await migrate(postgres.url)
    engine = create_read_engine(postgres.url)
    pool = await open_pool(postgres.url, application_name="tests")
    world = World(engine, pool, tmp_path)
    await world.admit()
    await world.write(orchestrator_record())
    await pool.close()
    path = f"{PREFIX}/orchestrators"
    async with world.client(authorization=f"Bearer {TOKEN}") as client:
        before = await client.get(path)
        await postgres.stop()
        away = await client.get(path)
        alive = await client.get("/healthz")
        ready = await client.get("/readyz")
        login = await client.get("/login?code=x")
        await postgres.start()
        back = await client.get(path)
    await engine.dispose()

    assert before.status_code == 200
    assert (away.status_code, away.json()["code"]) == (503, "store_unavailable")
    assert away.headers["content-type"] == "application/problem+json"
    assert int(away.headers["retry-after"]) > 0
    assert alive.status_code == 200
    assert ready.status_code == 503
    assert ready.json()["checks"] == {"database": "PostgreSQL does not answer"}
    assert login.status_code == 503
    assert (back.status_code, back.json()) == (200, before.json())


async def test_a_database_that_was_never_there(tmp_path: Path, apart: World) -> None:
    async with apart.client(authorization=f"Bearer {TOKEN}") as client:
        response = await client.get(f"{PREFIX}/orchestrators")

    assert response.status_code == 503
    assert str(tmp_path) not in response.text
