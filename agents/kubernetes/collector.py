"""The collector: the first scrape lists the cluster, the others ask what the watches keep."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

import httpx

from agents.calls import CallFailure, verdict
from agents.collector import Batch, Collector, CollectorConfig
from agents.http_api import ERRORS, HttpApi
from agents.kube.credentials import Access, access
from agents.kube.informer import Informer, Kind
from agents.kubernetes.config import KubernetesConfig
from agents.kubernetes.quantity import quantity
from agents.kubernetes.snapshot import Readiness, Snapshot
from agents.kubernetes.state import (
    LeaseState,
    job_state,
    lease_state,
    node_state,
    pod_state,
)
from agents.kubernetes.tally import Tally
from agents.kubernetes.translate import translate
from agents.kubernetes.wire import Job, Lease, Namespace, Node, NodeUsage, Pod, Version
from agents.missing import CLOCK_WENT_BACK, FIRST, Missing
from contracts.orchestrator import OrchestratorType

__all__ = ["KubernetesCollector"]

NODES = Kind("nodes", "/api/v1/nodes", Node, node_state)
PODS = Kind("pods", "/api/v1/pods", Pod, pod_state)
JOBS = Kind("jobs", "/apis/batch/v1/jobs", Job, job_state)
LEASES = Kind(
    "leases", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases", Lease, lease_state
)
USAGE = "/apis/metrics.k8s.io/v1beta1/nodes"
SYNC_SHARE = 0.8
"""Share of `timeout_s` that the first list may take."""

K = TypeVar("K")


class KubernetesCollector(Collector[KubernetesConfig]):
    """Reads one cluster.

    What happened in an interval is null in the first record. `reach` and `transport` are for
    tests.
    """

    orchestrator_type: ClassVar[OrchestratorType] = OrchestratorType.KUBERNETES
    config_model: ClassVar[type[CollectorConfig]] = KubernetesConfig

    def __init__(
        self,
        config: KubernetesConfig,
        reach: Access | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(config)
        self._reach = reach
        self._transport = transport
        self._clock = clock
        self._http: httpx.AsyncClient | None = None
        self._api: HttpApi | None = None
        self._tally = Tally(clock)
        self._totals: Counter[tuple[str, str]] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self._facts: tuple[datetime, str | Missing, str | Missing] | None = None
        self._holders: dict[str, str] = {}
        self._elections = 0

    async def collect(self, now: datetime) -> Batch:
        """See `Collector.collect`."""
        begun = self._clock()
        api = self._begin()
        api.begin(now)
        calls_before = self._watch_calls()
        readiness, readiness_ms = await self._readiness(api)
        if isinstance(readiness, Missing):
            raise verdict(api.log.failures, ERRORS)
        version, cluster = await self._read_facts(api, now)
        usage = await self._usage(api)
        await self._synced()
        nodes, pods = self._kept(self._nodes), self._kept(self._pods)
        jobs, leases = self._kept(self._jobs), self._kept(self._leases)
        if all(isinstance(each, Missing) for each in (nodes, pods, jobs, leases)):
            raise verdict([each for each in api.log.failures if "watch" in each.source], ERRORS)
        happened, seconds = self._happened(now, pods, jobs, nodes)
        self._count_elections(leases)
        api.log.calls += self._watch_calls() - calls_before
        snapshot = Snapshot(
            now=now,
            at=api.server_now(),
            readiness=readiness,
            readiness_ms=readiness_ms,
            version=version,
            cluster=cluster,
            nodes=nodes,
            pods=pods,
            jobs=jobs,
            leases=leases,
            usage=usage,
            happened=happened,
            seconds=seconds,
            totals=dict(self._totals),
            elections=self._elections,
            relists=sum(each.lists for each in self.informers) - len(self.informers),
            log=api.log,
            took_ms=(self._clock() - begun) * 1000,
        )
        return translate(snapshot, self.config, self.orchestrator_id)

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()
        if self._http is not None:
            await self._http.aclose()

    @property
    def informers(self) -> tuple[Informer[Any, Any], ...]:
        """What keeps nodes, pods, jobs and leases; there are none before the first scrape."""
        return (self._nodes, self._pods, self._jobs, self._leases)

    def _begin(self) -> HttpApi:
        """Connect and watch, if that was not begun. Raises `CollectorError`."""
        for task in self._tasks:
            if task.done():  # it never should: let it be told instead of believing what it kept
                task.result()
        if self._api is not None:
            return self._api
        reach = self._reach or access(self.config)
        self._http = httpx.AsyncClient(
            base_url=reach.url,
            auth=reach.auth,
            verify=reach.trust,
            transport=self._transport,
            timeout=self.config.call_timeout_s,
            headers={"User-Agent": "woa-kubernetes-agent", "Accept": "application/json"},
            trust_env=False,
        )
        self._api = HttpApi(self.config, self._http)
        self._nodes = Informer(self._http, NODES, self._tally.node)
        self._pods = Informer(self._http, PODS, self._tally.pod)
        self._jobs = Informer(self._http, JOBS, self._tally.job)
        self._leases = Informer(self._http, LEASES)
        self._tasks = [asyncio.create_task(each.run()) for each in self.informers]
        return self._api

    async def _readiness(self, api: HttpApi) -> tuple[Readiness | Missing, float | Missing]:
        begun = self._clock()
        told = await api.text("readyz", "/readyz", {"verbose": "true"}, also=(500,))
        took_ms = (self._clock() - begun) * 1000
        if isinstance(told, Missing):
            return told, told
        status, text = told
        lines = [line.removeprefix("[-]") for line in text.splitlines() if line.startswith("[-]")]
        return Readiness(status == httpx.codes.OK, lines), took_ms

    async def _read_facts(self, api: HttpApi, now: datetime) -> tuple[str | Missing, str | Missing]:
        if self._facts is not None and now < self._facts[0]:
            return self._facts[1:]
        version = await api.get("version", "/version", Version)
        home = await api.get("namespace", "/api/v1/namespaces/kube-system", Namespace)
        told = version if isinstance(version, Missing) else version.git_version
        cluster = home if isinstance(home, Missing) else home.metadata.uid
        known = not isinstance(told, Missing) and not isinstance(cluster, Missing)
        until = now + timedelta(seconds=self.config.facts_interval_s)
        self._facts = (until, told, cluster) if known else None
        return told, cluster

    async def _usage(self, api: HttpApi) -> dict[str, tuple[float, float]] | Missing:
        found = await api.get("metrics.k8s.io", USAGE, NodeUsage, optional=True)
        if isinstance(found, Missing):
            return found
        return {
            each.metadata.name: (
                quantity(each.usage.get("cpu", "0")),
                quantity(each.usage.get("memory", "0")),
            )
            for each in found.items
        }

    async def _synced(self) -> None:
        """Wait for the first lists; what is not there in time is missing from this record."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.config.timeout_s * SYNC_SHARE):
                await asyncio.gather(*(each.settled.wait() for each in self.informers))

    def _kept(self, informer: Informer[Any, K]) -> Sequence[K] | Missing:
        """What an informer knows; nothing while it does not hear the server."""
        assert self._api is not None
        name = f"watch {informer.kind.name}"
        if informer.failure is not None:
            return self._api.log.note(CallFailure(*informer.failure, name))
        if not informer.synced.is_set():
            return self._api.log.note(CallFailure("deadline", "not all is listed yet", name))
        self._api.log.answered.add(name)
        return list(informer.objects.values())

    def _watch_calls(self) -> int:
        return sum(each.calls for each in self.informers)

    def _happened(
        self, now: datetime, *parts: Sequence[object] | Missing
    ) -> tuple[Tally | Missing, float | Missing]:
        """What the watches counted. While one of them is deaf, the next scrape tells it all."""
        gap = next((each for each in parts if isinstance(each, Missing)), None)
        if gap is not None:
            return gap, gap
        taken = self._tally.take(now)
        self._totals.update(taken.ended_by_node)
        if taken.since is None:
            return FIRST, FIRST
        seconds = (now - taken.since).total_seconds()
        return (taken, seconds) if seconds > 0 else (CLOCK_WENT_BACK, CLOCK_WENT_BACK)

    def _count_elections(self, leases: Sequence[LeaseState] | Missing) -> None:
        if isinstance(leases, Missing):
            return
        for lease in leases:
            holder = lease.spec.holder_identity or ""
            before = self._holders.get(lease.name)
            self._elections += before is not None and before != holder
            self._holders[lease.name] = holder
