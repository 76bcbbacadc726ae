"""One pass over a namespace: which calls are made, in which order, within the time there is."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import httpx
from pydantic import HttpUrl
from temporalio.api.worker.v1 import WorkerHeartbeat
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    GetClusterInfoRequest,
    GetClusterInfoResponse,
    GetSystemInfoRequest,
    ListWorkersRequest,
)

from agents.calls import CallFailure, verdict
from agents.exposition import Exposition, MetricsError, Vocabulary, fetch
from agents.increases import MetricsScrape, increase, resets
from agents.missing import Missing, known_or, over
from agents.temporal.client import TemporalClient
from agents.temporal.config import TemporalConfig
from agents.temporal.counts import count_closed, count_poisoned, count_statuses
from agents.temporal.decisions import sample_placements
from agents.temporal.discovery import Discovery, is_system_queue
from agents.temporal.failures import ERRORS
from agents.temporal.metrics import SERVER, WORKER
from agents.temporal.queue_scrape import QueueScraper
from agents.temporal.queues import QueueView
from agents.temporal.rpcs import WorkflowRpcs
from agents.temporal.snapshot import ClosedWindow, Probe, Snapshot
from agents.temporal.workers import Worker, read_workers, unlisted_workers

__all__ = ["Memory", "Scraper"]

WORKERS_PAGE = 500
METRICS_SHARE = 0.6

PROBES = frozenset({"Health.Check", "GetSystemInfo"})
NO_METRICS = Missing("metrics_urls is not set: the server's metrics are not read")
NO_SDK = Missing("worker_metrics_urls is not set: the workers' metrics are not read")


@dataclass(frozen=True)
class Memory:
    """What a scrape must know of the one before, to count what happened in between.

    Kept only when the records were made: what is lost on the way is counted by the next.
    """

    metrics: MetricsScrape | None = None
    closed_until: datetime | None = None
    resets: int = 0
    sdk: MetricsScrape | None = None


@dataclass(frozen=True)
class _Facts:
    until: datetime
    cluster: GetClusterInfoResponse | Missing
    namespace: DescribeNamespaceResponse | Missing


class Scraper:
    """Reads one namespace; remembers queues, back-offs and facts between scrapes."""

    def __init__(
        self,
        config: TemporalConfig,
        client: TemporalClient,
        http: httpx.AsyncClient,
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._client = client
        self._http = http
        self._clock = clock
        self._discovery = Discovery(config, client)
        self._queues = QueueScraper(config, client)
        self._facts: _Facts | None = None

    async def scrape(self, now: datetime, memory: Memory) -> tuple[Snapshot, Memory]:
        """Read what can be read; raise `CollectorError` when it is nothing."""
        started = self._clock()
        rpcs = await self._client.begin(now)
        probe = await self._probe(rpcs)
        (metrics, sdk), facts, statuses, closed, poisoned, heartbeats = await asyncio.gather(
            asyncio.gather(
                self._metrics(SERVER, self._config.metrics_urls, NO_METRICS),
                self._metrics(WORKER, self._config.worker_metrics_urls, NO_SDK),
            ),
            self._read_facts(rpcs, now),
            count_statuses(self._client, rpcs, self._config),
            self._closed(rpcs, now, memory),
            count_poisoned(self._client, rpcs, self._config),
            self._heartbeats(rpcs),
        )
        placements = await sample_placements(self._client, rpcs, self._config)
        coverage = await self._discovery.look(rpcs, now, over(_queues_of, heartbeats))
        views = await self._queues.scrape(rpcs, self._discovery.queues(), now)
        self._refuse_nothing()
        gains = over(lambda scraped: increase(memory.metrics, scraped), metrics)
        sdk_gains = over(lambda scraped: increase(memory.sdk, scraped), sdk)
        after = self._remember(now, memory, metrics, closed)
        after = replace(after, sdk=known_or(sdk, memory.sdk))
        snapshot = Snapshot(
            now=now,
            probe=probe,
            cluster=facts.cluster,
            namespace=facts.namespace,
            statuses=statuses,
            closed=closed,
            poisoned=poisoned,
            placements=placements,
            workers=self._workers(heartbeats, views, now),
            views=views,
            coverage=coverage,
            metrics=metrics,
            gains=gains,
            resets=after.resets,
            sdk=sdk,
            sdk_gains=sdk_gains,
            log=self._client.log,
            took_ms=(self._clock() - started) * 1000,
        )
        return snapshot, after

    async def _probe(self, rpcs: WorkflowRpcs) -> Probe:
        # The health check goes first: it makes the connection, so the other one's time is
        # that of a call alone.
        serving = await self._client.serving()
        asked_s = self._clock()
        system = await self._client.ask(rpcs.get_system_info, GetSystemInfoRequest())
        if isinstance(system, Missing):
            if isinstance(serving, Missing) and self._silent():
                raise verdict(self._client.log.failures, ERRORS)
            return Probe(serving, system, system)
        self._client.server_is(system.server_version)
        return Probe(serving, (self._clock() - asked_s) * 1000, system.server_version)

    def _silent(self) -> bool:
        """Whether nobody answered so far, not even with a refusal."""
        return all(
            each.code in {"unreachable", "timeout", "deadline"}
            for each in self._client.log.failures
        )

    def _refuse_nothing(self) -> None:
        """Raise when no call brought more than that somebody is there."""
        log = self._client.log
        if log.answered - PROBES:
            return
        failures = [each for each in log.failures if each.source not in PROBES]
        if not log.answered or all(each.code == "unauthorized" for each in failures):
            raise verdict(failures or log.failures, ERRORS)

    async def _read_facts(self, rpcs: WorkflowRpcs, now: datetime) -> _Facts:
        if self._facts is not None and now < self._facts.until:
            return self._facts
        cluster = await self._client.ask(rpcs.get_cluster_info, GetClusterInfoRequest())
        namespace = await self._client.ask(
            rpcs.describe_namespace, DescribeNamespaceRequest(namespace=self._config.namespace)
        )
        until = now + timedelta(seconds=self._config.facts_interval_s)
        facts = _Facts(until, cluster, namespace)
        complete = not isinstance(cluster, Missing) and not isinstance(namespace, Missing)
        self._facts = facts if complete else None
        return facts

    async def _closed(
        self, rpcs: WorkflowRpcs, now: datetime, memory: Memory
    ) -> ClosedWindow | Missing:
        start, end = memory.closed_until, self._closed_end(now)
        if start is None:
            return Missing("needs two scrapes: it counts what closed between them")
        if end <= start:
            return Missing("no time has passed since the scrape before")
        return await count_closed(self._client, rpcs, self._config, start, end)

    def _closed_end(self, now: datetime) -> datetime:
        return now - timedelta(seconds=self._config.visibility_lag_s)

    def _remember(
        self,
        now: datetime,
        memory: Memory,
        metrics: MetricsScrape | Missing,
        closed: ClosedWindow | Missing,
    ) -> Memory:
        """What could not be read leaves the memory alone: the next scrape counts it as well."""
        until = memory.closed_until
        if until is None:
            until = self._closed_end(now)
        elif not isinstance(closed, Missing):
            until = closed.end
        if isinstance(metrics, Missing):
            return Memory(memory.metrics, until, memory.resets)
        return Memory(metrics, until, memory.resets + resets(memory.metrics, metrics))

    async def _heartbeats(self, rpcs: WorkflowRpcs) -> list[WorkerHeartbeat] | Missing:
        found: list[WorkerHeartbeat] = []
        token = b""
        while len(found) <= self._config.max_workers:
            page = await self._client.ask(
                rpcs.list_workers,
                ListWorkersRequest(
                    namespace=self._config.namespace, page_size=WORKERS_PAGE, next_page_token=token
                ),
            )
            if isinstance(page, Missing):
                return page
            # Server 1.31 lists its own workers as well.
            found += [
                info.worker_heartbeat
                for info in page.workers_info
                if not is_system_queue(info.worker_heartbeat.task_queue)
            ]
            token = page.next_page_token
            if not token:
                return found
        return Missing(f"more than max_workers={self._config.max_workers} workers")

    def _workers(
        self,
        heartbeats: list[WorkerHeartbeat] | Missing,
        views: tuple[QueueView, ...],
        now: datetime,
    ) -> tuple[Worker, ...] | Missing:
        if not isinstance(heartbeats, Missing):
            return (
                *read_workers(heartbeats, self._config, now),
                *unlisted_workers(views, heartbeats, self._config, now),
            )
        if "ListWorkers" in self._client.log.unsupported:
            return unlisted_workers(views, None, self._config, now)
        return heartbeats

    async def _metrics(
        self, vocabulary: Vocabulary, urls: Sequence[HttpUrl], unset: Missing
    ) -> MetricsScrape | Missing:
        if not urls:
            return unset
        fetched = await asyncio.gather(*(self._endpoint(str(url), vocabulary) for url in urls))
        endpoints: dict[str, Exposition] = {}
        for url, exposition in zip(map(str, urls), fetched, strict=True):
            if isinstance(exposition, Missing):
                return exposition
            endpoints[url] = exposition
        return MetricsScrape(self._clock(), endpoints)

    async def _endpoint(self, url: str, vocabulary: Vocabulary) -> Exposition | Missing:
        self._client.log.calls += 1
        limit_s = min(self._config.timeout_s * METRICS_SHARE, self._client.remaining_s())
        try:
            async with asyncio.timeout(limit_s):
                return await fetch(self._http, url, self._config.metrics_max_bytes, vocabulary)
        except MetricsError as error:
            failure = CallFailure(error.code, error.message, "metrics", url)
        except TimeoutError:
            failure = CallFailure("timeout", f"not read within {limit_s:.3g} s", "metrics", url)
        return self._client.note(failure)


def _queues_of(heartbeats: list[WorkerHeartbeat]) -> list[str]:
    return [each.task_queue for each in heartbeats]
