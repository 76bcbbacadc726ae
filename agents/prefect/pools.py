"""Work pools and the workers that take runs from them."""

from collections.abc import Sequence
from typing import Any

from agents.missing import Missing, combine, known_or, over, share
from agents.origin import Origin
from agents.pools import Pool, build_pool
from agents.prefect.figures import Figures, error_rate, mean_duration_ms, online
from agents.prefect.snapshot import Window
from agents.prefect.wire import FlowRun, Worker, WorkPool
from contracts.worker_pool import WorkerInstance, WorkerPoolMetrics, WorkerStatus

__all__ = ["NO_SCALING", "build_pools"]

NO_SCALING = "Prefect does not scale workers, and what does is not linked"
NOT_TOLD = "Prefect does not tell it"
UNTOLD = {
    "hostname": "a worker does not tell where it runs",
    "current_task": "it has no run, or runs do not tell their worker (before 3.2)",
    "tasks_completed": "the runs that ended are not known",
    "tasks_failed": "the runs that ended are not known",
    "cpu_usage": NOT_TOLD,
    "memory_usage": NOT_TOLD,
    "disk_usage": NOT_TOLD,
    "network_usage": NOT_TOLD,
    "uptime": "a worker does not tell when it started",
    "last_heartbeat": "it never sent a heartbeat",
    "used_slots": "the live runs are not known",
    "total_slots": "a worker does not tell its limit",
}


def build_pools(figures: Figures, origin: Origin) -> tuple[WorkerPoolMetrics, ...]:
    """One record for each work pool, also for one without workers."""
    return tuple(
        build_pool(_pool(figures, pool), origin) for pool in known_or(figures.snapshot.pools, ())
    )


def _pool(figures: Figures, pool: WorkPool) -> Pool:
    def of_pool(window: Window) -> list[FlowRun]:
        return [run for run in window.runs if run.work_pool_name == pool.name]

    ended = over(of_pool, figures.snapshot.ended)
    failures = over(error_rate, ended)
    used = figures.slots_used(pool)
    limit = (
        Missing("the work pool has no concurrency limit")
        if pool.concurrency_limit is None
        else pool.concurrency_limit
    )
    workers = over(
        lambda found: [_worker(figures, pool, each) for each in found],
        figures.workers_of(pool.name),
    )
    return Pool(
        name=pool.name,
        worker_type=pool.type,
        workers=workers,
        otherwise=NOT_TOLD,
        untold=UNTOLD,
        health={"failure_rate": failures},
        usage={"used_slots": used, "total_slots": limit},
        performance={
            "throughput": over(lambda each: len(of_pool(each)) / each.seconds, figures.placed),
            "avg_task_duration": over(mean_duration_ms, ended),
            "error_rate": failures,
            "utilization": combine(lambda part, all_: share(part, all_, "no slots"), used, limit),
        },
        scaling=dict.fromkeys(
            ("enabled", "min_workers", "max_workers", "current_target"), Missing(NO_SCALING)
        ),
        details={
            "pool": pool.name,
            "status": pool.status,
            "paused": pool.is_paused,
            "concurrencyLimit": pool.concurrency_limit,
            "workersSince": "tasks are counted since this agent started",
        },
        estimates=("/workers/*/tasksCompleted", "/workers/*/tasksFailed"),
    )


def _worker(figures: Figures, pool: WorkPool, worker: Worker) -> WorkerInstance:
    runs = figures.runs_on(pool.name, worker.name)
    key = (pool.name, worker.name)
    totals, counted = figures.snapshot.totals, not isinstance(figures.snapshot.ended, Missing)
    return WorkerInstance(
        id=str(worker.id),
        status=_status(figures, pool, worker, runs),
        current_task=_current(known_or(runs, ())),
        tasks_completed=totals.completed.get(key, 0) if counted else None,
        tasks_failed=totals.failed.get(key, 0) if counted else None,
        last_heartbeat=worker.last_heartbeat_time,
        used_slots=known_or(over(len, runs), None),
        labels=_labels(pool, worker),
    )


def _status(
    figures: Figures, pool: WorkPool, worker: Worker, runs: Sequence[FlowRun] | Missing
) -> WorkerStatus:
    if not online(worker):
        return WorkerStatus.FAILED
    if not known_or(runs, ()):
        return WorkerStatus.IDLE
    used = known_or(figures.slots_used(pool), 0)
    full = pool.concurrency_limit is not None and used >= pool.concurrency_limit
    return WorkerStatus.BUSY if full else WorkerStatus.ACTIVE


def _current(runs: Sequence[FlowRun]) -> str | None:
    running = [run for run in runs if run.state_type == "RUNNING"]
    return str(running[0].id) if running else None


def _labels(pool: WorkPool, worker: Worker) -> dict[str, Any]:
    labels = {"name": worker.name, "pool": pool.name, "type": pool.type}
    if worker.heartbeat_interval_seconds is not None:
        labels["heartbeat_interval_s"] = str(worker.heartbeat_interval_seconds)
    return labels
