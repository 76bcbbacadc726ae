"""How evenly tasks lie on the workers of a task queue. Workers pull, so nobody hands them out."""

from collections.abc import Callable, Sequence
from statistics import fmean, pstdev, pvariance
from uuid import UUID

from agents.temporal.figures import Figures
from agents.temporal.missing import Gaps, Missing, over
from agents.temporal.queues import TaskKind
from agents.temporal.workers import Worker
from analytics.balance import jain_index
from contracts.identity import pool_id, sample_id
from contracts.load_balancing import (
    BalancingEfficiency,
    FailoverMetrics,
    HealthCheckMetrics,
    LoadBalancingAlgorithm,
    LoadBalancingMetrics,
    WorkloadDistribution,
)
from contracts.orchestrator import Metadata
from contracts.worker_pool import WorkerStatus

__all__ = ["build_balances"]

ALGORITHM = "workers pull (long poll)"
UNIT = "used activity slots / activity slots"
ALL_FULL_RATIO = 0.85
"""Mean load from which a full worker is no hotspot: the top of the specification's target."""

NOT_MOVED = Missing("Temporal never moves a task from one worker to another")
NOT_COUNTED = Missing("Temporal does not count it")
NO_LOAD = Missing("no worker has any load")
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
    told = over(_loads, workers)
    loads = gaps.take("/distribution/workerLoads", told) or {}
    known = over(lambda each: list(each.values()), told)
    mean = fmean(loads.values()) if loads else 0.0
    fair = over(_fairness, known)
    return LoadBalancingMetrics(
        id=sample_id(pool, "load-balancing", now),
        orchestrator_id=orchestrator,
        pool_id=pool,
        collected_at=now,
        algorithm=LoadBalancingAlgorithm.CUSTOM,
        distribution=WorkloadDistribution(
            worker_loads=loads,
            load_unit=UNIT,
            standard_deviation=gaps.take(
                "/distribution/standardDeviation", over(lambda each: _spread(each, pstdev), known)
            ),
            imbalance_score=gaps.take(
                "/distribution/imbalanceScore",
                over(lambda each: pstdev(each) / mean if mean else NO_LOAD, known),
            ),
            hotspots=_hotspots(loads, mean),
            underutilized=_underutilized(loads, mean),
            redistribution_count=gaps.take("/distribution/redistributionCount", NOT_MOVED),
            fairness_index=gaps.take("/distribution/fairnessIndex", fair),
        ),
        efficiency=BalancingEfficiency(
            load_variance=gaps.take(
                "/efficiency/loadVariance", over(lambda each: _spread(each, pvariance), known)
            ),
            response_time_variance=gaps.take("/efficiency/responseTimeVariance", NOT_COUNTED),
            throughput_balance=gaps.take(
                "/efficiency/throughputBalance",
                over(lambda each: _fairness(_processed(each)), workers),
            ),
            resource_utilization_balance=gaps.take(
                "/efficiency/resourceUtilizationBalance", HOST_ONLY
            ),
            fairness_index=gaps.take("/efficiency/fairnessIndex", fair),
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


def _spread(loads: Sequence[float], measure: Callable[[Sequence[float]], float]) -> float | Missing:
    return measure(loads) if loads else NO_LOAD


def _fairness(loads: Sequence[float]) -> float | Missing:
    index = jain_index(loads)
    return NO_LOAD if index is None else index


def _hotspots(loads: dict[str, float], mean: float) -> tuple[str, ...]:
    """Full workers while the others have room."""
    if mean >= ALL_FULL_RATIO:
        return ()
    return tuple(sorted(name for name, load in loads.items() if load >= 1))


def _underutilized(loads: dict[str, float], mean: float) -> tuple[str, ...]:
    """Idle workers while others are full."""
    if not _hotspots(loads, mean):
        return ()
    return tuple(sorted(name for name, load in loads.items() if load == 0))


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
