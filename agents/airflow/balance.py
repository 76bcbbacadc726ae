"""How evenly tasks lie on the hosts of a pool."""

from agents.airflow.figures import Figures
from agents.airflow.pools import Hosts, host_pools
from agents.balance import build_distribution, build_efficiency, fairness
from agents.missing import Gaps, Missing, over
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
    return tuple(
        _balance(hosts, origin) for hosts in host_pools(figures) if hosts.worker_type != "triggerer"
    )


def _balance(hosts: Hosts, origin: Origin) -> LoadBalancingMetrics:
    gaps, identity = Gaps(), pool_id(origin.orchestrator, hosts.name)
    loads = over(
        lambda rows: {
            f"{hosts.name}/{host}": float(sum(row.hostname == host for row in rows))
            for host in hosts.names
        },
        hosts.rows,
    )
    ended = over(
        lambda rows: fairness(
            [float(sum(row.hostname == host for row in rows)) for host in hosts.names]
        ),
        hosts.ended,
    )
    record = LoadBalancingMetrics(
        id=sample_id(identity, "load-balancing", origin.now),
        orchestrator_id=origin.orchestrator,
        pool_id=identity,
        collected_at=origin.now,
        algorithm=LoadBalancingAlgorithm.CUSTOM,
        distribution=build_distribution(loads, UNIT, NOT_MOVED, gaps, in_shares=False),
        efficiency=build_efficiency(loads, NOT_COUNTED, ended, NOT_MEASURED, gaps),
        health_checks=gaps.fill(HealthCheckMetrics, "/healthChecks", NOT_COUNTED.reason),
        failover=gaps.fill(FailoverMetrics, "/failover", NOT_COUNTED.reason),
    )
    metadata = origin.metadata(gaps, {"pool": hosts.name}, algorithm="by the executor")
    return record.model_copy(update={"metadata": metadata})
