"""How evenly tasks lie on the workers of a task queue. Workers pull, so nobody hands them out."""

from collections.abc import Sequence
from uuid import UUID

from agents.balance import build_distribution, build_efficiency, fairness
from agents.missing import Gaps, Missing, over
from agents.temporal.figures import Figures
from agents.temporal.queues import TaskKind
from agents.temporal.workers import Worker
from contracts.identity import pool_id, sample_id
from contracts.load_balancing import (
    FailoverMetrics,
    HealthCheckMetrics,
    LoadBalancingAlgorithm,
    LoadBalancingMetrics,
)
from contracts.orchestrator import Metadata
from contracts.worker_pool import WorkerStatus

__all__ = ["build_balances"]

ALGORITHM = "workers pull (long poll)"
UNIT = "used activity slots / activity slots"

NOT_MOVED = Missing("Temporal never moves a task from one worker to another")
NOT_COUNTED = Missing("Temporal does not count it")
HOST_ONLY = Missing("workers measure their host, not themselves")


def build_balances(
    figures: Figures, orchestrator: UUID, metadata: Metadata
) -> tuple[LoadBalancingMetrics, ...]:
    """One record for each queue, also for one without workers. `metadata` is the namespace's."""
    queues = sorted({view.key.queue for view in figures.snapshot.views})
    return tuple(_balance(figures, queue, orchestrator, metadata) for queue in queues)


def _balance(
    figures: Figures, queue: str, orchestrator: UUID, metadata: Metadata
) -> LoadBalancingMetrics:
    gaps, pool, now = Gaps(), pool_id(orchestrator, queue), figures.snapshot.now
    workers = figures.workers_of(queue)
    loads = over(_loads, workers)
    return LoadBalancingMetrics(
        id=sample_id(pool, "load-balancing", now),
        orchestrator_id=orchestrator,
        pool_id=pool,
        collected_at=now,
        algorithm=LoadBalancingAlgorithm.CUSTOM,
        distribution=build_distribution(loads, UNIT, NOT_MOVED, gaps),
        efficiency=build_efficiency(
            loads,
            NOT_COUNTED,
            over(lambda each: fairness(_processed(each)), workers),
            HOST_ONLY,
            gaps,
        ),
        health_checks=_health_checks(workers, gaps),
        failover=_failover(gaps),
        metadata=metadata.model_copy(
            update={
                "unavailable": gaps.reasons,
                "estimated": tuple(gaps.estimates),
                "algorithm": ALGORITHM,
                "temporal": {"taskQueue": queue},
            }
        ),
    )


def _loads(workers: Sequence[Worker]) -> dict[str, float]:
    """Of workers that take work and have told a number of slots."""
    slots = {
        worker.instance.id: worker.slots[TaskKind.ACTIVITY]
        for worker in workers
        if worker.alive and TaskKind.ACTIVITY in worker.slots
    }
    return {name: each.used / each.total for name, each in slots.items() if each.total}


def _processed(workers: Sequence[Worker]) -> list[float]:
    """Activities that each worker ended in its last heartbeat interval."""
    return [
        float(worker.slots[TaskKind.ACTIVITY].recent_processed)
        for worker in workers
        if worker.alive and TaskKind.ACTIVITY in worker.slots
    ]


def _health_checks(workers: Sequence[Worker] | Missing, gaps: Gaps) -> HealthCheckMetrics:
    """Heartbeats and polls: a worker that is silent gets nothing as it asks for nothing."""
    for leaf in ("checks", "failedChecks", "avgLatency", "intervalS"):
        gaps.take(f"/healthChecks/{leaf}", NOT_COUNTED)
    return HealthCheckMetrics(
        healthy_targets=gaps.take("/healthChecks/healthyTargets", over(_alive, workers)),
        unhealthy_targets=gaps.take("/healthChecks/unhealthyTargets", over(_failed, workers)),
    )


def _alive(workers: Sequence[Worker]) -> int:
    return sum(worker.alive for worker in workers)


def _failed(workers: Sequence[Worker]) -> int:
    return sum(worker.instance.status is WorkerStatus.FAILED for worker in workers)


def _failover(gaps: Gaps) -> FailoverMetrics:
    for leaf in ("failovers", "reroutedTasks", "lostTasks", "lastFailover", "avgFailoverTime"):
        gaps.take(f"/failover/{leaf}", NOT_COUNTED)
    return FailoverMetrics()
