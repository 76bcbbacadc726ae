"""The store is tested on every PostgreSQL at hand: the embedded one and Debian's 15."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool

from store.connection import Connection, open_pool
from store.write import Writer
from tests.postgres import DEBIAN_BIN, PostgresServer, embedded_bin
from tests.requirements import require_or_skip


@pytest.fixture(scope="session", params=["embedded", "debian15"])
def postgres_server(
    request: pytest.FixtureRequest, postgres_of: Callable[[Path], PostgresServer]
) -> PostgresServer:
    """Overrides the one of all tests by each server in turn."""
    if request.param == "embedded":
        return postgres_of(embedded_bin())
    if not (DEBIAN_BIN / "initdb").exists():
        require_or_skip("debian15", f"no PostgreSQL 15 in {DEBIAN_BIN}")
    return postgres_of(DEBIAN_BIN)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[AsyncConnectionPool[Connection]]:
    """Connections to this test's database."""
    opened = await open_pool(database_url, application_name="tests")
    yield opened
    await opened.close()


@pytest.fixture
def writer(pool: AsyncConnectionPool[Connection]) -> Writer:
    """Writes to this test's database."""
    return Writer(pool)
