"""One of several replicas at a time, by a Lease: the algorithm of client-go's leaderelection.

Who holds the lease renews it every RETRY_S. The others take it over when they have seen it
unchanged for LEASE_S by their own clock: the times in it are the holder's, and clocks differ.
A holder that could not renew for RENEW_S stops by itself, before another may begin. Every write
names the version that was read, so that of two that write at once one is refused (409).
"""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

import httpx
import structlog

from agents.calls import one_line
from agents.collector import (
    Batch,
    Collector,
    CollectorConfig,
    CollectorError,
    NothingNewError,
    UnauthorizedError,
    UnreachableError,
)
from agents.kube.credentials import access
from agents.kube.settings import KubeSettings

__all__ = ["LEASE_S", "RENEW_S", "RETRY_S", "Candidate", "replica_of"]

log = structlog.get_logger(__name__)

LEASE_S, RENEW_S, RETRY_S = 15.0, 10.0, 2.0
FIRST_TRY_S = 5.0
"""How long the first scrape waits to learn who holds the lease."""


@dataclass(frozen=True)
class _Seen:
    """A version of the lease, and when it was first seen."""

    version: str
    at_s: float


class Candidate:
    """Tries to hold one lease while `run` runs. `clock_s` is monotonic."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        namespace: str,
        name: str,
        identity: str,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.holder = ""
        self.failure: CollectorError | None = None
        """Why the lease could not be read or written at the last try."""

        self.tried = asyncio.Event()
        self._http = http
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._meta = {"namespace": namespace, "name": name}
        self._identity = identity
        self._clock_s = clock_s
        self._until_s = 0.0
        self._seen: _Seen | None = None
        self._lease: dict[str, Any] | None = None

    @property
    def leads(self) -> bool:
        """Whether nobody else can hold the lease now."""
        return self._clock_s() < self._until_s

    async def run(self) -> None:
        """Try again and again until cancelled."""
        while True:
            led = self.leads
            await self.attempt()
            if self.leads != led:
                log.info("leads" if self.leads else "stands_by", lease=self._meta["name"])
            await asyncio.sleep(RETRY_S)

    async def attempt(self) -> None:
        """Read the lease; renew it, take it, or leave it to who has it."""
        begun_s = self._clock_s()
        try:
            async with asyncio.timeout(RENEW_S / 2):
                held = await self._hold(begun_s)
        except (TimeoutError, httpx.HTTPError) as error:
            told = one_line(str(error)) or type(error).__name__
            self.failure = UnreachableError(f"lease {self._meta['name']}: {told}")
        except CollectorError as error:
            self.failure = error
        else:
            self.failure = None
            self._until_s = begun_s + RENEW_S if held else 0.0
        self.tried.set()

    async def aclose(self) -> None:
        """Give it up at once, if it is held, so that nobody has to wait. Safe to call twice."""
        if self.leads:
            self._until_s = 0.0
            await self._give_up()
        await self._http.aclose()

    async def _give_up(self) -> None:
        assert self._lease is not None
        spec = self._lease["spec"] | {"holderIdentity": "", "leaseDurationSeconds": 1}
        with suppress(httpx.HTTPError, CollectorError, TimeoutError):
            async with asyncio.timeout(RENEW_S / 2):
                await self._write(self._lease | {"spec": spec})

    async def _hold(self, now_s: float) -> bool:
        answer = await self._http.get(f"{self._path}/{self._meta['name']}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return await self._write({"metadata": self._meta, "spec": self._spec({})}, new=True)
        lease = _read(answer)
        spec, version = lease.get("spec") or {}, str(lease["metadata"].get("resourceVersion"))
        self.holder = spec.get("holderIdentity") or ""
        if self._seen is None or self._seen.version != version:
            self._seen = _Seen(version, self._clock_s())  # not before: the answer took its time
        expired = now_s - self._seen.at_s >= LEASE_S
        if self.holder not in ("", self._identity) and not expired:
            return False
        return await self._write(lease | {"spec": self._spec(spec)})

    def _spec(self, before: dict[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        held = before.get("holderIdentity") == self._identity
        transitions = int(before.get("leaseTransitions") or 0)
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(LEASE_S),
            "acquireTime": before.get("acquireTime", now) if held else now,
            "renewTime": now,
            "leaseTransitions": transitions if held or not before else transitions + 1,
        }

    async def _write(self, lease: dict[str, Any], *, new: bool = False) -> bool:
        """Whether it was written; False when somebody else was faster."""
        body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", **lease}
        if new:
            answer = await self._http.post(self._path, json=body)
        else:
            answer = await self._http.put(f"{self._path}/{self._meta['name']}", json=body)
        if answer.status_code == httpx.codes.CONFLICT:
            return False
        self._lease = _read(answer)
        self.holder = self._identity
        return True


def _read(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise UnauthorizedError(one_line(f"lease: HTTP {answer.status_code} {answer.text}"))
    try:
        lease = answer.raise_for_status().json()
    except ValueError as error:
        raise UnreachableError(f"lease: not the JSON that was expected: {error}") from error
    if not isinstance(lease, dict) or not isinstance(lease.get("metadata"), dict):
        raise UnreachableError("lease: not the object that was expected")
    return lease


class _Replica(Collector[KubeSettings]):
    """Collects while it holds the lease; else it keeps nothing and asks nothing but the lease.

    While the lease can be neither read nor written every replica tells the outage: nobody knows
    who would have to.
    """

    kind: ClassVar[type[Collector[Any]]]

    def __init__(self, config: KubeSettings, make: Callable[[], Candidate] | None = None) -> None:
        """`make` is for tests."""
        super().__init__(config)
        self._make = make or (lambda: _candidate(config))
        self._candidate: Candidate | None = None
        self._task: asyncio.Task[None] | None = None
        self._inner: Collector[CollectorConfig] | None = None

    async def collect(self, now: datetime) -> Batch:
        """See `Collector.collect`."""
        if self._candidate is None or self._task is None:
            self._candidate = self._make()
            self._task = asyncio.create_task(self._candidate.run())
        candidate = self._candidate
        if self._task.done():  # it never should: let it be told instead of never leading again
            self._task.result()
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_TRY_S):
                await candidate.tried.wait()
        await self._stand_by_unless_leading(candidate)
        self._inner = self._inner or self.kind(self.config)
        batch = await self._inner.collect(now)
        await self._stand_by_unless_leading(candidate)
        return batch

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._close_inner()
        if self._candidate is not None:
            await self._candidate.aclose()
            self._candidate = None

    async def _stand_by_unless_leading(self, candidate: Candidate) -> None:
        if candidate.leads:
            return
        await self._close_inner()
        if candidate.failure is not None:
            raise candidate.failure
        raise NothingNewError(f"stands by: {candidate.holder or 'nobody yet'} holds the lease")

    async def _close_inner(self) -> None:
        inner, self._inner = self._inner, None
        if inner is not None:
            await inner.aclose()


def _candidate(config: KubeSettings) -> Candidate:
    """Raises `CollectorError` when the API server cannot be found."""
    reach = access(config)
    http = httpx.AsyncClient(
        base_url=reach.url,
        auth=reach.auth,
        verify=reach.trust,
        timeout=config.call_timeout_s,
        headers={"User-Agent": "woa-agent", "Accept": "application/json"},
        trust_env=False,
    )
    identity = f"{socket.gethostname()}_{uuid4()}"
    return Candidate(http, config.lease_namespace, str(config.lease_name), identity)


def replica_of(collector: type[Collector[Any]]) -> type[Collector[Any]]:
    """A collector that takes turns with its replicas, by the lease that its settings name."""

    class Replica(_Replica):
        orchestrator_type = collector.orchestrator_type
        config_model = collector.config_model
        kind = collector

    return Replica
