"""How evenly runs lie on the workers of a pool. Workers pull, so nobody hands them out."""

from collections.abc import Sequence

from agents.balance import build_distribution, build_efficiency, fairness
from agents.missing import Gaps, Missing, known_or, over
from agents.origin import Origin
from agents.prefect.figures import Figures, online
from agents.prefect.wire import FlowRun, Worker, WorkPool
from contracts.identity import pool_id, sample_id
from contracts.load_balancing import (
    FailoverMetrics,
    HealthCheckMetrics,
    LoadBalancingAlgorithm,
    LoadBalancingMetrics,
)

__all__ = ["build_balances"]

ALGORITHM = "workers pull (poll)"
UNIT = "flow runs"
NOT_MOVED = Missing("Prefect never moves a run from one worker to another")
NOT_COUNTED = Missing("Prefect does not count it")
NOT_MEASURED = Missing("Prefect does not measure its workers")


def build_balances(figures: Figures, origin: Origin) -> tuple[LoadBalancingMetrics, ...]:
    """One record for each pool."""
    return tuple(_balance(figures, pool, origin) for pool in known_or(figures.snapshot.pools, ()))


def _balance(figures: Figures, pool: WorkPool, origin: Origin) -> LoadBalancingMetrics:
    gaps, identity = Gaps(), pool_id(origin.orchestrator, pool.name)
    workers = figures.workers_of(pool.name)
    loads = over(lambda found: _loads(figures, pool, found), workers)
    record = LoadBalancingMetrics(
        id=sample_id(identity, "load-balancing", origin.now),
        orchestrator_id=origin.orchestrator,
        pool_id=identity,
        collected_at=origin.now,
        algorithm=LoadBalancingAlgorithm.CUSTOM,
        distribution=build_distribution(loads, UNIT, NOT_MOVED, gaps, in_shares=False),
        efficiency=build_efficiency(
            loads,
            NOT_COUNTED,
            over(lambda found: fairness(_ended(figures, pool, found)), workers),
            NOT_MEASURED,
            gaps,
        ),
        health_checks=gaps.fill(
            HealthCheckMetrics,
            "/healthChecks",
            NOT_COUNTED.reason,
            healthy_targets=over(lambda found: sum(map(online, found)), workers),
            unhealthy_targets=over(lambda found: sum(not online(each) for each in found), workers),
        ),
        failover=gaps.fill(FailoverMetrics, "/failover", NOT_COUNTED.reason),
    )
    metadata = origin.metadata(gaps, {"pool": pool.name}, algorithm=ALGORITHM)
    return record.model_copy(update={"metadata": metadata})


def _loads(
    figures: Figures, pool: WorkPool, workers: Sequence[Worker]
) -> dict[str, float] | Missing:
    loads: dict[str, float] = {}
    for worker in filter(online, workers):
        runs = figures.runs_on(pool.name, worker.name)
        if isinstance(runs, Missing):
            return runs
        loads[str(worker.id)] = float(len(runs))
    return loads


def _ended(figures: Figures, pool: WorkPool, workers: Sequence[Worker]) -> list[float]:
    """Runs that ended in the interval, by worker."""
    window = known_or(figures.snapshot.ended, None)
    runs: list[FlowRun] = list(window.runs) if window else []
    return [
        float(sum(run.worker == each.name and run.work_pool_name == pool.name for run in runs))
        for each in workers
        if online(each)
    ]
