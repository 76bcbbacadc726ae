"""A real Prefect server for the live tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.agents.prefect.driver import Driver
from tests.live.matrix.versions import environment_of
from tests.live.prefect.server import PrefectServer
from tests.requirements import require_or_skip


def new_server(folder: Path, password: str | None = None) -> PrefectServer:
    """A server that is not started yet; skips where there is no Prefect."""
    environment = environment_of("prefect", "prefect")
    if environment is None:
        require_or_skip("live", "there is no Prefect server: make prefect")
    return PrefectServer(folder, environment, password)


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """One server for all tests; each takes pools of its own."""
    server = new_server(tmp_path_factory.mktemp("prefect"), password="open sesame")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
async def driver(prefect_server: PrefectServer) -> AsyncIterator[Driver]:
    """A user of the server's API."""
    async with prefect_server.client() as client:
        yield Driver(client)
