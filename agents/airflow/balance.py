"""How evenly tasks lie on the hosts of a pool."""

from collections.abc import Iterable, Sequence

from agents.airflow.edge import edge_loads
from agents.airflow.figures import Figures
from agents.airflow.pools import Hosts, host_pools
from agents.airflow.wire import TaskInstance
from agents.balance import build_distribution, build_efficiency, fairness
from agents.missing import Gaps, Missing, combine, over
from agents.origin import Origin
from contracts.identity import pool_id, sample_id
from contracts.load_balancing import (
    FailoverMetrics,
    HealthCheckMetrics,
    LoadBalancingAlgorithm,
    LoadBalancingMetrics,
)

__all__ = ["build_balances"]

UNIT = "running tasks"
NOT_MOVED = Missing("Airflow never moves a task from one worker to another")
NOT_COUNTED = Missing("Airflow does not count it")
NOT_MEASURED = Missing("Airflow does not measure its workers")


def build_balances(figures: Figures, origin: Origin) -> tuple[LoadBalancingMetrics, ...]:
    """One record for each pool whose workers run tasks."""
    found = [
        _balance(hosts.name, _loads(hosts), hosts.ended, origin)
        for hosts in host_pools(figures)
        if hosts.worker_type != "triggerer"
    ]
    if "edge" in figures.kinds & figures.listed_kinds:
        ended = figures.of_kind("edge", figures.ended)
        found.append(_balance("edge", edge_loads(figures), ended, origin))
    return tuple(found)


def _loads(hosts: Hosts) -> dict[str, float] | Missing:
    return over(lambda rows: _by_host(rows, hosts.name, hosts.names), hosts.rows)


def _by_host(rows: Sequence[TaskInstance], pool: str, hosts: Iterable[str]) -> dict[str, float]:
    return {f"{pool}/{host}": float(sum(row.hostname == host for row in rows)) for host in hosts}


def _balance(
    pool: str,
    loads: dict[str, float] | Missing,
    ended: Sequence[TaskInstance] | Missing,
    origin: Origin,
) -> LoadBalancingMetrics:
    gaps, identity = Gaps(), pool_id(origin.orchestrator, pool)
    shares = combine(
        lambda rows, each: fairness(
            list(_by_host(rows, pool, [name.removeprefix(f"{pool}/") for name in each]).values())
        ),
        ended,
        loads,
    )
    record = LoadBalancingMetrics(
        id=sample_id(identity, "load-balancing", origin.now),
        orchestrator_id=origin.orchestrator,
        pool_id=identity,
        collected_at=origin.now,
        algorithm=LoadBalancingAlgorithm.CUSTOM,
        distribution=build_distribution(loads, UNIT, NOT_MOVED, gaps, in_shares=False),
        efficiency=build_efficiency(loads, NOT_COUNTED, shares, NOT_MEASURED, gaps),
        health_checks=gaps.fill(HealthCheckMetrics, "/healthChecks", NOT_COUNTED.reason),
        failover=gaps.fill(FailoverMetrics, "/failover", NOT_COUNTED.reason),
    )
    metadata = origin.metadata(gaps, {"pool": pool}, algorithm="by the executor")
    return record.model_copy(update={"metadata": metadata})
