"""Worker pools: the workers of one task queue are one pool."""

from collections import Counter
from collections.abc import Sequence
from statistics import fmean
from uuid import UUID

from pydantic.alias_generators import to_camel

from agents.missing import Gaps, Missing, over, share, total
from agents.temporal.figures import Figures, slot_sums
from agents.temporal.queues import QueueKey, TaskKind
from agents.temporal.workers import POLLER, Worker
from contracts.identity import pool_id, sample_id
from contracts.orchestrator import Metadata
from contracts.worker_pool import (
    AutoScalingMetrics,
    PoolHealth,
    PoolPerformance,
    PoolResourceUsage,
    WorkerInstance,
    WorkerPoolMetrics,
    WorkerStatus,
)

__all__ = ["NO_SCALING", "build_pools"]

WORKER_TYPE = "task-queue-worker"

NO_SCALING = Missing("Temporal does not scale workers, and what does is not linked")
NO_WORKERS = "there are no workers"
NOT_REPORTED = Missing("Temporal does not report it")

POLLER_ONLY = "known as a poller only: the worker sends no heartbeat (yet)"
NEVER_TOLD = {
    "current_task": "Temporal does not tell which task a worker is on",
    "disk_usage": "workers do not measure it",
    "network_usage": "workers do not measure it",
}
NOT_YET = "the worker has not told its slots (yet)"
SLOTTED = ("tasks_completed", "tasks_failed", "used_slots", "total_slots")
TOLD_BY_SOME = {
    "hostname": "the worker does not tell it",
    "tasks_completed": "the worker does not count its tasks",
    "tasks_failed": "the worker does not count its tasks",
    "cpu_usage": "the worker does not measure its host",
    "memory_usage": "the worker does not measure its host",
    "uptime": "the worker does not tell when it started",
    "used_slots": "the worker does not tell its slots",
    "total_slots": "the worker's number of slots is not fixed (slot supplier)",
}


def build_pools(
    figures: Figures, orchestrator: UUID, metadata: Metadata
) -> tuple[WorkerPoolMetrics, ...]:
    """One pool for each queue, also for one without workers. `metadata` is the namespace's."""
    queues = sorted({view.key.queue for view in figures.snapshot.views})
    return tuple(_pool(figures, queue, orchestrator, metadata) for queue in queues)


def _pool(
    figures: Figures, queue: str, orchestrator: UUID, metadata: Metadata
) -> WorkerPoolMetrics:
    gaps = Gaps()
    workers = figures.workers_of(queue)
    statuses = over(lambda found: Counter(each.instance.status for each in found), workers)
    identity = pool_id(orchestrator, queue)
    now = figures.snapshot.now

    def number(leaf: str, status: WorkerStatus) -> int | None:
        return gaps.take(leaf, over(lambda found: found[status], statuses))

    return WorkerPoolMetrics(
        id=sample_id(identity, "worker-pool", now),
        pool_id=identity,
        orchestrator_id=orchestrator,
        pool_name=queue,
        worker_type=WORKER_TYPE,
        collected_at=now,
        total_workers=gaps.take(
            "/totalWorkers", over(len, workers), estimated=_uncertain(figures, queue, workers)
        ),
        active_workers=number("/activeWorkers", WorkerStatus.ACTIVE),
        idle_workers=number("/idleWorkers", WorkerStatus.IDLE),
        busy_workers=number("/busyWorkers", WorkerStatus.BUSY),
        failed_workers=number("/failedWorkers", WorkerStatus.FAILED),
        terminating_workers=number("/terminatingWorkers", WorkerStatus.TERMINATING),
        workers=gaps.take("/workers", over(lambda found: _instances(found, gaps), workers)),
        pool_health=_health(workers, gaps),
        resource_usage=_usage(workers, gaps),
        performance=_performance(figures, queue, workers, gaps),
        scaling=_scaling(gaps),
        metadata=metadata.model_copy(
            update={
                "unavailable": gaps.reasons,
                "estimated": tuple(gaps.estimates),
                "temporal": {"taskQueue": queue},
            }
        ),
    )


def _uncertain(figures: Figures, queue: str, workers: tuple[Worker, ...] | Missing) -> bool:
    """Whether there may be other workers than those counted: pollers may share an identity,
    and where the pollers are not known, so are workers without heartbeats."""
    if isinstance(workers, Missing):
        return False
    views = [view for view in figures.snapshot.views if view.key.queue == queue]
    return any(worker.instance.labels["source"] == POLLER for worker in workers) or any(
        isinstance(view.reading, Missing) for view in views
    )


def _instances(workers: Sequence[Worker], gaps: Gaps) -> tuple[WorkerInstance, ...]:
    for index, worker in enumerate(workers):
        for name, reason in (NEVER_TOLD | _reasons(worker)).items():
            if getattr(worker.instance, name) is None:
                gaps.reasons[f"/workers/{index}/{to_camel(name)}"] = reason
    gaps.shorten("/workers", len(workers))
    return tuple(worker.instance for worker in workers)


def _reasons(worker: Worker) -> dict[str, str]:
    """Why a field may be null that other workers tell."""
    if worker.instance.labels["source"] == POLLER:
        return dict.fromkeys(TOLD_BY_SOME, POLLER_ONLY)
    return TOLD_BY_SOME if worker.slots else TOLD_BY_SOME | dict.fromkeys(SLOTTED, NOT_YET)


def _health(workers: tuple[Worker, ...] | Missing, gaps: Gaps) -> PoolHealth:
    def healthy(found: tuple[Worker, ...]) -> int:
        return sum(worker.alive for worker in found)

    def failed(found: tuple[Worker, ...]) -> int:
        return sum(each.instance.status is WorkerStatus.FAILED for each in found)

    def average(found: tuple[Worker, ...]) -> float | Missing:
        return share(healthy(found), healthy(found) + failed(found), NO_WORKERS)

    def failure_rate(found: tuple[Worker, ...]) -> float | Missing:
        return share(failed(found), len(found), NO_WORKERS)

    place = "/poolHealth"
    return PoolHealth(
        healthy_workers=gaps.take(f"{place}/healthyWorkers", over(healthy, workers)),
        unhealthy_workers=gaps.take(f"{place}/unhealthyWorkers", over(failed, workers)),
        average_health=gaps.take(f"{place}/averageHealth", over(average, workers)),
        failure_rate=gaps.take(f"{place}/failureRate", over(failure_rate, workers)),
        restart_count=gaps.take(f"{place}/restartCount", NOT_REPORTED),
        communication_errors=gaps.take(f"{place}/communicationErrors", NOT_REPORTED),
        resource_exhaustion=gaps.take(f"{place}/resourceExhaustion", NOT_REPORTED),
    )


def _usage(workers: tuple[Worker, ...] | Missing, gaps: Gaps) -> PoolResourceUsage:
    """Means over the workers that measure their host: workers of one host all say the same."""

    def mean(name: str) -> float | Missing:
        if isinstance(workers, Missing):
            return workers
        measured = [getattr(worker.instance, name) for worker in workers if worker.alive]
        known = [value for value in measured if value is not None]
        return fmean(known) if known else Missing("no worker measures its host")

    slots = over(lambda found: slot_sums(found, TaskKind.ACTIVITY), workers)
    place = "/resourceUsage"
    return PoolResourceUsage(
        cpu_usage=gaps.take(f"{place}/cpuUsage", mean("cpu_usage"), estimated=True),
        memory_usage=gaps.take(f"{place}/memoryUsage", mean("memory_usage"), estimated=True),
        used_slots=gaps.take(f"{place}/usedSlots", over(lambda sums: sums.used, slots)),
        total_slots=gaps.take(f"{place}/totalSlots", over(lambda sums: sums.total, slots)),
    )


def _performance(
    figures: Figures, queue: str, workers: tuple[Worker, ...] | Missing, gaps: Gaps
) -> PoolPerformance:
    place, activities = "/performance", QueueKey(queue, TaskKind.ACTIVITY)
    throughput = total(
        over(lambda stats: stats.dispatch_rate, view.stats)
        for view in figures.snapshot.views
        if view.key.queue == queue
    )
    utilization = over(
        lambda found: slot_sums(found, TaskKind.ACTIVITY).utilization,
        workers,
    )
    duration_ms, error_rate = figures.processing_ms(activities), figures.error_rate(activities)
    reported = isinstance(figures.counted_error_rate(activities), Missing)
    return PoolPerformance(
        throughput=gaps.take(f"{place}/throughput", throughput),
        avg_task_duration=gaps.take(f"{place}/avgTaskDuration", duration_ms),
        error_rate=gaps.take(f"{place}/errorRate", error_rate, estimated=reported),
        utilization=gaps.take(f"{place}/utilization", utilization),
    )


def _scaling(gaps: Gaps) -> AutoScalingMetrics:
    for leaf in (
        "enabled",
        "minWorkers",
        "maxWorkers",
        "currentTarget",
        "scalingEfficiency",
        "costOptimization",
        "predictedDemand",
    ):
        gaps.take(f"/scaling/{leaf}", NO_SCALING)
    return AutoScalingMetrics()
