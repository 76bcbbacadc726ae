"""The collector: the first scrape lists the cluster, the others ask what the watches keep."""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx

from agents.calls import CallFailure, verdict
from agents.collector import Batch, Collector, CollectorConfig
from agents.http_api import ERRORS, HttpApi
from agents.kube.credentials import Access, access
from agents.kube.informer import Informer
from agents.kube.watches import Watches
from agents.kubernetes.components import component_addresses, components_trust
from agents.kubernetes.config import KubernetesConfig
from agents.kubernetes.control_plane import (
    APISERVER,
    CONTROLLERS,
    SCHEDULER,
    ControlPlane,
    Reader,
    Vitals,
)
from agents.kubernetes.kinds import JOBS, LEASES, NODES, PODS, always, extras, kept_extras
from agents.kubernetes.leases import LeaseTrail
from agents.kubernetes.quantity import quantity
from agents.kubernetes.snapshot import Readiness, Snapshot
from agents.kubernetes.tally import Tally
from agents.kubernetes.translate import translate
from agents.kubernetes.wire import ApiGroups, Namespace, NodeUsage, Version
from agents.missing import CLOCK_WENT_BACK, FIRST, Missing, over
from contracts.orchestrator import OrchestratorType

__all__ = ["KubernetesCollector"]

USAGE = "/apis/metrics.k8s.io/v1beta1/nodes"
SYNC_SHARE = 0.8
"""Share of `timeout_s` that the first list may take."""


@dataclass(frozen=True)
class Facts:
    """What hardly ever changes. `offered`: the group versions of the API."""

    version: str | Missing
    cluster: str | Missing
    offered: frozenset[str] | Missing

    @property
    def known(self) -> bool:
        return not any(
            isinstance(each, Missing) for each in (self.version, self.cluster, self.offered)
        )


@dataclass(frozen=True)
class Connection:
    """Made by the first scrape. `components` calls those whose addresses are set."""

    api: HttpApi
    components: HttpApi
    clients: tuple[httpx.AsyncClient, ...]
    watches: Watches


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
        self._connection: Connection | None = None
        self._tally = Tally(clock)
        self._extras = extras(config, self._tally)
        self._readers = {
            "apiserver": self._reader("apiserver", ("/metrics",)),
            "scheduler": self._reader("scheduler", component_addresses(config.scheduler_urls)),
            "controllers": self._reader(
                "controllers", component_addresses(config.controller_manager_urls)
            ),
        }
        self._totals: Counter[tuple[str, str]] = Counter()
        self._facts: tuple[datetime, Facts] | None = None
        self._trail = LeaseTrail()

    async def collect(self, now: datetime) -> Batch:
        """See `Collector.collect`."""
        begun = self._clock()
        connection = self._begin(now)
        api, watches = connection.api, connection.watches
        calls_before = watches.calls
        readiness, readiness_ms = await self._readiness(api)
        if isinstance(readiness, Missing):
            raise verdict(api.log.failures, ERRORS)
        facts = await self._read_facts(api, now)
        await watches.adjust(self._extras, facts.offered)
        usage = await self._usage(api)
        control = await self._control_plane(connection)
        await watches.settled(self.config.timeout_s * SYNC_SHARE)
        nodes, pods, jobs, leases = (
            watches.kept(kind.name, api.log) for kind in (NODES, PODS, JOBS, LEASES)
        )
        if all(isinstance(each, Missing) for each in (nodes, pods, jobs, leases)):
            raise verdict([each for each in api.log.failures if "watch" in each.source], ERRORS)
        happened, seconds = self._happened(now, pods, jobs, nodes)
        at, lists = api.server_now(), watches.informers[LEASES.name].lists
        more = kept_extras(watches, self.config, api.log)
        api.log.calls += watches.calls - calls_before
        snapshot = Snapshot(
            now=now,
            at=at,
            readiness=readiness,
            readiness_ms=readiness_ms,
            version=facts.version,
            cluster=facts.cluster,
            nodes=nodes,
            pods=pods,
            jobs=jobs,
            leases=leases,
            usage=usage,
            control=control,
            extras=more,
            happened=happened,
            seconds=seconds,
            totals=dict(self._totals),
            elections=self._trail.elections,
            lease_events=self._trail.take(leases, at, lists),
            relists=watches.relists,
            log=api.log,
            took_ms=(self._clock() - begun) * 1000,
        )
        return translate(snapshot, self.config, self.orchestrator_id)

    async def aclose(self) -> None:
        if self._connection is None:
            return
        await self._connection.watches.aclose()
        for http in self._connection.clients:
            await http.aclose()

    @property
    def informers(self) -> Mapping[str, Informer[Any, Any]]:
        """What follows the cluster, by kind; there are none before the first scrape."""
        return {} if self._connection is None else self._connection.watches.informers

    def _reader(self, name: str, addresses: Sequence[str]) -> Reader:
        vocabulary = {"apiserver": APISERVER, "scheduler": SCHEDULER, "controllers": CONTROLLERS}
        interval_s = self.config.metrics_interval_s
        return Reader(f"metrics of {name}", vocabulary[name], addresses, interval_s, self._clock)

    def _begin(self, now: datetime) -> Connection:
        """Connect and watch, if that was not begun. Raises `CollectorError`."""
        if self._connection is None:
            self._connection = self._connected()
        self._connection.watches.check()
        self._connection.api.begin(now)
        self._connection.components.begin(now)
        self._connection.components.log = self._connection.api.log
        return self._connection

    def _connected(self) -> Connection:
        reach = self._reach or access(self.config)
        trust = components_trust(self.config)
        main, others = self._client(reach, reach.trust), self._client(reach, trust)
        watches = Watches(main)
        for kind, on_change in always(self.config, self._tally, self._trail):
            watches.begin(kind, on_change)
        api, components = HttpApi(self.config, main), HttpApi(self.config, others)
        return Connection(api, components, (main, others), watches)

    def _client(self, reach: Access, trust: ssl.SSLContext | bool) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=reach.url,
            auth=reach.auth,
            verify=trust,
            transport=self._transport,
            timeout=self.config.call_timeout_s,
            headers={"User-Agent": "woa-kubernetes-agent", "Accept": "application/json"},
            trust_env=False,
        )

    async def _readiness(self, api: HttpApi) -> tuple[Readiness | Missing, float | Missing]:
        begun = self._clock()
        told = await api.text("readyz", "/readyz", {"verbose": "true"}, also=(500,))
        took_ms = (self._clock() - begun) * 1000
        if isinstance(told, Missing):
            return told, told
        status, text = told
        lines = [line.removeprefix("[-]") for line in text.splitlines() if line.startswith("[-]")]
        return Readiness(status == httpx.codes.OK, lines), took_ms

    async def _read_facts(self, api: HttpApi, now: datetime) -> Facts:
        if self._facts is not None and now < self._facts[0]:
            return self._facts[1]
        version = await api.get("version", "/version", Version)
        home = await api.get("namespace", "/api/v1/namespaces/kube-system", Namespace)
        groups = await api.get("API groups", "/apis", ApiGroups)
        facts = Facts(
            over(lambda told: told.git_version, version),
            over(lambda told: told.metadata.uid, home),
            over(lambda told: told.versions, groups),
        )
        until = now + timedelta(seconds=self.config.facts_interval_s)
        self._facts = (until, facts) if facts.known else None
        return facts

    async def _usage(self, api: HttpApi) -> dict[str, tuple[float, float]] | Missing:
        found = await api.get("metrics.k8s.io", USAGE, NodeUsage, optional=True)
        if isinstance(found, Missing):
            return found
        try:
            return {
                each.metadata.name: (quantity(each.usage["cpu"]), quantity(each.usage["memory"]))
                for each in found.items
                if {"cpu", "memory"} <= each.usage.keys()
            }
        except ValueError as error:
            return api.log.note(CallFailure("bad_response", str(error), "metrics.k8s.io"))

    async def _control_plane(self, connection: Connection) -> ControlPlane:
        async def read(name: str, setting: str) -> Vitals | Missing:
            reader = self._readers[name]
            if not reader.addresses:
                return Missing(f"{setting} is not set; managed clusters hide these metrics")
            return await reader.read(connection.components)

        apiserver, scheduler, controllers = await asyncio.gather(
            self._readers["apiserver"].read(connection.api),
            read("scheduler", "scheduler_urls"),
            read("controllers", "controller_manager_urls"),
        )
        return ControlPlane(apiserver, scheduler, controllers)

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
