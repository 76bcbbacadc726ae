"""Runs the application inside a loop that others run in, too."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import uvicorn
from starlette.types import ASGIApp

from api.settings import ApiSettings

__all__ = ["PortTakenError", "RemoteBindRefusedError", "ServerError", "bind", "serve"]

BACKLOG = 2048
GRACE_S = 5
WEBSOCKET_BYTES = 65_536
WEBSOCKET_PING_S = 20.0


class ServerError(Exception):
    """The server cannot listen; the message names the setting to change."""


class PortTakenError(ServerError):
    """Another program listens there."""


class RemoteBindRefusedError(ServerError):
    """Other machines could reach this address, and nobody allowed that."""


def bind(settings: ApiSettings) -> socket.socket:
    """A listening socket for `serve`. Raises `ServerError`."""
    if not settings.allow_remote and not _is_loopback(settings.host):
        raise RemoteBindRefusedError(
            f"other machines can reach {settings.host}, and tokens would travel in clear text; "
            "set WOA_API__ALLOW_REMOTE=true if something in front adds TLS, "
            "or WOA_API__HOST=127.0.0.1"
        )
    place = f"{settings.host}, port {settings.port}"
    try:
        return socket.create_server(
            (settings.host, settings.port), family=_family(settings.host), backlog=BACKLOG
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(
                f"port {settings.port} on {settings.host} is taken by another program; "
                "choose another with WOA_API__PORT"
            ) from error
        raise ServerError(
            f"cannot listen on {place} (WOA_API__HOST, WOA_API__PORT): {error.strerror or error}"
        ) from error


async def serve(
    app: ASGIApp,
    settings: ApiSettings,
    ready: asyncio.Event | Callable[[str], None] | None = None,
    *,
    listener: socket.socket | None = None,
) -> None:
    """Serve until cancelled; then finish what is being answered, for five seconds at most.

    `ready` is set, or called with the address, when the server answers. `listener` is a socket
    of `bind` for those who want to know about a taken port before they start anything else.
    Leaves the process's signal handlers alone. Raises `ServerError`.
    """
    bound = listener or bind(settings)
    with bound:
        server = _Server(_config(app), lambda: _tell(ready, bound))
        running = asyncio.ensure_future(server.serve(sockets=[bound]))
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            server.should_exit = True
            await running
            raise


class _Server(uvicorn.Server):
    """Says when it has started, and leaves signals to whoever runs the loop."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=WEBSOCKET_BYTES,
        ws_ping_interval=WEBSOCKET_PING_S,
        ws_ping_timeout=WEBSOCKET_PING_S,
        # Compressing for each client costs three times what sending costs.
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GRACE_S,
    )


def _tell(ready: asyncio.Event | Callable[[str], None] | None, bound: socket.socket) -> None:
    if isinstance(ready, asyncio.Event):
        ready.set()
    elif ready is not None:
        host, port = bound.getsockname()[:2]
        ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
