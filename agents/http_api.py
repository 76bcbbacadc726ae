"""Calls to an HTTP API that answers JSON: each with a deadline, counted and never repeated.

A call that fails is remembered in the scrape's log and gives a `Missing`. What outlives the
scrape is a server's wish to be left alone (429, 503): the call is left out for as long as it
says, or for a while that doubles with each refusal. So does that a server lacks a call.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import msgspec
from pydantic import Field, PositiveFloat, PositiveInt

from agents.calls import CallFailure, CallLog, one_line, verdict
from agents.collector import (
    CollectorConfig,
    CollectorError,
    UnauthorizedError,
    UnreachableError,
    UnsupportedVersionError,
)
from agents.exposition import Exposition, MetricsError, Vocabulary, fetch
from agents.missing import Missing

__all__ = ["ERRORS", "HttpApi", "HttpConfig", "ThrottledError", "http_client"]

T = TypeVar("T")
Params = Mapping[str, Any] | Sequence[tuple[str, Any]]

SCRAPE_SHARE: Final = 0.9
"""Share of `timeout_s` for calls; the rest is for making the records."""

LONGEST_PAUSE_S: Final = 300.0
LACKING_FOR: Final = timedelta(hours=1)
LONGEST_ERROR_BYTES: Final = 2000
LEAVE_ALONE: Final = frozenset({429, 503})
CODES: Final = {401: "unauthorized", 403: "unauthorized", 404: "not_found"}
SKEW_NOTICED: Final = timedelta(seconds=2)
"""`Date` has a resolution of a second and is set while the answer is made."""


class ThrottledError(UnreachableError):
    """The server refuses every call for lack of capacity; ask less."""

    code = "throttled"


ERRORS: Final[Mapping[str, type[CollectorError]]] = {
    "unreachable": UnreachableError,
    "timeout": UnreachableError,
    "deadline": UnreachableError,
    "unauthorized": UnauthorizedError,
    "throttled": ThrottledError,
    "backing_off": ThrottledError,
    "not_found": UnsupportedVersionError,
}


class HttpConfig(CollectorConfig):
    """Settings of every agent that reads an HTTP API."""

    call_timeout_s: PositiveFloat = Field(default=5.0, description="Deadline of one call.")
    max_answer_bytes: PositiveInt = Field(
        default=64 * 1024 * 1024, description="Largest answer that is read."
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file of the authority that signed the server's certificate."
    )
    client_cert_file: Path | None = Field(default=None, description="PEM file for mutual TLS.")
    client_key_file: Path | None = Field(default=None, description="PEM file for mutual TLS.")


def http_client(
    config: HttpConfig,
    base_url: str,
    auth: httpx.Auth | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """A client for one server. Raises `CollectorError` when a file of its TLS cannot be read."""
    return httpx.AsyncClient(
        base_url=base_url,
        auth=auth,
        transport=transport,
        timeout=config.call_timeout_s,
        verify=True if config.ca_file is None and config.client_cert_file is None else _tls(config),
        headers={"User-Agent": f"woa-{type(config).model_fields['type'].default}-agent"},
        limits=httpx.Limits(max_connections=4),
    )


def _tls(config: HttpConfig) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=config.ca_file)
        if config.client_cert_file is not None:
            context.load_cert_chain(config.client_cert_file, config.client_key_file)
    except OSError as error:  # ssl.SSLError is one
        raise CollectorError(f"ca_file, client_cert_file, client_key_file: {error}") from error
    return context


class _RefusedError(Exception):
    """An answer that gives nothing."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class _Asked:
    call: str
    subject: str
    optional: bool


@dataclass(frozen=True)
class _Pause:
    refusals: int
    until: datetime


class HttpApi:
    """Makes the calls of one collector; `begin` starts each scrape."""

    def __init__(self, config: HttpConfig, http: httpx.AsyncClient) -> None:
        self.log = CallLog()
        self.skew = timedelta(0)
        """How far the server's clock was ahead of ours when it last told the time."""
        self._config = config
        self._http = http
        self._pauses: dict[str, _Pause] = {}
        self._lacking: dict[str, tuple[str, datetime]] = {}
        self._now = datetime.min.replace(tzinfo=UTC)
        self._begun_s = 0.0
        self._deadline_s = 0.0

    def begin(self, now: datetime) -> None:
        """Start a scrape at `now`: an empty log, the whole time."""
        self.log = CallLog()
        self._now = now
        self._begun_s = self._clock_s()
        self._deadline_s = self._begun_s + self._config.timeout_s * SCRAPE_SHARE

    def remaining_s(self) -> float:
        """Seconds left for calls of this scrape."""
        return max(0.0, self._deadline_s - self._clock_s())

    def server_now(self) -> datetime:
        """The scrape's time by the server's clock, so that ages are of one clock."""
        return self._now + self.skew

    async def get(  # noqa: PLR0913 - two are keywords that few calls need
        self,
        call: str,
        path: str,
        into: type[T],
        params: Params | None = None,
        *,
        subject: str = "",
        optional: bool = False,
    ) -> T | Missing:
        """`GET path`, decoded into `into` (a msgspec type). `call` names it in log and reasons.

        `subject` says what the call is about. An `optional` call is one that some servers do not
        have: 404 or 405 is no failure of it, and it is not made again for an hour.
        """
        asked = _Asked(call, subject, optional)
        return await self._ask(asked, "GET", path, into, params=params)

    async def post(  # noqa: PLR0913 - two are keywords that few calls need
        self,
        call: str,
        path: str,
        into: type[T],
        body: Any,
        *,
        subject: str = "",
        optional: bool = False,
    ) -> T | Missing:
        """The same for a search that the server wants to be POSTed."""
        asked = _Asked(call, subject, optional)
        return await self._ask(asked, "POST", path, into, json=body)

    async def text(
        self, call: str, path: str, params: Params | None = None, *, also: Sequence[int] = ()
    ) -> tuple[int, str] | Missing:
        """Status and text of what is no JSON; `also` are error statuses whose text is an answer."""

        async def read() -> tuple[int, str]:
            response, body = await self._exchange("GET", path, {"params": params})
            if not response.is_success and response.status_code not in also:
                raise self._refusal(call, response, body)
            return response.status_code, body.decode(errors="replace")

        return await self._made(_Asked(call, "", optional=False), read)

    async def exposition(
        self, call: str, path: str, vocabulary: Vocabulary, *, optional: bool = False
    ) -> Exposition | Missing:
        """Metrics in Prometheus' text format, of the server itself."""

        async def read() -> Exposition:
            try:
                return await fetch(self._http, path, self._config.max_answer_bytes, vocabulary)
            except MetricsError as error:
                status = error.code.removeprefix("http_")
                code = CODES.get(int(status), error.code) if status.isdecimal() else error.code
                if status.isdecimal() and int(status) in LEAVE_ALONE:
                    self._pause(call, error.retry_after)
                    code = "throttled"
                raise _RefusedError(code, error.message) from error

        return await self._made(_Asked(call, "", optional), read)

    def require_more_than(self, probes: frozenset[str]) -> None:
        """Raise `CollectorError` when no call brought more than that somebody is there."""
        if self.log.answered - probes:
            return
        raise verdict([each for each in self.log.failures if each.source not in probes], ERRORS)

    async def aclose(self) -> None:
        """Release the connections. Safe to call twice."""
        await self._http.aclose()

    async def _ask(
        self, asked: _Asked, method: str, path: str, into: type[T], **request: Any
    ) -> T | Missing:
        async def read() -> T:
            response, body = await self._exchange(method, path, request)
            return self._decoded(asked.call, response, body, into)

        return await self._made(asked, read)

    async def _made(self, asked: _Asked, read: Callable[[], Awaitable[T]]) -> T | Missing:
        """What `read` gives in time. What keeps it from that is noted, and gives the reason."""
        held_back = self._held_back(asked)
        if held_back is not None:
            return held_back
        limit_s = min(self._config.call_timeout_s, self.remaining_s())
        self.log.calls += 1
        try:
            async with asyncio.timeout(limit_s):
                answer = await read()
        except (TimeoutError, httpx.TimeoutException):
            return self._failed("timeout", f"no answer within {limit_s:.3g} s", asked)
        except httpx.HTTPError as error:
            told = one_line(str(error)) or type(error).__name__
            return self._failed("unreachable", told, asked)
        except _RefusedError as error:
            return self._failed(error.code, str(error), asked)
        self.log.answered.add(asked.call)
        self._pauses.pop(asked.call, None)
        return answer

    async def _exchange(
        self, method: str, path: str, request: Mapping[str, Any]
    ) -> tuple[httpx.Response, bytes]:
        """The whole of a good answer, the beginning of what an error says."""
        async with self._http.stream(method, path, **request) as response:
            self._read_clock(response)
            most = self._config.max_answer_bytes if response.is_success else LONGEST_ERROR_BYTES
            pieces, size = [], 0
            async for piece in response.aiter_bytes():
                pieces.append(piece)
                size += len(piece)
                if size > most:
                    break
            return response, b"".join(pieces)

    def _decoded(self, call: str, response: httpx.Response, body: bytes, into: type[T]) -> T:
        if not response.is_success:
            raise self._refusal(call, response, body)
        if len(body) > self._config.max_answer_bytes:
            raise _RefusedError(
                "bad_response", f"more than max_answer_bytes={self._config.max_answer_bytes} bytes"
            )
        try:
            return msgspec.json.decode(body, type=into)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _RefusedError("bad_response", _unreadable(response, error)) from error

    def _refusal(self, call: str, response: httpx.Response, body: bytes) -> "_RefusedError":
        status = response.status_code
        message = one_line(f"HTTP {status} {body.decode(errors='replace')}")
        if status in LEAVE_ALONE:
            self._pause(call, response.headers.get("Retry-After"))
            return _RefusedError("throttled", message)
        return _RefusedError(CODES.get(status, f"http_{status}"), message)

    def _held_back(self, asked: _Asked) -> Missing | None:
        lacking = self._lacking.get(asked.call)
        if lacking is not None and self._now < lacking[1]:
            self.log.unsupported[asked.call] = lacking[0]
            return Missing(lacking[0])
        pause = self._pauses.get(asked.call)
        if pause is not None and self._now < pause.until:
            message = f"not asked until {pause.until:%H:%M:%S} UTC, the server was busy"
            return self._failed("backing_off", message, asked)
        if self.remaining_s() <= 0:
            return self._failed("deadline", "no time left to ask", asked)
        return None

    def _pause(self, call: str, retry_after: str | None) -> None:
        before = self._pauses.get(call)
        refusals = before.refusals + 1 if before else 1
        asked_s = _seconds(retry_after, self.server_now())
        doubled_s = self._config.interval_s * 2.0 ** min(refusals - 1, 10)
        pause_s = min(LONGEST_PAUSE_S, doubled_s if asked_s is None else asked_s)
        self._pauses[call] = _Pause(refusals, self._now + timedelta(seconds=pause_s))

    def _failed(self, code: str, message: str, asked: _Asked) -> Missing:
        if asked.optional and code in ("not_found", "http_405"):
            reason = f"the server does not have {asked.call}: {message}"
            self._lacking[asked.call] = (reason, self._now + LACKING_FOR)
            self.log.unsupported[asked.call] = reason
            return Missing(reason)
        return self.log.note(CallFailure(code, message, asked.call, asked.subject))

    def _read_clock(self, response: httpx.Response) -> None:
        told = _moment(response.headers.get("Date"))
        if told is not None:
            ours = self._now + timedelta(seconds=self._clock_s() - self._begun_s)
            skew = told - ours
            self.skew = skew if abs(skew) > SKEW_NOTICED else timedelta(0)

    @staticmethod
    def _clock_s() -> float:
        return asyncio.get_running_loop().time()


def _unreadable(response: httpx.Response, error: Exception) -> str:
    kind = response.headers.get("Content-Type", "nothing said of its kind")
    return one_line(f"not the JSON that was expected ({kind}): {error}")


def _moment(header: str | None) -> datetime | None:
    if not header:
        return None
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except (ValueError, TypeError):
        return None


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """`Retry-After`, seconds or a date (RFC 9110, 10.2.3)."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    moment = _moment(retry_after)
    return None if moment is None else max(0.0, (moment - now).total_seconds())
