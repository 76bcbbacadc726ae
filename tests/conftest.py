"""Fixtures every test may use, and how a test run ends."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import PostgresServer, embedded_bin

# Properties are judged by what they find, never by how long a busy machine took, and the same
# commit by the same examples; `make nightly` looks for new ones.
settings.register_profile(
    "patient", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("nightly", settings.get_profile("patient"), derandomize=False)
settings.load_profile("nightly" if "WOA_NIGHTLY" in os.environ else "patient")

EXIT_STATUS = pytest.StashKey[int]()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave without the interpreter's finalization, in which Temporal's client may crash."""
    if "temporalio" in sys.modules and EXIT_STATUS in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[EXIT_STATUS])


@pytest.fixture(scope="session")
def postgres_of() -> Iterator[Callable[[Path], PostgresServer]]:
    """The running server made of the programs in a folder; one a session."""
    servers: dict[Path, PostgresServer] = {}
    with ExitStack() as stack:

        def running(programs: Path) -> PostgresServer:
            if programs not in servers:
                servers[programs] = PostgresServer(programs)
                stack.callback(servers[programs].stop)
                servers[programs].start()
            return servers[programs]

        yield running


@pytest.fixture(scope="session")
def postgres_server(postgres_of: Callable[[Path], PostgresServer]) -> PostgresServer:
    """A real PostgreSQL: the one that is embedded in the product."""
    return postgres_of(embedded_bin())


@pytest.fixture
def empty_database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a database without a table, this test's own."""
    with postgres_server.empty_database() as url:
        yield url


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a database of the current structure, this test's own and without a row."""
    with postgres_server.database() as url:
        yield url
