"""One pass over an Airflow: which calls are made, in which order, one at a time."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agents.airflow.config import AirflowConfig
from agents.airflow.dialect import DIALECTS, Dialect
from agents.airflow.snapshot import (
    Facts,
    Live,
    PoolSample,
    RunWindow,
    Snapshot,
    Totals,
    Window,
)
from agents.airflow.windows import PAGE, Mark, Seen, overlap, pages
from agents.airflow.wire import (
    Counted,
    DagRun,
    DagRuns,
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
from agents.missing import FIRST, Missing, known_or

__all__ = ["Memory", "Scraper"]

PROBES = frozenset({"version", "health"})
WAITING = ("scheduled", "queued")
LIVE = (*WAITING, "running", "restarting", "deferred")
ENDED = ("success", "failed", "up_for_retry", "upstream_failed", "skipped")
FAILED = ("failed", "up_for_retry")
RUN_ENDED = ("success", "failed")
POOLS_KEPT = timedelta(hours=1)
NO_JOBS = Missing("the API of Airflow 2 does not list schedulers")
CURSORS_SINCE = (3, 3)


@dataclass(frozen=True)
class Memory:
    """What a scrape must know of the one before; kept only when the records were made."""

    tasks: Mark | None = None
    started: Seen[TaskInstance] = field(default_factory=Seen)
    ended: Seen[TaskInstance] = field(default_factory=Seen)
    runs: Mark | None = None
    runs_started: Seen[DagRun] = field(default_factory=Seen)
    runs_ended: Seen[DagRun] = field(default_factory=Seen)
    pool_samples: tuple[PoolSample, ...] = ()
    schedulers: tuple[Job, ...] | None = None
    restarts: int = 0
    totals: Totals = field(default_factory=Totals)


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
        jobs = await self._jobs(dialect)
        queued = await self._count("queued runs", dialect.dag_runs, [("state", "queued")])
        running = await self._count("running runs", dialect.dag_runs, [("state", "running")])
        live = await self._live(dialect)
        after = self._sampled(memory, at, pools)
        here = _Here(now, at, dialect, version)
        window, after = await self._window(here, live, after)
        runs, after = await self._run_window(here, after)
        facts = await self._read_facts(dialect, now)
        self._api.require_more_than(PROBES)
        joined, left, after = _schedulers(jobs, after)
        snapshot = Snapshot(
            now=now,
            at=at,
            dialect=dialect.name,
            version=version,
            version_ms=version_ms,
            health=health,
            pools=pools,
            jobs=jobs,
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

    async def _jobs(self, dialect: Dialect) -> Sequence[Job] | Missing:
        if not dialect.jobs:
            return NO_JOBS
        alive = [("is_alive", "true"), ("limit", str(PAGE))]
        answer = await self._api.get("jobs", f"{dialect.base}/jobs", Jobs, alive)
        return answer if isinstance(answer, Missing) else answer.jobs

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
        started = _distinct(memory.started.new(rows, _start, since))
        ended = _distinct(memory.ended.new(changed, _end, since))
        after = replace(
            memory,
            tasks=mark,
            started=memory.started.with_(rows, _start, horizon),
            ended=memory.ended.with_(changed, _end, horizon),
        )
        if memory.tasks is None:
            return FIRST, after
        seconds = memory.tasks.seconds(here.now)
        if isinstance(seconds, Missing):
            return seconds, after
        return Window(started, ended, seconds), replace(after, totals=_added(after.totals, ended))

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
        started = memory.runs_started.new(rows, _run_start, since)
        ended = memory.runs_ended.new(rows, _run_end, since)
        after = replace(
            memory,
            runs=mark,
            runs_started=memory.runs_started.with_(rows, _run_start, horizon),
            runs_ended=memory.runs_ended.with_(rows, _run_end, horizon),
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


def _distinct(rows: Sequence[TaskInstance]) -> list[TaskInstance]:
    """A try that ended while it was looked at is among the running and the ended."""
    return list({row.key: row for row in reversed(rows)}.values())[::-1]


def _start(row: TaskInstance) -> tuple[Hashable, datetime] | None:
    """A try that never was queued did not start: it was skipped or failed with its upstream.

    One that waits again has the start of the try before.
    """
    if row.state in WAITING or row.start_date is None or row.queued_when is None:
        return None
    return row.key, row.start_date


def _end(row: TaskInstance) -> tuple[Hashable, datetime] | None:
    if row.state not in ENDED or row.end_date is None:
        return None
    return (*row.key, row.state), row.end_date


def _run_start(row: DagRun) -> tuple[Hashable, datetime] | None:
    return None if row.start_date is None else ((row.dag_id, row.dag_run_id), row.start_date)


def _run_end(row: DagRun) -> tuple[Hashable, datetime] | None:
    if row.state not in RUN_ENDED or row.end_date is None:
        return None
    return (row.dag_id, row.dag_run_id, row.end_date), row.end_date


def _schedulers(
    jobs: Sequence[Job] | Missing, memory: Memory
) -> tuple[Sequence[Job], Sequence[Job], Memory]:
    if isinstance(jobs, Missing):
        return (), (), memory
    alive = tuple(job for job in jobs if job.job_type == "SchedulerJob")
    if memory.schedulers is None:
        return (), (), replace(memory, schedulers=alive)
    before = {job.id: job for job in memory.schedulers}
    now = {job.id: job for job in alive}
    joined = [now[each] for each in sorted(now.keys() - before.keys())]
    left = [before[each] for each in sorted(before.keys() - now.keys())]
    restarts = memory.restarts + len(joined)
    return joined, left, replace(memory, schedulers=alive, restarts=restarts)


def _added(totals: Totals, ended: Sequence[TaskInstance]) -> Totals:
    after = Totals(dict(totals.completed), dict(totals.failed))
    for row in ended:
        if not row.hostname:
            continue
        if row.state == "success":
            after.completed[row.hostname] = after.completed.get(row.hostname, 0) + 1
        elif row.state in FAILED:
            after.failed[row.hostname] = after.failed.get(row.hostname, 0) + 1
    return after
