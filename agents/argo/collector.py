"""The collector: the first scrape lists the workflows, the others ask what the watches keep."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx

from agents.argo.config import ArgoConfig
from agents.argo.figures import Figures
from agents.argo.kinds import always, extras, kept_limits
from agents.argo.limits import archive_of, limit_of
from agents.argo.metrics import CONTROLLER
from agents.argo.snapshot import Facts, Snapshot
from agents.argo.tally import NAMESPACE_LIMIT, WorkflowTally
from agents.argo.translate import translate
from agents.argo.wire import ConfigMap, ServerVersion
from agents.calls import CallFailure, verdict
from agents.collector import Batch, Collector, CollectorConfig
from agents.http_api import ERRORS, HttpApi
from agents.increases import Increase, MetricsScrape, increase
from agents.kube.credentials import Access, access, by_token_file
from agents.kube.informer import Informer
from agents.kube.watches import Watches
from agents.kubernetes.leases import LeaseTrail
from agents.kubernetes.tally import Tally
from agents.kubernetes.wire import Namespace, Version
from agents.missing import CLOCK_WENT_BACK, FIRST, Missing, known_or, over
from contracts.orchestrator import OrchestratorType

__all__ = ["ArgoCollector"]

SYNC_SHARE = 0.8
"""Share of `timeout_s` that the first list may take."""

OFFERED = frozenset({"argoproj.io/v1alpha1"})
SETTINGS = "workflow-controller-configmap"
METRICS = "controller metrics"
NO_CONTROLLER = CallFailure("bad_response", "it has no metric of a workflow controller", METRICS)
NO_METRICS = Missing("controller_metrics_url is not set")
NO_SERVER = Missing("server_url is not set")


@dataclass(frozen=True)
class Connection:
    """Made by the first scrape. `controller` and `server` are called at their own addresses."""

    api: HttpApi
    controller: HttpApi
    server: HttpApi
    watches: Watches


class ArgoCollector(Collector[ArgoConfig]):
    """Reads one workflow controller.

    What happened in an interval is null in the first record. `reach` and `transport` are for
    tests.
    """

    orchestrator_type: ClassVar[OrchestratorType] = OrchestratorType.ARGO
    config_model: ClassVar[type[CollectorConfig]] = ArgoConfig

    def __init__(
        self,
        config: ArgoConfig,
        reach: Access | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(config)
        self._reach = reach
        self._transport = transport
        self._clock = clock
        self._connection: Connection | None = None
        self._tally = WorkflowTally(clock)
        self._pods = Tally(clock)
        self._facts: tuple[datetime, Facts] | None = None
        self._metrics: MetricsScrape | None = None
        self._trail = LeaseTrail()
        self._lists = 0

    async def collect(self, now: datetime) -> Batch:
        """See `Collector.collect`."""
        begun = self._clock()
        connection = self._begin(now)
        api, watches = connection.api, connection.watches
        calls_before = watches.calls
        version, api_ms = await self._timed(api, "version", "/version", Version)
        if isinstance(version, Missing):
            raise verdict(api.log.failures, ERRORS)
        facts = await self._read_facts(connection, now, version.git_version)
        metrics, gained = await self._read_metrics(connection.controller)
        server_ms = await self._ask_server(connection.server)
        await watches.adjust(extras(self.config), OFFERED)
        await watches.settled(self.config.timeout_s * SYNC_SHARE)
        workflows, pods, leases = (
            watches.kept(name, api.log) for name in ("workflows", "pods", "leases")
        )
        if isinstance(workflows, Missing) and isinstance(pods, Missing):
            raise verdict([each for each in api.log.failures if "watch" in each.source], ERRORS)
        happened, pods_happened, seconds = self._happened(now, workflows, pods)
        at, lists = api.server_now(), watches.informers["leases"].lists
        limited, crons = kept_limits(watches, api.log), watches.kept("cron workflows", api.log)
        api.log.calls += watches.calls - calls_before
        snapshot = Snapshot(
            now=now,
            at=at,
            api_ms=api_ms,
            facts=facts,
            workflows=workflows,
            pods=pods,
            leases=leases,
            limited=limited,
            crons=crons,
            metrics=metrics,
            gained=gained,
            server_ms=server_ms,
            happened=happened,
            pods_happened=pods_happened,
            seconds=seconds,
            elections=self._trail.elections,
            lease_events=self._trail.take(leases, at, lists),
            relists=watches.relists,
            relisted=self._was_relisted(workflows, watches.informers["workflows"].lists),
            log=api.log,
            took_ms=(self._clock() - begun) * 1000,
        )
        figures = Figures(snapshot, self.config)
        self._tally.know(known_or(figures.taken_within, {}), figures.limits_within)
        self._tally.narrow(
            each.uid
            for each in known_or(figures.pending, ())
            if figures.cause_of(each) == NAMESPACE_LIMIT
        )
        return translate(figures, self.orchestrator_id)

    async def aclose(self) -> None:
        if self._connection is None:
            return
        await self._connection.watches.aclose()
        for each in (self._connection.api, self._connection.controller, self._connection.server):
            await each.aclose()

    @property
    def informers(self) -> Mapping[str, Informer[Any, Any]]:
        """What follows the workflows, by kind; there are none before the first scrape."""
        return {} if self._connection is None else self._connection.watches.informers

    def _begin(self, now: datetime) -> Connection:
        """Connect and watch, if that was not begun. Raises `CollectorError`."""
        if self._connection is None:
            self._connection = self._connected()
        connection = self._connection
        connection.watches.check()
        for each in (connection.api, connection.controller, connection.server):
            each.begin(now)
            each.log = connection.api.log
        return connection

    def _connected(self) -> Connection:
        reach = self._reach or access(self.config)
        beside = reach.trust if self.config.verify_controller_tls else False
        token = self.config.server_token_file
        clients = [
            self._client(reach.url, reach.auth, reach.trust),
            self._client("", None, beside),
            self._client("", None if token is None else by_token_file(token), beside),
        ]
        watches = Watches(clients[0])
        for kind, on_change in always(self.config, self._tally, self._pods, self._trail):
            watches.begin(kind, on_change)
        api, controller, server = (HttpApi(self.config, http) for http in clients)
        return Connection(api, controller, server, watches)

    def _client(self, url: str, auth: httpx.Auth | None, trust: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=url,
            auth=auth,
            verify=trust,
            transport=self._transport,
            timeout=self.config.call_timeout_s,
            headers={"User-Agent": "woa-argo-agent", "Accept": "application/json"},
            trust_env=False,
        )

    async def _timed(
        self, api: HttpApi, call: str, path: str, into: type[Any]
    ) -> tuple[Any | Missing, float | Missing]:
        begun = self._clock()
        told = await api.get(call, path, into)
        took_ms = (self._clock() - begun) * 1000
        return (told, told) if isinstance(told, Missing) else (told, took_ms)

    async def _read_facts(self, connection: Connection, now: datetime, version: str) -> Facts:
        if self._facts is not None and now < self._facts[0]:
            return self._facts[1]
        api, config = connection.api, self.config
        home = await api.get("namespace", "/api/v1/namespaces/kube-system", Namespace)
        path = f"/api/v1/namespaces/{config.controller_namespace}/configmaps/{SETTINGS}"
        settings = await api.get("settings", path, ConfigMap)
        argo: str | Missing = NO_SERVER
        if config.server_url is not None:
            url = f"{str(config.server_url).rstrip('/')}/api/v1/version"
            told = await connection.server.get("server version", url, ServerVersion)
            argo = over(lambda each: each.version, told)
        facts = Facts(
            kubernetes=version,
            cluster=over(lambda each: each.metadata.uid, home),
            argo=argo,
            parallelism=over(lambda each: limit_of(each, "parallelism"), settings),
            namespace_parallelism=over(
                lambda each: limit_of(each, "namespaceParallelism"), settings
            ),
            archive=over(archive_of, settings),
        )
        whole = not any(isinstance(each, Missing) for each in (home, settings))
        known = whole and (config.server_url is None or not isinstance(argo, Missing))
        until = now + timedelta(seconds=config.facts_interval_s)
        self._facts = (until, facts) if known else None
        return facts

    async def _read_metrics(
        self, controller: HttpApi
    ) -> tuple[MetricsScrape | Missing, Increase | Missing]:
        if self.config.controller_metrics_url is None:
            return NO_METRICS, NO_METRICS
        url = str(self.config.controller_metrics_url)
        found = await controller.exposition(METRICS, url, CONTROLLER)
        if isinstance(found, Missing):
            return found, found
        if not found.values:
            told = controller.log.note(NO_CONTROLLER)
            return told, told
        scrape = MetricsScrape(self._clock(), {"controller": found})
        gained = increase(self._metrics, scrape)
        self._metrics = scrape
        return scrape, gained

    async def _ask_server(self, server: HttpApi) -> float | Missing:
        if self.config.server_url is None:
            return NO_SERVER
        url = f"{str(self.config.server_url).rstrip('/')}/api/v1/info"
        return (await self._timed(server, "argo server", url, dict[str, Any]))[1]

    def _happened(
        self, now: datetime, *parts: Sequence[object] | Missing
    ) -> tuple[WorkflowTally | Missing, Tally | Missing, float | Missing]:
        """What the watches counted. While one of them is deaf, the next scrape tells it all."""
        gap = next((each for each in parts if isinstance(each, Missing)), None)
        if gap is not None:
            return gap, gap, gap
        taken, pods = self._tally.take(now), self._pods.take(now)
        if taken.since is None:
            return FIRST, FIRST, FIRST
        seconds = (now - taken.since).total_seconds()
        if seconds <= 0:
            return CLOCK_WENT_BACK, CLOCK_WENT_BACK, CLOCK_WENT_BACK
        return taken, pods, seconds

    def _was_relisted(self, workflows: Sequence[object] | Missing, lists: int) -> bool:
        """Of the interval that is told; while the watch is deaf, the next record tells it."""
        was = self._lists
        if not isinstance(workflows, Missing):
            self._lists = lists
        return 0 < was < lists
