"""One pass over an Airflow: which calls are made, in which order, one at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agents.airflow.config import AirflowConfig
from agents.airflow.dialect import DIALECTS, Dialect
from agents.airflow.memory import (
    ENDED,
    RUN_ENDED,
    WAITING,
    Memory,
    added,
    distinct,
    end_of,
    lost,
    run_end_of,
    run_start_of,
    schedulers,
    start_of,
)
from agents.airflow.snapshot import (
    Edge,
    Facts,
    Live,
    PoolSample,
    RunWindow,
    Snapshot,
    Window,
)
from agents.airflow.windows import PAGE, Mark, overlap, pages
from agents.airflow.wire import (
    Counted,
    DagRun,
    DagRuns,
    EdgeJobs,
    EdgeWorkers,
    Health,
    Job,
    Jobs,
    Pool,
    Pools,
    TaskInstance,
    TaskInstances,
    Version,
)
from agents.calls import verdict
from agents.http_api import ERRORS, HttpApi
from agents.missing import FIRST, Missing, combine, known_or

__all__ = ["Scraper"]

PROBES = frozenset({"version", "health"})
LIVE = (*WAITING, "running", "restarting", "deferred")
RUNNING_JOBS = [("job_state", "running"), ("order_by", "-latest_heartbeat"), ("limit", str(PAGE))]
"""Of all jobs there ever were the server cuts a page first, and looks which live then."""

POOLS_KEPT = timedelta(hours=1)
NO_JOBS = Missing("the API of Airflow 2 does not list schedulers")
NO_EDGE = Missing("the Edge executor is not used (executor, edge)")
NO_EDGE_LIST = Missing("Airflow 2 does not list the workers of the Edge executor")
CURSORS_SINCE = (3, 3)


@dataclass(frozen=True)
class _Here:
    """Of one scrape: our time, the server's, and what it speaks."""

    now: datetime
    at: datetime
    dialect: Dialect
    version: str

    def page(self, offset: int, cursor: str | None) -> list[tuple[str, str]]:
        """By cursor where there are any: offsets shift when rows leave the window."""
        if _numbers(self.version) >= CURSORS_SINCE:
            return [("limit", str(PAGE)), ("cursor", cursor or "")]
        return [("limit", str(PAGE)), ("offset", str(offset))]


class Scraper:
    """Reads one Airflow; remembers which API it speaks, and counts that are seldom made."""

    def __init__(self, config: AirflowConfig, api: HttpApi, clock: Callable[[], float]) -> None:
        self._config = config
        self._api = api
        self._clock = clock
        self._dialect: Dialect | None = None
        self._facts: Facts | None = None

    async def scrape(self, now: datetime, memory: Memory) -> tuple[Snapshot, Memory]:
        """Read what can be read; raise `CollectorError` when it is nothing."""
        begun = self._clock()
        self._api.begin(now)
        dialect, version, version_ms = await self._recognize()
        health = await self._api.get("health", dialect.health, Health)
        at = self._api.server_now()
        pools = await self._pools(dialect)
        unended = await self._jobs("schedulers", dialect, ("job_type", "SchedulerJob"))
        jobs = await self._jobs("jobs", dialect, ("is_alive", "true"))
        edge = await self._edge(dialect)
        queued = await self._count("queued runs", dialect.dag_runs, [("state", "queued")])
        running = await self._count("running runs", dialect.dag_runs, [("state", "running")])
        live = await self._live(dialect)
        after = self._sampled(memory, at, pools)
        here = _Here(now, at, dialect, version)
        window, after = await self._window(here, live, after)
        runs, after = await self._run_window(here, after)
        facts = await self._read_facts(dialect, now)
        self._api.require_more_than(PROBES)
        joined, left, after = schedulers(jobs, after)
        snapshot = Snapshot(
            now=now,
            at=at,
            dialect=dialect.name,
            version=version,
            version_ms=version_ms,
            health=health,
            pools=pools,
            jobs=jobs,
            lost=combine(lambda all_, alive: lost(all_, alive, at), unended, jobs),
            edge=edge,
            queued_runs=queued,
            running_runs=running,
            live=live,
            window=window,
            runs=runs,
            facts=facts,
            pool_samples=after.pool_samples,
            joined=joined,
            left=left,
            restarts=after.restarts,
            totals=after.totals,
            log=self._api.log,
            took_ms=(self._clock() - begun) * 1000,
        )
        return snapshot, after

    async def _recognize(self) -> tuple[Dialect, str, float]:
        """The dialect by its version call. What was known is asked first: servers are upgraded."""
        known = [self._dialect] if self._dialect else []
        for dialect in [*known, *(each for each in DIALECTS if each is not self._dialect)]:
            begun = self._clock()
            path = f"{dialect.base}/version"
            found = await self._api.get("version", path, Version, subject=dialect.name)
            if not isinstance(found, Missing):
                self._dialect = dialect
                self._forget_other_dialects()
                return dialect, found.version, (self._clock() - begun) * 1000
            if self._api.log.failures[-1].code not in ("not_found", "bad_response"):
                break
        failures = self._api.log.failures
        decisive = [each for each in failures if each.code != "not_found"] or failures
        raise verdict(decisive, ERRORS)

    def _forget_other_dialects(self) -> None:
        """That the other version is not there is no failure."""
        log = self._api.log
        log.failures[:] = [each for each in log.failures if each.source != "version"]

    async def _pools(self, dialect: Dialect) -> Sequence[Pool] | Missing:
        async def ask(offset: int, _: str | None) -> tuple[Sequence[Pool], None] | Missing:
            page = [("limit", str(PAGE)), ("offset", str(offset))]
            answer = await self._api.get("pools", f"{dialect.base}/pools", Pools, page)
            return answer if isinstance(answer, Missing) else (answer.pools, None)

        return await pages(ask, self._config.window_pages, "pools")

    async def _jobs(
        self, call: str, dialect: Dialect, which: tuple[str, str]
    ) -> Sequence[Job] | Missing:
        """Jobs that did not say that they ended: all of a kind, or those that live."""
        if not dialect.jobs:
            return NO_JOBS
        chosen = [which, *RUNNING_JOBS]
        answer = await self._api.get(call, f"{dialect.base}/jobs", Jobs, chosen)
        return answer if isinstance(answer, Missing) else answer.jobs

    async def _edge(self, dialect: Dialect) -> Edge | Missing:
        if not self._config.reads_edge:
            return NO_EDGE
        if not dialect.jobs:
            return NO_EDGE_LIST
        workers = await self._api.get("edge workers", "edge_worker/ui/worker", EdgeWorkers)
        jobs = await self._api.get(
            "edge jobs", "edge_worker/ui/jobs", EdgeJobs, [("state", "running")]
        )
        return combine(
            lambda found, given: Edge(
                found.workers, [each for each in given.jobs if each.state == "running"]
            ),
            workers,
            jobs,
        )

    async def _count(
        self, call: str, path: str, chosen: list[tuple[str, str]], limit: int = 0
    ) -> int | Missing:
        answer = await self._api.get(call, path, Counted, [*chosen, ("limit", str(limit))])
        return answer if isinstance(answer, Missing) else answer.total_entries

    async def _live(self, dialect: Dialect) -> Live | Missing:
        """Rows while there are few, else counts by state as well."""
        rows: list[TaskInstance] = []
        states = [("state", state) for state in LIVE]
        for number in range(self._config.live_pages):
            page = [*states, ("limit", str(PAGE)), ("offset", str(number * PAGE))]
            answer = await self._api.get("live tasks", dialect.task_instances, TaskInstances, page)
            if isinstance(answer, Missing):
                return answer
            rows += answer.task_instances
            if len(answer.task_instances) < PAGE:
                return Live(rows, _counts(rows))
        return await self._live_counts(dialect, rows)

    async def _live_counts(self, dialect: Dialect, rows: Sequence[TaskInstance]) -> Live | Missing:
        counts = {}
        for state in LIVE:
            found = await self._count("live tasks", dialect.task_instances, [("state", state)])
            if isinstance(found, Missing):
                return found
            counts[state] = found
        return Live(rows, counts)

    async def _window(
        self, here: _Here, live: Live | Missing, memory: Memory
    ) -> tuple[Window | Missing, Memory]:
        since = overlap(memory.tasks, here.at, self._config.overlap_s)
        mark = Mark(here.now, here.at)
        changed = await self._changed_tasks(here, since)
        if isinstance(changed, Missing):
            return changed, replace(memory, tasks=mark) if _too_many(changed) else memory
        if isinstance(live, Missing):
            return live, memory
        rows = [*changed, *live.rows]
        horizon = since - timedelta(seconds=self._config.overlap_s)
        started = distinct(memory.started.new(rows, start_of, since))
        ended = distinct(memory.ended.new(changed, end_of, since))
        after = replace(
            memory,
            tasks=mark,
            started=memory.started.with_(rows, start_of, horizon),
            ended=memory.ended.with_(changed, end_of, horizon),
        )
        if memory.tasks is None:
            return FIRST, after
        seconds = memory.tasks.seconds(here.now)
        if isinstance(seconds, Missing):
            return seconds, after
        return Window(started, ended, seconds), replace(after, totals=added(after.totals, ended))

    async def _changed_tasks(self, here: _Here, since: datetime) -> list[TaskInstance] | Missing:
        due = here.at - timedelta(seconds=self._config.lookback_s)
        chosen = here.dialect.changed(since, due, iter(ENDED))

        async def ask(
            offset: int, cursor: str | None
        ) -> tuple[Sequence[TaskInstance], str | None] | Missing:
            answer = await self._api.get(
                "changed tasks",
                here.dialect.task_instances,
                TaskInstances,
                [*chosen, *here.page(offset, cursor)],
            )
            if isinstance(answer, Missing):
                return answer
            return answer.task_instances, answer.next_cursor

        return await pages(ask, self._config.window_pages, "task instances")

    async def _run_window(self, here: _Here, memory: Memory) -> tuple[RunWindow | Missing, Memory]:
        since = overlap(memory.runs, here.at, self._config.overlap_s)
        mark = Mark(here.now, here.at)
        due = here.at - timedelta(seconds=self._config.lookback_s)
        chosen = here.dialect.changed(since, due, iter(("running", *RUN_ENDED)))

        async def ask(
            offset: int, cursor: str | None
        ) -> tuple[Sequence[DagRun], str | None] | Missing:
            page = [*chosen, *here.page(offset, cursor)]
            answer = await self._api.get("changed runs", here.dialect.dag_runs, DagRuns, page)
            return answer if isinstance(answer, Missing) else (answer.dag_runs, answer.next_cursor)

        rows = await pages(ask, self._config.window_pages, "DAG runs")
        if isinstance(rows, Missing):
            return rows, replace(memory, runs=mark) if _too_many(rows) else memory
        horizon = since - timedelta(seconds=self._config.overlap_s)
        started = memory.runs_started.new(rows, run_start_of, since)
        ended = memory.runs_ended.new(rows, run_end_of, since)
        after = replace(
            memory,
            runs=mark,
            runs_started=memory.runs_started.with_(rows, run_start_of, horizon),
            runs_ended=memory.runs_ended.with_(rows, run_end_of, horizon),
        )
        if memory.runs is None:
            return FIRST, after
        seconds = memory.runs.seconds(here.now)
        if isinstance(seconds, Missing):
            return seconds, after
        return RunWindow(started, ended, seconds), after

    async def _read_facts(self, dialect: Dialect, now: datetime) -> Facts:
        if self._facts is not None and now < self._facts.until:
            return self._facts
        base = dialect.base
        facts = Facts(
            now + timedelta(seconds=self._config.facts_interval_s),
            await self._count("import errors", f"{base}/importErrors", []),
            # For DAGs 2.x takes no rows to mean as many as there may be.
            await self._count("dags", f"{base}/dags", [], 1),
            await self._count("active dags", f"{base}/dags", [("paused", "false")], 1),
        )
        counts = (facts.import_errors, facts.dags, facts.active_dags)
        known = not any(isinstance(each, Missing) for each in counts)
        self._facts = facts if known else None
        return facts

    def _sampled(self, memory: Memory, at: datetime, found: Sequence[Pool] | Missing) -> Memory:
        full = frozenset(pool.name for pool in known_or(found, ()) if pool.open_slots == 0)
        kept = tuple(each for each in memory.pool_samples if each.at > at - POOLS_KEPT)
        sample = () if isinstance(found, Missing) else (PoolSample(at, full),)
        return replace(memory, pool_samples=(*kept, *sample))


def _numbers(version: str) -> tuple[int, int]:
    """Major and minor version; (0, 0) of one that cannot be read."""
    major, minor = (*version.split("."), "0", "0")[:2]
    return (int(major), int(minor)) if (major + minor).isdecimal() else (0, 0)


def _too_many(why: Missing) -> bool:
    """Too much to read is left behind; what a failed call missed is read by the next scrape."""
    return "window_pages" in why.reason


def _counts(rows: Sequence[TaskInstance]) -> dict[str, int]:
    counts = dict.fromkeys(LIVE, 0)
    for row in rows:
        counts[row.state or ""] = counts.get(row.state or "", 0) + 1
    return counts
