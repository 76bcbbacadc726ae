"""Worker pools, as far as Airflow tells of its workers: mostly only where something runs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from agents.airflow.config import Executor
from agents.airflow.edge import edge_loads, edge_slots, edge_workers
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
PODS = Missing("each task gets a pod of its own: how many there may be is not told")
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
UNTOLD_OF_EDGE = {
    "tasks_completed": "no task that ended was seen on a host of its name",
    "tasks_failed": "no task that ended was seen on a host of its name",
    "uptime": "a worker tells its start in its own local time, and not which that is",
}


@dataclass(frozen=True)
class Hosts:
    """Hosts on which tasks of one kind run.

    `jobs`: those that make them known, where hosts are listed; `lost`: those of them that are not
    heard of. `slots`: of one job, or of one host that is only seen.
    """

    name: str
    worker_type: str
    rows: Sequence[TaskInstance] | Missing
    ended: Sequence[TaskInstance] | Missing
    started: Sequence[TaskInstance] | Missing
    jobs: Sequence[Job] | None = None
    lost: Sequence[Job] = ()
    slots: int | None = None

    @property
    def names(self) -> list[str]:
        """Every host that is listed, or seen with a task."""
        if self.jobs is not None:
            return sorted({job.hostname for job in (*self.jobs, *self.lost) if job.hostname})
        return sorted({row.hostname for row in known_or(self.rows, ()) if row.hostname})

    def jobs_on(self, host: str) -> list[Job]:
        return [job for job in self.jobs or () if job.hostname == host]

    def slots_on(self, host: str) -> int | None:
        """Of several schedulers on one host each has its own."""
        if self.slots is None or self.jobs is None:
            return self.slots
        return self.slots * len(self.jobs_on(host))

    def running_on(self, host: str) -> list[TaskInstance] | Missing:
        return over(lambda rows: [row for row in rows if row.hostname == host], self.rows)


def host_pools(figures: Figures) -> list[Hosts]:
    """Local tasks run beside the schedulers; hosts that nobody lists go by queue."""
    found = []
    if "local" in figures.kinds & figures.listed_kinds:
        found.append(
            Hosts(
                "local",
                "local-executor",
                figures.of_kind("local", figures.running),
                figures.of_kind("local", figures.ended),
                figures.of_kind("local", figures.started),
                known_or(figures.schedulers, ()),
                known_or(figures.snapshot.lost, ()),
                figures.config.parallelism,
            )
        )
    for kind in sorted(figures.kinds - figures.listed_kinds):
        found += _by_queue(figures, kind)
    triggerers = figures.jobs_of("TriggererJob")
    if not isinstance(triggerers, Missing) and triggerers:
        none: list[TaskInstance] = []
        found.append(Hosts("triggerer", "triggerer", none, none, none, triggerers))
    return found


def _by_queue(figures: Figures, kind: Executor) -> list[Hosts]:
    running, ended, started = (
        figures.of_kind(kind, rows) for rows in (figures.running, figures.ended, figures.started)
    )
    rows = (*known_or(running, ()), *known_or(ended, ()))
    names = {queue_of(row) for row in rows if row.hostname}
    if kind == figures.config.executor:
        names |= {"default"}

    def of(queue: str, found: Sequence[TaskInstance] | Missing) -> Sequence[TaskInstance] | Missing:
        return over(lambda each: [row for row in each if queue_of(row) == queue], found)

    slots = {"kubernetes": 1, "celery": figures.config.worker_concurrency}.get(kind)
    return [
        Hosts(
            name,
            f"{kind}-executor",
            of(name, running),
            of(name, ended),
            of(name, started),
            slots=slots,
        )
        for name in sorted(names)
    ]


def build_pools(figures: Figures, origin: Origin) -> tuple[WorkerPoolMetrics, ...]:
    """One record for each."""
    pools = [_of_hosts(figures, hosts) for hosts in host_pools(figures)]
    if "edge" in figures.kinds & figures.listed_kinds:
        pools.append(_of_edge(figures))
    return tuple(build_pool(each, origin) for each in pools)


def _of_hosts(figures: Figures, hosts: Hosts) -> Pool:
    workers = over(lambda _: [_worker(figures, hosts, name) for name in hosts.names], hosts.rows)
    counts = {} if hosts.jobs is not None else _observed(workers, hosts.worker_type)
    return replace(
        _pool(figures, hosts, over(len, hosts.rows), _slots(hosts)),
        workers=workers,
        counts=counts,
        details={
            "pool": hosts.name,
            "workersKnown": "listed" if hosts.jobs is not None else "observed",
        },
    )


def _of_edge(figures: Figures) -> Pool:
    hosts = Hosts(
        "edge",
        "edge-executor",
        figures.of_kind("edge", figures.running),
        figures.of_kind("edge", figures.ended),
        figures.of_kind("edge", figures.started),
    )
    used = over(lambda loads: int(sum(loads.values())), edge_loads(figures))
    return replace(
        _pool(figures, hosts, used, edge_slots(figures)),
        workers=edge_workers(figures),
        untold=UNTOLD | UNTOLD_OF_EDGE,
        details={"pool": "edge", "workersKnown": "listed"},
    )


def _slots(hosts: Hosts) -> int | Missing:
    if hosts.jobs is None:
        return PODS if hosts.worker_type == "kubernetes-executor" else UNSEEN
    if hosts.slots is None:
        return Missing("parallelism is not set, and the API does not tell it")
    return sum(hosts.slots_on(name) or 0 for name in hosts.names)


def _pool(figures: Figures, hosts: Hosts, used: int | Missing, slots: int | Missing) -> Pool:
    failures = over(error_rate, hosts.ended)
    return Pool(
        name=hosts.name,
        worker_type=hosts.worker_type,
        workers=UNSEEN,
        otherwise=NOT_TOLD,
        untold=UNTOLD,
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
        estimates=("/workers/*/tasksCompleted", "/workers/*/tasksFailed"),
    )


def _observed(workers: Sequence[WorkerInstance] | Missing, kind: str) -> dict[str, Any]:
    """Of workers that are known by their tasks alone; there may be more of them.

    Not so of the pods that the Kubernetes executor makes, each for one task.
    """
    seen = estimated(over(len, workers))
    pods = kind == "kubernetes-executor"
    return {
        "total_workers": seen,
        "active_workers": 0 if pods else seen,
        "idle_workers": 0 if pods else UNSEEN,
        "busy_workers": seen if pods else UNSEEN,
        "failed_workers": UNSEEN,
        "terminating_workers": UNSEEN,
    }


def _worker(figures: Figures, hosts: Hosts, host: str) -> WorkerInstance:
    running = hosts.running_on(host)
    jobs, slots = hosts.jobs_on(host), hosts.slots_on(host)
    lost = [job for job in hosts.lost if job.hostname == host]
    totals = figures.snapshot.totals
    counted = not isinstance(figures.ended, Missing) and hosts.worker_type != "triggerer"
    return WorkerInstance(
        id=f"{hosts.name}/{host}",
        hostname=host,
        status=WorkerStatus.FAILED
        if lost and not jobs
        else _status(known_or(running, []), slots, observed=hosts.jobs is None),
        current_task=_current(known_or(running, [])),
        tasks_completed=totals.completed.get(host, 0) if counted else None,
        tasks_failed=totals.failed.get(host, 0) if counted else None,
        uptime=_uptime_s(figures, jobs),
        last_heartbeat=_heartbeat(jobs or lost, known_or(running, [])),
        used_slots=known_or(over(len, running), None),
        total_slots=slots,
        labels={"host": host, "known": "observed" if hosts.jobs is None else "listed"},
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
