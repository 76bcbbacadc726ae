"""Records that are pushed: a small HTTP listener, and what was told last.

`POST /v1/records` with the token as bearer and one `OrchestratorMetrics` or `WorkerPoolMetrics` as
JSON. What names the record (ids, type, instance, cluster) is filled in and may be left out.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from agents.calls import CallLog
from agents.collector import Batch, CollectorError, NothingNewError, UnreachableError
from agents.custom.config import CustomConfig, PushSettings
from agents.origin import Origin
from agents.outage import SECTIONS
from contracts.identity import pool_id, sample_id
from contracts.orchestrator import Metadata, OrchestratorMetrics, OrchestratorType, SourceInfo
from contracts.worker_pool import WorkerPoolMetrics

__all__ = ["Pushed", "RefusalError"]

PATH = "/v1/records"
NO_UVICORN = "push needs uvicorn: pip install 'woa[push]'"
START_LIMIT_S = 10.0
BY_PUSH = SourceInfo(versions={"push": "v1"})

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class RefusalError(Exception):
    """Why a record is not taken: the HTTP status, and what is wrong with it."""

    def __init__(
        self, status: int, title: str, problems: tuple[Mapping[str, str], ...] = ()
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.problems = problems


@dataclass
class Pushed:
    """Listens, and gives what came since it was asked last."""

    config: CustomConfig
    settings: PushSettings
    origin: Callable[[datetime, CallLog], Origin]
    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    newest: datetime | None = None
    began: datetime | None = None
    address: tuple[str, int] | None = None
    _orchestrator: OrchestratorMetrics | None = None
    _pools: dict[str, WorkerPoolMetrics] = field(default_factory=dict)
    _server: Any = None
    _serving: asyncio.Task[None] | None = None

    async def collect(self, now: datetime) -> Batch:
        """What was pushed since the last time. Raises `NothingNewError`, or `UnreachableError`
        when nothing was for `stale_after_s`."""
        await self.start(now)
        record, pools = self._orchestrator, tuple(self._pools.values())
        if record is None:
            self._check_fresh(now)
            raise NothingNewError("nothing was pushed since the last time")
        self._orchestrator, self._pools = None, {}
        return Batch(record, pools)

    async def start(self, now: datetime) -> None:
        """Listen, if that was not begun. Raises `CollectorError` when the address is not free."""
        if self._serving is not None:
            return
        try:
            import uvicorn  # noqa: PLC0415 - only who is pushed to needs it
        except ImportError as error:
            raise CollectorError(NO_UVICORN) from error
        self.began = now
        options = uvicorn.Config(
            self.app,
            host=self.settings.host,
            port=self.settings.port,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            access_log=False,
        )
        self._server = uvicorn.Server(options)
        self._server.capture_signals = suppress  # the process's own handlers stay
        self._serving = asyncio.create_task(self._serve())
        try:
            async with asyncio.timeout(START_LIMIT_S):
                while not self._server.started:
                    if self._serving.done():
                        self._serving.result()
                    await asyncio.sleep(0.01)
        except (OSError, SystemExit, TimeoutError) as error:
            self._serving = None
            place = f"{self.settings.host}:{self.settings.port}"
            raise CollectorError(f"push: cannot listen on {place}: {error}") from error
        self.address = self._server.servers[0].sockets[0].getsockname()[:2]

    async def _serve(self) -> None:
        try:
            await self._server.serve()
        except SystemExit as error:  # so it says that the address is taken
            raise OSError("the address is in use or not ours") from error

    async def aclose(self) -> None:
        if self._serving is not None:
            self._server.should_exit = True
            await self._serving
            self._serving = None

    def _check_fresh(self, now: datetime) -> None:
        since = self.newest or self.began or now
        if (now - since).total_seconds() <= self.settings.stale_after_s:
            return
        told = f"since {self.newest:%Y-%m-%d %H:%M:%S} UTC" if self.newest else "yet"
        raise UnreachableError(
            f"nothing was pushed {told} (stale_after_s={self.settings.stale_after_s:g})"
        )

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            return
        try:
            self._check_request(scope)
            body = await self._body(receive)
            record = self._take(body)
        except RefusalError as refusal:
            problem = {"title": refusal.title, "status": refusal.status}
            if refusal.problems:
                problem["errors"] = list(refusal.problems)
            await _answer(send, refusal.status, problem, "application/problem+json")
            return
        await _answer(send, 202, {"id": str(record.id)}, "application/json")

    def _check_request(self, scope: Scope) -> None:
        if scope["path"] != PATH:
            raise RefusalError(404, f"records are pushed to {PATH}")
        if scope["method"] != "POST":
            raise RefusalError(405, "records are pushed by POST")
        given = dict(scope["headers"]).get(b"authorization", b"")
        wanted = f"Bearer {self.settings.token.get_secret_value()}".encode()
        if not hmac.compare_digest(given, wanted):
            raise RefusalError(401, "the token is missing or wrong (Authorization: Bearer ...)")

    async def _body(self, receive: Receive) -> bytes:
        pieces, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RefusalError(400, "the request was cut off")
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > self.settings.max_bytes:
                raise RefusalError(413, f"more than max_bytes={self.settings.max_bytes} bytes")
            more = message.get("more_body", False)
        return b"".join(pieces)

    def _take(self, body: bytes) -> OrchestratorMetrics | WorkerPoolMetrics:
        now = self.utc_now()
        try:
            told = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise RefusalError(400, f"not JSON: {error}") from error
        if not isinstance(told, dict):
            raise RefusalError(422, "a record is a JSON object")
        try:
            record = self._pool(told, now) if "poolName" in told else self._whole(told, now)
        except ValidationError as error:
            raise RefusalError(
                422, "the record does not fit the schema", _problems(error)
            ) from error
        self.newest = now
        if isinstance(record, WorkerPoolMetrics):
            self._pools[record.pool_name] = record
        else:
            self._orchestrator = record
        return record

    def _whole(self, told: dict[str, Any], now: datetime) -> OrchestratorMetrics:
        origin = self.origin(now, CallLog(calls=0))
        at = told.get("collectedAt") or now
        health = {"status": "healthy", "healthScore": None, "lastHealthCheck": at}
        given = {section: told.get(section) for section in SECTIONS}
        record = OrchestratorMetrics.model_validate(
            told
            | given
            | {
                "id": origin.orchestrator,
                "orchestratorId": origin.orchestrator,
                "orchestratorType": OrchestratorType.CUSTOM,
                "instanceId": self.config.instance_id,
                "clusterName": self.config.cluster_name,
                "collectedAt": at,
                "health": health | (told.get("health") or {}),
            }
        )
        missing = {f"/{name}": "not pushed" for name in SECTIONS if given[name] is None}
        return record.model_copy(
            update={
                "id": sample_id(origin.orchestrator, "orchestrator", record.collected_at),
                "metadata": self._metadata(record.metadata, missing),
            }
        )

    def _pool(self, told: dict[str, Any], now: datetime) -> WorkerPoolMetrics:
        origin = self.origin(now, CallLog(calls=0))
        identity = pool_id(origin.orchestrator, str(told["poolName"]))
        record = WorkerPoolMetrics.model_validate(
            {"workerType": "worker", "totalWorkers": None}
            | told
            | {
                "id": identity,
                "poolId": identity,
                "orchestratorId": origin.orchestrator,
                "collectedAt": told.get("collectedAt") or now,
            }
        )
        return record.model_copy(
            update={
                "id": sample_id(identity, "worker-pool", record.collected_at),
                "metadata": self._metadata(record.metadata, {}),
            }
        )

    def _metadata(self, told: Metadata, missing: Mapping[str, str]) -> Metadata:
        return told.model_copy(
            update={
                "unavailable": {**missing, **told.unavailable},
                "interval_s": told.interval_s or self.settings.stale_after_s / 3,
                "source": told.source if told.source.versions else BY_PUSH,
            }
        )


def _problems(error: ValidationError) -> tuple[Mapping[str, str], ...]:
    return tuple(
        {"pointer": "/" + "/".join(map(str, each["loc"])), "detail": each["msg"]}
        for each in error.errors(include_url=False, include_input=False)
    )


async def _answer(send: Send, status: int, body: object, kind: str) -> None:
    headers = [(b"content-type", kind.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
