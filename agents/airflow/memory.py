"""What a scrape must know of the one before, and what is new since."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agents.airflow.snapshot import PoolSample, Totals
from agents.airflow.windows import Mark, Seen
from agents.airflow.wire import DagRun, Job, TaskInstance
from agents.missing import Missing

__all__ = [
    "ENDED",
    "RUN_ENDED",
    "WAITING",
    "Memory",
    "added",
    "distinct",
    "end_of",
    "lost",
    "run_end_of",
    "run_start_of",
    "schedulers",
    "start_of",
]

WAITING = ("scheduled", "queued")
ENDED = ("success", "failed", "up_for_retry", "upstream_failed", "skipped")
FAILED = ("failed", "up_for_retry")
RUN_ENDED = ("success", "failed")
SILENT_FOR = timedelta(seconds=10)
"""A scheduler that is heard of every 5 s has just ended, and is not lost, before this."""

HOSTS_KEPT = 1000
"""Each task of the Kubernetes executor has a host of its own."""


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


def distinct(rows: Sequence[TaskInstance]) -> list[TaskInstance]:
    """A try that ended while it was looked at is among the running and the ended."""
    return list({row.key: row for row in reversed(rows)}.values())[::-1]


def start_of(row: TaskInstance) -> tuple[Hashable, datetime] | None:
    """A try that never was queued did not start: it was skipped or failed with its upstream.

    One that waits again has the start of the try before.
    """
    if row.state in WAITING or row.start_date is None or row.queued_when is None:
        return None
    return row.key, row.start_date


def end_of(row: TaskInstance) -> tuple[Hashable, datetime] | None:
    if row.state not in ENDED or row.end_date is None:
        return None
    return (*row.key, row.state), row.end_date


def run_start_of(row: DagRun) -> tuple[Hashable, datetime] | None:
    return None if row.start_date is None else ((row.dag_id, row.dag_run_id), row.start_date)


def run_end_of(row: DagRun) -> tuple[Hashable, datetime] | None:
    if row.state not in RUN_ENDED or row.end_date is None:
        return None
    return (row.dag_id, row.dag_run_id, row.end_date), row.end_date


def schedulers(
    jobs: Sequence[Job] | Missing, memory: Memory
) -> tuple[Sequence[Job], Sequence[Job], Memory]:
    """Those that came, those that went, and what the next scrape must know."""
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


def lost(unended: Sequence[Job], alive: Sequence[Job], at: datetime) -> Sequence[Job]:
    """Those that neither ended nor are heard of."""
    live = {job.id for job in alive}
    return [
        job
        for job in unended
        if job.id not in live
        and job.latest_heartbeat is not None
        and job.latest_heartbeat < at - SILENT_FOR
    ]


def added(totals: Totals, ended: Sequence[TaskInstance]) -> Totals:
    """The totals with these tries."""
    return Totals(
        _counted(totals.completed, [row for row in ended if row.state == "success"]),
        _counted(totals.failed, [row for row in ended if row.state in FAILED]),
    )


def _counted(before: Mapping[str, int], rows: Sequence[TaskInstance]) -> dict[str, int]:
    """By host; those on which nothing ended for longest are forgotten."""
    after = dict(before)
    for row in rows:
        if row.hostname:
            after[row.hostname] = after.pop(row.hostname, 0) + 1
    return dict(list(after.items())[-HOSTS_KEPT:])
