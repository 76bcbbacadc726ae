"""Recorded answers of real API servers, watches among them.

A line of a watch is an entry of its own: `request` is `WATCH path?selector`. `atS` is when it came
since the recording began. They are given again in their order, and the clock goes with them.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from agents.collector import Collector
from tests.agents.contract import as_json
from tests.agents.http_cases import Entry, HttpCase, Recorder

__all__ = ["WatchRecorder", "replayed_watches"]

TURNS = 50
"""Of the loop, until whoever waits for a line has taken it."""


@dataclass
class WatchRecorder(Recorder):
    """Keeps the lines of watches as well, each when it comes. `place` says where a call goes."""

    place: Callable[[httpx.Request], httpx.Request] = lambda request: request
    begun_s: float = field(default_factory=time.monotonic)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "watch" not in request.url.params:
            asked = str(request.url.path)
            response = await super().handle_async_request(self.place(request))
            self.entries[-1] |= {"request": f"{request.method} {asked}", "atS": self._at_s()}
            return response
        response = await self.inner.handle_async_request(self.place(request))
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Kept(response.stream, lambda line: self._line(request, line))
        return response

    def _line(self, request: httpx.Request, line: bytes) -> None:
        entry = {"request": watched(request), "status": 200, "json": self.keep(json.loads(line))}
        self.entries.append(entry | {"atS": self._at_s()})

    def _at_s(self) -> float:
        return round(time.monotonic() - self.begun_s, 4)


def watched(request: httpx.Request) -> str:
    """What names a watch: two of one path differ by what they select."""
    selectors = ("fieldSelector", "labelSelector")
    chosen = [request.url.params[each] for each in selectors if each in request.url.params]
    return f"WATCH {request.url.path}?{','.join(chosen)}"


@dataclass
class _Kept(httpx.AsyncByteStream):
    inner: httpx.AsyncByteStream
    tell: Callable[[bytes], None]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        rest = b""
        async for piece in self.inner:
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self.tell(line)
            yield piece

    async def aclose(self) -> None:
        await self.inner.aclose()


class _Replay(httpx.AsyncBaseTransport):
    """Answers as recorded; a watch stays open."""

    def __init__(self) -> None:
        self.clock_s = 0.0
        self._answers: dict[str, list[Entry]] = {}
        self._lines: dict[str, asyncio.Queue[Entry]] = {}

    async def begin(self, entries: Iterable[Entry]) -> None:
        self._answers = {}
        for entry in entries:
            self.clock_s = entry["atS"]
            if not entry["request"].startswith("WATCH"):
                self._answers.setdefault(entry["request"], []).append(entry)
                continue
            self._queue(entry["request"]).put_nowait(entry)
            for _ in range(TURNS):
                await asyncio.sleep(0)

    def _queue(self, name: str) -> asyncio.Queue[Entry]:
        return self._lines.setdefault(name, asyncio.Queue())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "watch" in request.url.params:
            return httpx.Response(200, stream=_Lines(self._queue(watched(request))))
        entry = self._answers[f"{request.method} {request.url.path}"].pop(0)
        if "json" in entry:
            return httpx.Response(entry["status"], json=entry["json"])
        return httpx.Response(entry["status"], text=entry["text"])


@dataclass
class _Lines(httpx.AsyncByteStream):
    queue: asyncio.Queue[Entry]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            entry = await self.queue.get()
            yield json.dumps(entry["json"]).encode() + b"\n"


async def replayed_watches(
    case: HttpCase,
    collector: Callable[[httpx.AsyncBaseTransport, Callable[[], float]], Collector[Any]],
) -> list[dict[str, Any]]:
    """The batches that a collector makes of a case, as on the wire."""
    replay, batches = _Replay(), []
    async with collector(replay, lambda: replay.clock_s) as reader:
        for moment, entries in zip(case.about["scrapes"], case.scrapes, strict=True):
            await replay.begin(entries)
            batches.append(as_json(await reader.collect(datetime.fromisoformat(moment))))
    return batches
