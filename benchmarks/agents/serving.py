"""Servers of the benchmark: each in a process of its own, and each counts what it sends."""

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

from benchmarks.servers import die_with_parent, free_ports, wait_for

__all__ = ["CHANGES", "SENT", "Counted", "Message", "Send", "serve", "serving"]

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

SENT = "/bench/sent"
"""GET: the bytes of bodies sent so far."""

CHANGES = "/bench/changes"
"""POST ?count=N: tell whoever watches pods of so many changes."""

START_S = 600.0


class Counted:
    """An application, with the sizes of its bodies counted."""

    def __init__(self, app: Callable[[Message, Any, Send], Awaitable[None]]) -> None:
        self._app = app
        self._bytes = 0

    async def __call__(self, scope: Message, receive: Any, send: Send) -> None:
        if scope.get("path") == SENT:
            body = json.dumps({"bytes": self._bytes}).encode()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})
            return

        async def counted(message: Message) -> None:
            self._bytes += len(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, counted)


def serve(app: Callable[[Message, Any, Send], Awaitable[None]], port: int) -> None:
    """Serve on loopback until stopped; watches that are open then do not hold it up."""
    uvicorn.run(
        Counted(app),
        host="127.0.0.1",
        port=port,
        log_level="error",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[str]:
    """The address of `python -m MODULE PORT ARGUMENTS`, once it serves; it ends with the block."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", module, str(port), *arguments],
        preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
    )

    def ready() -> bool:
        if process.poll() is not None:
            raise SystemExit(f"{module} ended with {process.returncode}")
        try:
            return httpx.get(f"{url}{SENT}", timeout=5, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    try:
        wait_for(ready, START_S, module)
        yield url
    finally:
        process.terminate()
        process.wait()
