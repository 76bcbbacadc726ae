"""Calls to Temporal's frontend, each with a deadline of its own, counted and never repeated.

A call that fails is remembered in the scrape's log and gives a `Missing`; what to do about it
is decided by whoever needed the value. Two kinds of failure outlive the scrape: a call that the
server does not implement is not made again for an hour, and one that was refused with
RESOURCE_EXHAUSTED is left out for a while that doubles with each refusal.

Note: the temporalio client (seen with 1.35.0) may crash the interpreter at exit. A process
that uses this agent ends with `os._exit(code)` after it has flushed what it must.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from google.protobuf.message import Message
from temporalio.service import ConnectConfig, RPCError, ServiceClient, TLSConfig

from agents.calls import CallFailure, CallLog
from agents.collector import CollectorError
from agents.missing import Missing
from agents.temporal.config import TemporalConfig, TlsSettings
from agents.temporal.failures import classify, explain_connect
from agents.temporal.rpcs import Connection, Rpc, WorkflowRpcs

__all__ = ["TemporalClient"]

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response")

UNSUPPORTED_FOR = timedelta(hours=1)
LONGEST_BACKOFF_S = 300.0
SCRAPE_SHARE = 0.9
"""Share of `timeout_s` for calls; the rest is for making the records."""


@dataclass(frozen=True)
class _Backoff:
    refusals: int
    until: datetime


@dataclass(frozen=True)
class _Unsupported:
    reason: str
    until: datetime


class TemporalClient:
    """Makes the calls of one collector; `begin` starts each scrape."""

    def __init__(self, config: TemporalConfig, connection: Connection | None = None) -> None:
        self.log = CallLog()
        self._config = config
        self._connection = connection
        self._server_version: str | None = None
        self._unsupported: dict[str, _Unsupported] = {}
        self._backoffs: dict[tuple[str, str], _Backoff] = {}
        self._now: datetime | None = None
        self._deadline = 0.0

    async def begin(self, now: datetime) -> WorkflowRpcs:
        """Start a scrape at `now`: an empty log, the whole time."""
        self.log = CallLog()
        self._now = now
        self._deadline = asyncio.get_running_loop().time() + self._config.timeout_s * SCRAPE_SHARE
        return await self.rpcs()

    async def rpcs(self) -> WorkflowRpcs:
        """The calls; the first of them connects."""
        if self._connection is None:
            self._connection = await ServiceClient.connect(_connect_config(self._config))
        return self._connection.workflow_service

    def remaining_s(self) -> float:
        """Seconds left for calls of this scrape."""
        return max(0.0, self._deadline - asyncio.get_running_loop().time())

    def server_is(self, version: str) -> None:
        """Tell the version: what an older or newer server could not do is tried again."""
        if version != self._server_version:
            self._server_version = version
            self._unsupported.clear()

    async def ask(
        self,
        rpc: Rpc[Request, Response],
        request: Request,
        subject: str = "",
        feature: str | None = None,
    ) -> Response | Missing:
        """Make one call. `feature` names a use of it that a server may refuse as invalid."""

        def attempt(timeout: timedelta) -> Awaitable[Response]:
            return rpc(request, retry=False, timeout=timeout)

        return await self._attempt(_call_name(request), subject, feature, attempt)

    async def serving(self) -> bool | Missing:
        """Whether the frontend's health service says that it serves."""
        connection = self._connection
        if connection is None:
            raise RuntimeError("begin() starts a scrape")

        def attempt(timeout: timedelta) -> Awaitable[bool]:
            return connection.check_health(retry=False, timeout=timeout)

        return await self._attempt("Health.Check", "", None, attempt)

    def note(self, failure: CallFailure) -> Missing:
        """Log a failure of something else than a call, e.g. of the metrics endpoint."""
        return self.log.note(failure)

    def close(self) -> None:
        """Forget the connection; the library closes it when nothing refers to it."""
        self._connection = None

    async def _attempt(
        self,
        source: str,
        subject: str,
        feature: str | None,
        attempt: Callable[[timedelta], Awaitable[Response]],
    ) -> Response | Missing:
        held_back = self._held_back(source, subject, feature)
        if held_back is not None:
            return held_back
        limit_s = min(self._config.call_timeout_s, self.remaining_s())
        self.log.calls += 1
        try:
            # The library's own deadline does not cover connecting.
            async with asyncio.timeout(limit_s):
                answer = await attempt(timedelta(seconds=limit_s))
        except RPCError as error:
            code, message = classify(error)
        except RuntimeError as error:
            code, message = explain_connect(error)
        except TimeoutError:
            code, message = "timeout", f"no answer within {limit_s:.3g} s"
        else:
            self.log.answered.add(source)
            self._backoffs.pop((source, subject), None)
            return answer
        return self._failed(CallFailure(code, message, source, subject), feature)

    def _held_back(self, source: str, subject: str, feature: str | None) -> Missing | None:
        now = self._time()
        known = self._unsupported.get(feature or source)
        if known is not None and now < known.until:
            self.log.unsupported[feature or source] = known.reason
            return Missing(known.reason)
        pause = self._backoffs.get((source, subject))
        if pause is not None and now < pause.until:
            message = f"not asked until {pause.until:%H:%M:%S} UTC, it was RESOURCE_EXHAUSTED"
            return self.note(CallFailure("backing_off", message, source, subject))
        if self.remaining_s() <= 0:
            return self.note(CallFailure("deadline", "no time left to ask", source, subject))
        return None

    def _failed(self, failure: CallFailure, feature: str | None) -> Missing:
        if failure.code == "resource_exhausted":
            self._back_off(failure)
        refused = failure.code == "unimplemented" or (
            feature is not None and failure.code == "invalid_argument"
        )
        # A verdict needs a server to be about: a proxy without one calls all unimplemented.
        if not refused or self._server_version is None:
            return self.note(failure)
        key = feature or failure.source
        reason = f"server {self._server_version} does not support {key}: {failure.message}"
        self._unsupported[key] = _Unsupported(reason, self._time() + UNSUPPORTED_FOR)
        self.log.unsupported[key] = reason
        return Missing(reason)

    def _back_off(self, failure: CallFailure) -> None:
        key = (failure.source, failure.subject)
        before = self._backoffs.get(key)
        refusals = before.refusals + 1 if before else 1
        pause_s = min(LONGEST_BACKOFF_S, self._config.interval_s * 2.0 ** min(refusals, 10))
        self._backoffs[key] = _Backoff(refusals, self._time() + timedelta(seconds=pause_s))

    def _time(self) -> datetime:
        if self._now is None:
            raise RuntimeError("begin() starts a scrape")
        return self._now


def _call_name(request: Message) -> str:
    return type(request).__name__.removesuffix("Request")


def _connect_config(config: TemporalConfig) -> ConnectConfig:
    return ConnectConfig(
        target_host=config.address,
        api_key=config.api_key.get_secret_value() if config.api_key else None,
        tls=_tls(config.tls),
        identity="woa-temporal-agent",
        lazy=True,
    )


def _tls(settings: bool | TlsSettings | None) -> bool | TLSConfig | None:
    if not isinstance(settings, TlsSettings):
        return settings
    try:
        return TLSConfig(
            server_root_ca_cert=_read(settings.server_root_ca),
            client_cert=_read(settings.client_cert),
            client_private_key=_read(settings.client_private_key),
            domain=settings.server_name,
        )
    except OSError as error:
        raise CollectorError(f"tls: cannot read {error.filename}: {error.strerror}") from error


def _read(path: Path | None) -> bytes | None:
    return path.read_bytes() if path else None
