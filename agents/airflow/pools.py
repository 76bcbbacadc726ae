"""Worker pools, as far as Airflow tells of its workers: mostly only where something runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents.airflow.figures import Figures, error_rate, mean_duration_ms
from agents.airflow.queues import queue_of
from agents.airflow.wire import Job, TaskInstance
from agents.missing import Missing, combine, estimated, known_or, over, share
from agents.origin import Origin
from agents.pools import Pool, build_pool
from contracts.worker_pool import WorkerInstance, WorkerPoolMetrics, WorkerStatus

__all__ = ["NO_SCALING", "Hosts", "build_pools", "host_pools"]

NO_SCALING = "Airflow does not scale workers, and what does is not linked"
NOT_TOLD = "Airflow's API does not tell it"
UNSEEN = Missing("the API lists no workers: one without a task is not seen")
UNTOLD = {
    "hostname": NOT_TOLD,
    "current_task": "no task is seen running on it",
    "tasks_completed": "what ended is not known",
    "tasks_failed": "what ended is not known",
    "cpu_usage": NOT_TOLD,
    "memory_usage": NOT_TOLD,
    "disk_usage": NOT_TOLD,
    "network_usage": NOT_TOLD,
    "uptime": "the API does not tell when it started",
    "last_heartbeat": "it was not heard of",
    "used_slots": "what runs is not known",
    "total_slots": "the API does not tell its slots",
}


@dataclass(frozen=True)
class Hosts:
    """Hosts on which tasks of one kind run. `jobs`: of those that are listed, by host."""

    name: str
    worker_type: str
    rows: Sequence[TaskInstance] | Missing
    ended: Sequence[TaskInstance] | Missing
    started: Sequence[TaskInstance] | Missing
    jobs: Sequence[Job] | None = None
    slots: int | None = None

    @property
    def names(self) -> list[str]:
        """Every host that is listed, or seen with a task."""
        listed = {job.hostname for job in self.jobs or () if job.hostname}
        if self.jobs is not None:
            return sorted(listed)
        return sorted({row.hostname for row in known_or(self.rows, ()) if row.hostname})

    def running_on(self, host: str) -> list[TaskInstance] | Missing:
        return over(lambda rows: [row for row in rows if row.hostname == host], self.rows)


def host_pools(figures: Figures) -> list[Hosts]:
    """With the executor `local` tasks run beside the schedulers; else hosts go by queue."""
    found = []
    if figures.config.executor == "local" and not isinstance(figures.schedulers, Missing):
        found.append(
            Hosts(
                "local",
                "local-executor",
                figures.running,
                figures.ended,
                figures.started,
                figures.schedulers,
                figures.config.parallelism,
            )
        )
    else:
        found += _by_queue(figures)
    triggerers = figures.jobs_of("TriggererJob")
    if not isinstance(triggerers, Missing) and triggerers:
        none: list[TaskInstance] = []
        found.append(Hosts("triggerer", "triggerer", none, none, none, triggerers))
    return found


def _by_queue(figures: Figures) -> list[Hosts]:
    rows = (*known_or(figures.running, ()), *known_or(figures.ended, ()))
    names = sorted({queue_of(row) for row in rows if row.hostname} | {"default"})

    def of(queue: str, found: Sequence[TaskInstance] | Missing) -> Sequence[TaskInstance] | Missing:
        return over(lambda each: [row for row in each if queue_of(row) == queue], found)

    kind = f"{figures.config.executor}-executor"
    return [
        Hosts(
            name,
            kind,
            of(name, figures.running),
            of(name, figures.ended),
            of(name, figures.started),
        )
        for name in names
    ]


def build_pools(figures: Figures, origin: Origin) -> tuple[WorkerPoolMetrics, ...]:
    """One record for each."""
    return tuple(build_pool(_pool(figures, hosts), origin) for hosts in host_pools(figures))


def _pool(figures: Figures, hosts: Hosts) -> Pool:
    workers = over(lambda _: [_worker(figures, hosts, name) for name in hosts.names], hosts.rows)
    used = over(len, hosts.rows)
    slots: int | Missing = Missing("parallelism is not set, and the API does not tell it")
    if hosts.slots is not None:
        slots = hosts.slots * len(hosts.names)
    failures = over(error_rate, hosts.ended)
    listed = hosts.jobs is not None
    return Pool(
        name=hosts.name,
        worker_type=hosts.worker_type,
        workers=workers,
        otherwise=NOT_TOLD,
        untold=UNTOLD,
        counts={} if listed else _observed(workers),
        health={"failure_rate": failures},
        usage={"used_slots": used, "total_slots": slots},
        performance={
            "throughput": figures.rate(hosts.started),
            "avg_task_duration": over(mean_duration_ms, hosts.ended),
            "error_rate": failures,
            "utilization": combine(lambda part, all_: share(part, all_, "no slots"), used, slots),
        },
        scaling=dict.fromkeys(
            ("enabled", "min_workers", "max_workers", "current_target"), Missing(NO_SCALING)
        ),
        details={"pool": hosts.name, "workersKnown": "listed" if listed else "observed"},
        estimates=("/workers/*/tasksCompleted", "/workers/*/tasksFailed"),
    )


def _observed(workers: Sequence[WorkerInstance] | Missing) -> dict[str, Any]:
    """Of workers that are known by their tasks alone; there may be more of them."""
    return {
        "total_workers": estimated(over(len, workers)),
        "active_workers": estimated(over(len, workers)),
        "idle_workers": UNSEEN,
        "busy_workers": UNSEEN,
        "failed_workers": UNSEEN,
        "terminating_workers": UNSEEN,
    }


def _worker(figures: Figures, hosts: Hosts, host: str) -> WorkerInstance:
    running = hosts.running_on(host)
    jobs = [job for job in hosts.jobs or () if job.hostname == host]
    totals = figures.snapshot.totals
    counted = not isinstance(figures.ended, Missing) and hosts.worker_type != "triggerer"
    return WorkerInstance(
        id=f"{hosts.name}/{host}",
        hostname=host,
        status=_status(known_or(running, []), hosts.slots, observed=hosts.jobs is None),
        current_task=_current(known_or(running, [])),
        tasks_completed=totals.completed.get(host, 0) if counted else None,
        tasks_failed=totals.failed.get(host, 0) if counted else None,
        uptime=_uptime_s(figures, jobs),
        last_heartbeat=_heartbeat(jobs, known_or(running, [])),
        used_slots=known_or(over(len, running), None),
        total_slots=hosts.slots,
        labels={"host": host, "known": "listed" if jobs else "observed"},
    )


def _status(running: Sequence[TaskInstance], slots: int | None, *, observed: bool) -> WorkerStatus:
    if not running:
        return WorkerStatus.ACTIVE if observed else WorkerStatus.IDLE
    full = slots is not None and len(running) >= slots
    return WorkerStatus.BUSY if full else WorkerStatus.ACTIVE


def _current(running: Sequence[TaskInstance]) -> str | None:
    if not running:
        return None
    more = f" and {len(running) - 1} more" if len(running) > 1 else ""
    return f"{running[0].name}{more}"


def _uptime_s(figures: Figures, jobs: Sequence[Job]) -> float | None:
    begun = [job.start_date for job in jobs if job.start_date is not None]
    return max(0.0, (figures.snapshot.at - min(begun)).total_seconds()) if begun else None


def _heartbeat(jobs: Sequence[Job], running: Sequence[TaskInstance]) -> datetime | None:
    """Of its job; of a host that is only observed the start of its newest task."""
    beats = [job.latest_heartbeat for job in jobs if job.latest_heartbeat is not None]
    seen = [row.start_date for row in running if row.start_date is not None]
    return max(beats or seen, default=None)
