"""One pass over a Prefect API: which calls are made, in which order, one at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from agents.calls import verdict
from agents.exposition import Vocabulary
from agents.http_api import ERRORS, HttpApi
from agents.increases import MetricsScrape, increase
from agents.missing import CLOCK_WENT_BACK, FIRST, Missing, known_or, over
from agents.prefect.cloud import NO_CLOUD_METRICS, NO_CLOUD_VERSION
from agents.prefect.config import PrefectConfig
from agents.prefect.snapshot import Listed, Snapshot, Totals, Window
from agents.prefect.wire import FlowRun, Limit, State, Worker, WorkPool, WorkQueue

__all__ = ["Memory", "Scraper"]

PAGE = 200
"""The server's largest page."""

PROBES = frozenset({"health", "ready", "version"})
LIVE = ("PENDING", "RUNNING", "CANCELLING")
FAILED = ("FAILED", "CRASHED")
NO_METRICS = Missing("metrics is off: the server's own metrics are not read")

SERVER = Vocabulary(
    whose="a Prefect server",
    counters=("process_cpu_seconds",),
    gauges=("process_resident_memory_bytes", "process_start_time_seconds"),
    summarized=(),
    histograms=(),
    mark="process_start_time_seconds",
)

T = TypeVar("T")


@dataclass(frozen=True)
class Read:
    """What was read of one window: when by our clock, until when by the server's, and the runs."""

    read_at: datetime
    until: datetime
    seen: frozenset[tuple[UUID, datetime | None]]
    uncounted_until: datetime | None = None
    """Of what happened before there was too much to read it all: it is not the next one's."""

    def since(self, overlap: timedelta) -> datetime:
        """From when on the next window is read, that moment included."""
        if self.uncounted_until is not None:
            return self.uncounted_until + timedelta(microseconds=1)
        return self.until - overlap


@dataclass(frozen=True)
class Memory:
    """What a scrape must know of the one before; kept only when the records were made."""

    started: Read | None = None
    ended: Read | None = None
    metrics: MetricsScrape | None = None
    process_start_s: float | None = None
    restarts: int = 0
    totals: Totals = field(default_factory=Totals)


class Scraper:
    """Reads one API; remembers the version between scrapes."""

    def __init__(
        self,
        config: PrefectConfig,
        api: HttpApi,
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._api = api
        self._clock = clock
        self._version: tuple[str, datetime] | None = None

    async def scrape(self, now: datetime, memory: Memory) -> tuple[Snapshot, Memory]:
        """Read what can be read; raise `CollectorError` when it is nothing."""
        begun = self._clock()
        self._api.begin(now)
        healthy, health_ms = await self._timed("health", "health", bool)
        if isinstance(healthy, Missing) and self._api.log.failures[-1].code != "not_found":
            raise verdict(self._api.log.failures, ERRORS)
        _, ready_ms = await self._timed("ready", "ready", Any)
        version = await self._read_version(now)
        pools = await self._pages("work_pools", "work_pools/filter", list[WorkPool])
        queues = await self._pages("work_queues", "work_queues/filter", list[WorkQueue])
        workers = await self._workers(pools)
        limits = await self._pages(
            "concurrency_limits", "v2/concurrency_limits/filter", list[Limit], optional=True
        )
        at = self._api.server_now()
        live = await self._listed("running runs", {"type": {"any_": LIVE}}, "ID_DESC")
        paused = await self._count("paused runs", {"state": {"type": {"any_": ["PAUSED"]}}})
        waiting = await self._waiting(at)
        started, read_started = await self._window(
            "started", "START_TIME_DESC", now, memory.started
        )
        ended, read_ended = await self._window("ended", "END_TIME_DESC", now, memory.ended)
        self._api.require_more_than(PROBES)
        histories = await self._histories(started)
        metrics = await self._metrics(now)
        after = self._remember(memory, metrics, ended)
        snapshot = Snapshot(
            now=now,
            at=at,
            healthy=healthy,
            health_ms=health_ms,
            ready_ms=ready_ms,
            version=version,
            pools=pools,
            queues=queues,
            workers=workers,
            limits=limits,
            waiting=waiting,
            live=live,
            paused=paused,
            started=started,
            ended=ended,
            histories=histories,
            metrics=metrics,
            gains=over(lambda scraped: increase(memory.metrics, scraped), metrics),
            restarts=after.restarts,
            totals=after.totals,
            log=self._api.log,
            took_ms=(self._clock() - begun) * 1000,
        )
        return snapshot, replace(after, started=read_started, ended=read_ended)

    async def _timed(
        self, call: str, path: str, into: type[T]
    ) -> tuple[T | Missing, float | Missing]:
        asked = self._clock()
        answer = await self._api.get(call, path, into, optional=True)
        took_ms = (self._clock() - asked) * 1000
        return answer, over(lambda _: took_ms, answer)

    async def _read_version(self, now: datetime) -> str | Missing:
        if self._config.cloud:
            return NO_CLOUD_VERSION
        if self._version is not None and now < self._version[1]:
            return self._version[0]
        found = await self._api.get("version", "admin/version", str, optional=True)
        if not isinstance(found, Missing):
            self._version = (found, now + timedelta(seconds=self._config.facts_interval_s))
        return found

    async def _workers(
        self, pools: Sequence[WorkPool] | Missing
    ) -> Mapping[str, Sequence[Worker] | Missing]:
        found: dict[str, Sequence[Worker] | Missing] = {}
        for number, pool in enumerate(known_or(pools, ())):
            if number >= self._config.max_pools:
                found[pool.name] = Missing(f"more than max_pools={self._config.max_pools} pools")
                continue
            path = f"work_pools/{quote(pool.name, safe='')}/workers/filter"
            found[pool.name] = await self._pages("workers", path, list[Worker], subject=pool.name)
        return found

    async def _waiting(self, at: datetime) -> Listed | Missing:
        """Scheduled runs whose time has come. One that was put off by a limit keeps its time."""
        return await self._listed(
            "waiting runs",
            {"type": {"any_": ["SCHEDULED"]}},
            "EXPECTED_START_TIME_ASC",
            {"expected_start_time": {"before_": at.isoformat()}},
        )

    async def _listed(
        self, call: str, state: Mapping[str, Any], sort: str, more: Mapping[str, Any] | None = None
    ) -> Listed | Missing:
        chosen = {"state": state, **(more or {})}
        runs: list[FlowRun] = []
        for page in range(self._config.live_pages):
            body = {"flow_runs": chosen, "sort": sort, "limit": PAGE, "offset": page * PAGE}
            rows = await self._api.post(call, "flow_runs/filter", list[FlowRun], body)
            if isinstance(rows, Missing):
                return rows
            runs += rows
            if len(rows) < PAGE:
                return Listed(runs, len(runs))
        return over(
            lambda count: Listed(runs, max(count, len(runs))), await self._count(call, chosen)
        )

    async def _count(self, call: str, chosen: Mapping[str, Any]) -> int | Missing:
        return await self._api.post(call, "flow_runs/count", int, {"flow_runs": chosen})

    async def _window(
        self, what: str, sort: str, now: datetime, before: Read | None
    ) -> tuple[Window | Missing, Read | None]:
        """Runs that started or ended since the window before, read with an overlap.

        Pages are newest first: a run that comes in between shifts what is known already.
        """
        at = self._api.server_now()
        field_name = "start_time" if what == "started" else "end_time"
        overlap = timedelta(seconds=self._config.overlap_s)
        since = before.since(overlap) if before else at - overlap
        chosen = {field_name: {"after_": since.isoformat()}}
        rows: dict[tuple[UUID, datetime | None], FlowRun] = {}
        for page in range(self._config.window_pages):
            body = {"flow_runs": chosen, "sort": sort, "limit": PAGE, "offset": page * PAGE}
            found = await self._api.post(f"{what} runs", "flow_runs/filter", list[FlowRun], body)
            if isinstance(found, Missing):
                return found, before
            rows.update({(run.id, getattr(run, field_name)): run for run in found})
            if len(found) < PAGE:
                break
        else:
            most = self._config.window_pages * PAGE
            missing = Missing(f"more than {most} runs {what} (window_pages)")
            return missing, Read(now, at, frozenset(rows), uncounted_until=at)
        read = Read(now, at, frozenset(rows))
        if before is None:
            return FIRST, read
        new = [run for key, run in rows.items() if key not in before.seen]
        seconds = (now - before.read_at).total_seconds()
        return (Window(new, seconds) if seconds > 0 else CLOCK_WENT_BACK), read

    async def _histories(self, started: Window | Missing) -> Mapping[UUID, Sequence[State]]:
        runs = [] if isinstance(started, Missing) else started.runs
        placed = [run for run in runs if run.run_count > 0 and run.deployment_id is not None]
        histories = {}
        for run in placed[: self._config.decision_samples]:
            states = await self._api.get(
                "flow_run_states",
                "flow_run_states/",
                list[State],
                {"flow_run_id": str(run.id)},
                subject=str(run.id),
            )
            if not isinstance(states, Missing):
                histories[run.id] = states
        return histories

    async def _metrics(self, now: datetime) -> MetricsScrape | Missing:
        if self._config.cloud:
            return NO_CLOUD_METRICS
        if not self._config.metrics:
            return NO_METRICS
        found = await self._api.exposition("metrics", "metrics", SERVER, optional=True)
        return over(lambda each: MetricsScrape(now.timestamp(), {"server": each}), found)

    async def _pages(
        self, call: str, path: str, into: type[list[T]], subject: str = "", optional: bool = False
    ) -> Sequence[T] | Missing:
        rows: list[T] = []
        while True:
            body = {"limit": PAGE, "offset": len(rows)}
            page = await self._api.post(call, path, into, body, subject=subject, optional=optional)
            if isinstance(page, Missing):
                return page
            rows += page
            if len(page) < PAGE:
                return rows

    def _remember(
        self, memory: Memory, metrics: MetricsScrape | Missing, ended: Window | Missing
    ) -> Memory:
        start = over(lambda scraped: scraped.sum_of("process_start_time_seconds"), metrics)
        start_s = memory.process_start_s if isinstance(start, Missing) else start
        again = memory.process_start_s is not None and start_s != memory.process_start_s
        return replace(
            memory,
            metrics=known_or(metrics, None),
            process_start_s=start_s,
            restarts=memory.restarts + again,
            totals=_added(memory.totals, [] if isinstance(ended, Missing) else ended.runs),
        )


def _added(totals: Totals, runs: Sequence[FlowRun]) -> Totals:
    after = Totals(dict(totals.completed), dict(totals.failed))
    for run in runs:
        if run.worker is None or run.work_pool_name is None:
            continue
        counted = {"COMPLETED": after.completed}.get(run.state_type or "")
        if run.state_type in FAILED:
            counted = after.failed
        if counted is not None:
            key = (run.work_pool_name, run.worker)
            counted[key] = counted.get(key, 0) + 1
    return after
