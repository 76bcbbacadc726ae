"""Values that several parts of the records share, each computed in one place from a snapshot."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import fmean

from agents.airflow.config import AirflowConfig, Executor
from agents.airflow.snapshot import Snapshot
from agents.airflow.wire import DagRun, Job, Pool, TaskInstance
from agents.missing import Missing, combine, known_or, over, share
from agents.waits import Waits

__all__ = ["WAITING", "Figures", "error_rate", "mean_duration_ms"]

WAITING = ("scheduled", "queued")
IN_FLIGHT = ("running", "restarting", "deferred")
ENDED_BADLY = ("failed", "up_for_retry")
KINDS: tuple[Executor, ...] = ("local", "celery", "kubernetes", "edge")
NOTHING_STARTED = "no task was started in the interval"
NOTHING_ENDED = "no task ended in the interval"
TOO_MANY = "too many tasks to list (live_pages), they are only counted"
NO_SCHEDULED_WHEN = Missing("Airflow 2 does not tell when a task could have run")
CLOCKS_DIFFER = timedelta(seconds=2)
NOTICED = timedelta(seconds=5)
"""Judgement: between two looks at the pools a shorter wait may be the scheduler's own."""


@dataclass(frozen=True)
class Figures:
    """A snapshot and what follows from it."""

    snapshot: Snapshot
    config: AirflowConfig

    def live_in(self, *states: str) -> int | Missing:
        """Task instances in these states, all of them."""
        return over(
            lambda live: sum(live.counts.get(state, 0) for state in states), self.snapshot.live
        )

    @cached_property
    def backlog(self) -> int | Missing:
        """Tasks that could run: those that wait for a pool's slot are scheduled, not queued."""
        return self.live_in(*WAITING)

    @cached_property
    def in_flight(self) -> int | Missing:
        return self.live_in(*IN_FLIGHT)

    @cached_property
    def rows(self) -> Sequence[TaskInstance] | Missing:
        """All that wait or run, row by row."""
        return over(lambda live: live.rows if live.whole else Missing(TOO_MANY), self.snapshot.live)

    @cached_property
    def waiting(self) -> Sequence[TaskInstance] | Missing:
        return over(lambda rows: [row for row in rows if row.state in WAITING], self.rows)

    @cached_property
    def running(self) -> Sequence[TaskInstance] | Missing:
        return over(lambda rows: [row for row in rows if row.state == "running"], self.rows)

    def kind_named(self, executor: str | None) -> Executor:
        """Of an executor's name, which tells it; none is the default."""
        if executor is None:
            return self.config.executor
        return next((kind for kind in KINDS if kind in executor.lower()), "other")

    def kind_of(self, row: TaskInstance) -> Executor:
        """Of the executor of a task."""
        return self.kind_named(row.executor)

    @cached_property
    def listed_kinds(self) -> frozenset[Executor]:
        """Executors whose workers Airflow lists: other workers are only seen with a task."""
        schedulers: set[Executor] = set() if isinstance(self.schedulers, Missing) else {"local"}
        asked = self.config.reads_edge and self.snapshot.dialect == "v2"
        edge: set[Executor] = {"edge"} if asked else set()
        return frozenset(schedulers | edge)

    @cached_property
    def kinds(self) -> frozenset[Executor]:
        """Executors in use: the default, and those of tasks that run or ended."""
        rows = (*known_or(self.running, ()), *known_or(self.ended, ()))
        more: set[Executor] = {"edge"} if self.config.edge else set()
        return frozenset({self.config.executor} | {self.kind_of(row) for row in rows} | more)

    def of_kind(
        self, kind: Executor, rows: Sequence[TaskInstance] | Missing
    ) -> Sequence[TaskInstance] | Missing:
        """Those of one executor."""
        return over(lambda found: [row for row in found if self.kind_of(row) == kind], rows)

    @cached_property
    def finite_pools(self) -> Sequence[Pool] | Missing:
        return over(lambda pools: [pool for pool in pools if pool.slots >= 0], self.snapshot.pools)

    @cached_property
    def pool_slots(self) -> int | Missing:
        return over(lambda pools: sum(pool.slots for pool in pools), self.finite_pools)

    @cached_property
    def executor_slots(self) -> int | Missing:
        """`parallelism` of every scheduler that lives; of one, where they cannot be listed."""
        each = self.config.parallelism
        if each is None:
            return Missing("parallelism is not set, and the API does not tell it")
        schedulers = over(len, self.schedulers)
        return each * max(1, known_or(schedulers, 1))

    @cached_property
    def total_slots(self) -> int | Missing:
        return combine(min, self.pool_slots, known_or(self.executor_slots, self.pool_slots))

    @cached_property
    def used_slots(self) -> int | Missing:
        return over(
            lambda pools: sum(max(0, pool.occupied_slots) for pool in pools), self.finite_pools
        )

    @cached_property
    def schedulers(self) -> Sequence[Job] | Missing:
        return self.jobs_of("SchedulerJob")

    def jobs_of(self, kind: str) -> Sequence[Job] | Missing:
        """Jobs of one kind that live."""
        return over(lambda jobs: [job for job in jobs if job.job_type == kind], self.snapshot.jobs)

    @cached_property
    def started(self) -> Sequence[TaskInstance] | Missing:
        return over(lambda window: window.started, self.snapshot.window)

    @cached_property
    def ended(self) -> Sequence[TaskInstance] | Missing:
        return over(lambda window: window.ended, self.snapshot.window)

    def rate(self, rows: Sequence[TaskInstance] | Missing) -> float | Missing:
        """So many a second of the interval."""
        return combine(
            lambda found, window: len(found) / window.seconds, rows, self.snapshot.window
        )

    @cached_property
    def start_rate(self) -> float | Missing:
        return self.rate(self.started)

    @cached_property
    def waits(self) -> Waits | Missing:
        """From ready to run until it ran, of the tries that started."""
        return over(lambda rows: _waits(rows, "ready_at", "start_date"), self.started)

    @cached_property
    def scheduler_waits(self) -> Waits | Missing:
        """From ready until handed to the executor, of those that no pool held back."""
        return self._until_queued(blocked=False)

    @cached_property
    def pool_waits(self) -> Waits | Missing:
        """The same of those that a full pool held back."""
        return self._until_queued(blocked=True)

    @cached_property
    def executor_waits(self) -> Waits | Missing:
        """From handed to the executor until it ran."""
        return over(lambda rows: _waits(rows, "queued_when", "start_date"), self.started)

    @cached_property
    def run_delays(self) -> Waits | Missing:
        """From when a run was due until it was begun."""

        def delays(runs: Sequence[DagRun]) -> Waits:
            due = [(run.run_after or run.data_interval_end, run.start_date) for run in runs]
            samples = [_ms(since, begun) for since, begun in due if since and begun]
            return Waits(samples, "no run was begun in the interval")

        return over(lambda window: delays(window.started), self.snapshot.runs)

    def _until_queued(self, *, blocked: bool) -> Waits | Missing:
        if self.snapshot.dialect == "v1":
            return NO_SCHEDULED_WHEN
        return over(
            lambda rows: _waits(
                [row for row in rows if self.held_by_pool(row) is blocked],
                "scheduled_when",
                "queued_when",
            ),
            self.started,
        )

    def held_by_pool(self, row: TaskInstance) -> bool:
        """Its pool was seen full while it waited, or, for a longer wait, just before or after."""
        ready, queued = row.scheduled_when, row.queued_when
        if ready is None or queued is None:
            return False
        samples = self.snapshot.pool_samples
        during = [each for each in samples if ready <= each.at <= queued]
        if not during and queued - ready > NOTICED:
            before = [each for each in samples if each.at < ready][-1:]
            during = before + [each for each in samples if each.at > queued][:1]
        return any(row.pool in each.full for each in during)

    @cached_property
    def never_ran(self) -> int | Missing:
        """Tries that failed without having run: the executor lost or refused them."""
        return over(
            lambda rows: sum(row.state == "failed" and row.start_date is None for row in rows),
            self.ended,
        )

    @cached_property
    def retried(self) -> int | Missing:
        return over(lambda rows: sum(row.try_number > 1 for row in rows), self.started)

    def runs_ended(self, state: str) -> int | Missing:
        """DAG runs that ended in a state in the interval."""
        return over(
            lambda window: sum(run.state == state for run in window.ended), self.snapshot.runs
        )

    @cached_property
    def mean_run_ms(self) -> float | Missing:
        """Mean duration of the DAG runs that ended."""

        def mean(runs: Sequence[DagRun]) -> float | Missing:
            lasted = [
                _ms(run.start_date, run.end_date) for run in runs if run.start_date and run.end_date
            ]
            return fmean(lasted) if lasted else Missing("no DAG run ended in the interval")

        return over(lambda window: mean(window.ended), self.snapshot.runs)

    @cached_property
    def oldest(self) -> datetime | Missing:
        """Since when the task waits that waits longest."""
        return over(_oldest, self.waiting)

    @cached_property
    def longest_wait_ms(self) -> float | Missing:
        """Age of the task that waits longest; 0 when none waits."""
        if not isinstance(self.waiting, Missing) and not self.waiting:
            return 0.0
        return over(lambda since: _ms(since, self.snapshot.at), self.oldest)

    @cached_property
    def by_priority(self) -> Mapping[str, int] | Missing:
        def counted(rows: Sequence[TaskInstance]) -> Mapping[str, int]:
            weights = Counter(row.priority_weight for row in rows)
            return {str(weight or 0): count for weight, count in sorted(weights.items(), key=str)}

        return over(counted, self.waiting)

    @cached_property
    def contended_pools(self) -> Sequence[Pool] | Missing:
        """Full pools for which tasks wait."""
        return over(
            lambda pools: [
                pool for pool in pools if pool.open_slots == 0 and pool.scheduled_slots > 0
            ],
            self.snapshot.pools,
        )


def error_rate(rows: Sequence[TaskInstance]) -> float | Missing:
    """Tries that failed of those that ran to an end."""
    failed = sum(row.state in ENDED_BADLY for row in rows)
    return share(failed, failed + sum(row.state == "success" for row in rows), NOTHING_ENDED)


def mean_duration_ms(rows: Sequence[TaskInstance]) -> float | Missing:
    """Mean duration of the tries that ended."""
    lasted = [each for row in rows if (each := row.lasted_ms) is not None]
    return fmean(lasted) if lasted else Missing(NOTHING_ENDED)


def _waits(rows: Sequence[TaskInstance], begin: str, end: str) -> Waits:
    """One that was put off while it ran has a new time of being ready: that is no wait."""
    pairs = [(getattr(row, begin), getattr(row, end)) for row in rows]
    told = [(since, until) for since, until in pairs if since and until]
    forwards = [_ms(since, until) for since, until in told if until > since - CLOCKS_DIFFER]
    return Waits(forwards, NOTHING_STARTED)


def _oldest(rows: Sequence[TaskInstance]) -> datetime | Missing:
    times = [row.ready_at for row in rows if row.ready_at]
    return min(times) if times else Missing("no task waits whose time is told")


def _ms(since: datetime, until: datetime) -> float:
    """Clocks of workers may be behind: that is no wait."""
    return max(0.0, (until - since).total_seconds() * 1000)
