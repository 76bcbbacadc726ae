"""A network that can be cut: TCP proxies in a process of their own.

`python -m benchmarks.faults.proxy ROUTES`, with routes as JSON `[[name, port, target], ..]`, where
a target is a port of this machine or the path of a socket. Lines on standard input change what
happens to the routes of a name; each is answered by the number of connections that it concerns:

    NAME refuse     ends the connections there are, and every new one at once
    NAME silence    keeps the connections and carries nothing, in either direction
    NAME mend       ends what was silenced, as if its state was lost on the way, and carries again
"""

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress

__all__ = ["MODES"]

MODES = ("refuse", "silence", "mend")
CHUNK_BYTES = 64 * 1024

Target = int | str


class Route:
    """One listening port and where it leads to."""

    def __init__(self, name: str, port: int, target: Target) -> None:
        self.name = name
        self._port = port
        self._target = target
        self._refuses = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._connections: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        await asyncio.start_server(self._carry, "127.0.0.1", self._port)

    def change(self, mode: str) -> int:
        self._refuses = mode == "refuse"
        if mode == "silence":
            self._flows.clear()
            return len(self._connections)
        for connection in self._connections:
            connection.cancel()
        self._flows.set()
        return len(self._connections)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        try:
            if not self._refuses:
                await self._through(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # either side is gone, or the network is
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        there, back = (
            await asyncio.open_connection("127.0.0.1", self._target)
            if isinstance(self._target, int)
            else await asyncio.open_unix_connection(self._target)
        )
        ways = [
            asyncio.create_task(self._pump(reader, back)),
            asyncio.create_task(self._pump(there, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            back.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(CHUNK_BYTES):
            await self._flows.wait()
            sink.write(data)
            await sink.drain()


async def _run(routes: list[Route], ask: Callable[[], str]) -> None:
    for route in routes:
        await route.listen()
    print("ready", flush=True)
    while line := await asyncio.to_thread(ask):
        name, mode = line.split()
        if mode not in MODES:
            raise ValueError(f"{mode!r} is none of {MODES}")
        print(sum(route.change(mode) for route in routes if route.name == name), flush=True)


async def _main() -> None:
    routes = [Route(*each) for each in json.loads(sys.argv[1])]
    await _run(routes, sys.stdin.readline)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main())
