"""Real Airflows for the live tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.airflow.server import AirflowServer
from tests.live.matrix.versions import asked_version, environment_of
from tests.requirements import require_or_skip


def new_server(folder: Path, major: int = 3) -> AirflowServer:
    """A server that is not started yet; skips where there is no Airflow."""
    asked = asked_version("airflow")
    if asked and not asked.startswith(str(major)):
        pytest.skip(f"{asked} is asked for")
    target = "airflow" if major == 3 else "airflow-older"
    environment = environment_of("airflow", target)
    if environment is None:
        require_or_skip("live", f"there is no Airflow {major}: make {target}")
    return AirflowServer(folder, environment, major)


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowServer]:
    """One server for all tests."""
    server = new_server(tmp_path_factory.mktemp("airflow"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def airflow_2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowServer]:
    """The older one."""
    server = new_server(tmp_path_factory.mktemp("airflow-2"), major=2)
    try:
        server.start()
        yield server
    finally:
        server.stop()
