"""A transport that lets chosen requests of an agent go wrong, in all the ways servers do."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

import httpx

__all__ = ["EVERYWHERE", "FAULTS", "NOT_FOUND", "FaultyTransport"]

Fault = Callable[[httpx.Request], httpx.Response]
EVERYWHERE = ""


def _refused(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def _cut(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("connection reset by peer", request=request)


def _status(code: int, body: str = "", **headers: str) -> Fault:
    return lambda _: httpx.Response(code, text=body, headers=headers)


def _body(text: str, kind: str = "application/json") -> Fault:
    return lambda _: httpx.Response(200, text=text, headers={"Content-Type": kind})


FAULTS: dict[str, Fault] = {
    "refused": _refused,
    "cut": _cut,
    "401": _status(401, '{"detail":"Unauthorized"}'),
    "403": _status(403, '{"detail":"Forbidden"}'),
    "429": _status(429, "slow down", **{"Retry-After": "30"}),
    "500": _status(500, "Internal Server Error"),
    "503": _status(503, '{"exception_message":"Service Unavailable"}'),
    "half a JSON": _body('[{"id": "0b7c'),
    "HTML": _body("<!doctype html><title>Sign in</title>", "text/html"),
    "nothing": _body(""),
    "another shape": _body('{"surprise": [1, 2, {"deep": null}]}'),
    "a number": _body("12.5"),
    "null": _body("null"),
    "not UTF-8": lambda _: httpx.Response(200, content=b'"\xff\xfe"'),
}
"""By the name a test shows. A hang is `FaultyTransport.hang`."""

NOT_FOUND = _status(404, '{"detail":"Not Found"}')
"""Some servers lack a call: that is no failure where the agent can do without."""


@dataclass
class FaultyTransport(httpx.AsyncBaseTransport):
    """Passes requests on, but those that a rule names: a pattern searched in `METHOD path`."""

    inner: httpx.AsyncBaseTransport
    requests: list[str] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    _rules: list[tuple[str, Fault]] = field(default_factory=list)
    _hanging: list[str] = field(default_factory=list)
    _nth: dict[str, tuple[int, Fault]] = field(default_factory=dict)
    _date: datetime | None = None

    def fail(self, pattern: str, fault: Fault) -> None:
        """Let every request that fits go wrong."""
        self._rules.append((pattern, fault))

    def fail_nth(self, pattern: str, number: int, fault: Fault) -> None:
        """Let one request that fits go wrong: the `number`th from now, counted from 0."""
        self._nth[pattern] = (number, fault)

    def hang(self, pattern: str) -> None:
        """Never answer a request that fits."""
        self._hanging.append(pattern)

    async def aclose(self) -> None:
        await self.inner.aclose()

    def dated(self, moment: datetime) -> None:
        """Let every answer carry this time, as the server's clock has it."""
        self._date = moment

    def heal(self) -> None:
        """Forget all rules."""
        self._rules.clear()
        self._nth.clear()
        self._hanging.clear()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        line = f"{request.method} {request.url.path}"
        self.requests.append(line)
        for pattern in self._hanging:
            if re.search(pattern, line):
                self.struck[pattern] += 1
                await asyncio.Event().wait()
        for pattern, (number, fault) in self._nth.items():
            if re.search(pattern, line):
                self._nth[pattern] = (number - 1, fault)
                if number == 0:
                    self.struck[pattern] += 1
                    return fault(request)
        for pattern, fault in self._rules:
            if re.search(pattern, line):
                self.struck[pattern] += 1
                return fault(request)
        response = await self.inner.handle_async_request(request)
        if self._date is not None:
            response.headers["Date"] = format_datetime(self._date, usegmt=True)
        return response
