"""Many clients in a process of their own; what they heard is one JSON line at the end.

`python -m benchmarks.live.clients URL TOKEN`, with a JSON object on standard input:
`topics` of each client, how many of them are `silent` (subscribe and never read), and `expected`
messages of all that read. Prints `ready` when all have subscribed, and ends when all was heard, or
nothing more for a while.
"""

import asyncio
import json
import math
import sys
import time
from contextlib import suppress
from datetime import datetime
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

LIMIT_S = 300.0
QUIET_S = 15.0
AT_ONCE = 50
TS = '"ts":"'


async def main(url: str, token: str, asked: dict[str, Any]) -> None:
    """Connect, read until all was heard, tell."""
    reading = _Reading(asked["expected"])
    gate = asyncio.Semaphore(AT_ONCE)

    async def opened(topics: list[str], silent: bool) -> ClientConnection:
        async with gate:
            # A silent one takes in what fits in its buffers, and no more.
            socket = await connect(
                f"{url.replace('http', 'ws')}/api/v1/orchestration-analytics/ws",
                additional_headers={"Authorization": f"Bearer {token}"},
                open_timeout=LIMIT_S,
                compression=None,
                ping_interval=None,
                max_queue=1 if silent else 1024,
            )
            await socket.send(json.dumps({"action": "subscribe", "topics": topics}))
            for _ in topics:
                await socket.recv()
            return socket

    topics = asked["topics"]
    silent = [number < asked["silent"] for number in range(len(topics))]
    sockets = await asyncio.gather(*map(opened, topics, silent))
    tasks = [
        asyncio.create_task(reading.read(socket))
        for socket, quiet in zip(sockets, silent, strict=True)
        if not quiet
    ]
    print("ready", flush=True)
    await reading.until_quiet()
    for task in tasks:
        task.cancel()
    print(json.dumps(reading.told()), flush=True)


class _Reading:
    def __init__(self, expected: int) -> None:
        self._whole = asyncio.Event()
        self._expected = expected
        self._late_s: list[float] = []
        self._bytes = self._gaps = 0

    async def until_quiet(self) -> None:
        heard = -1
        while not self._whole.is_set() and (heard != self._heard or heard == 0):
            heard = self._heard
            with suppress(TimeoutError):
                async with asyncio.timeout(QUIET_S):
                    await self._whole.wait()

    @property
    def _heard(self) -> int:
        return len(self._late_s) + self._gaps

    async def read(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for text in socket:
                assert isinstance(text, str)
                self._hear(text, time.time())

    def _hear(self, text: str, now_s: float) -> None:
        begin = text.index(TS) + len(TS)
        if '"type":"gap"' in text[:80]:
            self._gaps += 1
        elif '"snapshot":true' not in text[:400]:
            moment = datetime.fromisoformat(text[begin : text.index('"', begin)])
            self._late_s.append(now_s - moment.timestamp())
            self._bytes += len(text)
        if self._heard >= self._expected:
            self._whole.set()

    def told(self) -> dict[str, float | None]:
        late = sorted(self._late_s)
        return {
            "deliveries": len(late),
            "gaps": self._gaps,
            "bytes": round(self._bytes / len(late)) if late else None,
            "late_p50_ms": _rank(late, 0.5),
            "late_p99_ms": _rank(late, 0.99),
        }


def _rank(ordered: list[float], q: float) -> float | None:
    return round(1000 * ordered[math.ceil(q * len(ordered)) - 1], 1) if ordered else None


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], json.load(sys.stdin)))
