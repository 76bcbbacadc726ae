"""Groups of nodes as worker pools, and how evenly pods lie on them."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from agents.balance import build_distribution, build_efficiency
from agents.kubernetes.figures import Figures, Load
from agents.kubernetes.node_scaling import node_scaling
from agents.kubernetes.state import NodeState
from agents.missing import Gaps, Missing, combine, known_or, over, share
from agents.origin import Origin
from agents.pools import Pool, build_pool
from analytics.balance import jain_index
from contracts.identity import pool_id, sample_id
from contracts.load_balancing import (
    FailoverMetrics,
    HealthCheckMetrics,
    LoadBalancingAlgorithm,
    LoadBalancingMetrics,
)
from contracts.worker_pool import WorkerInstance, WorkerPoolMetrics, WorkerStatus

__all__ = ["build_balances", "build_pools"]

NOT_TOLD = "the API does not tell it"
UNTOLD = {
    "current_task": "a node runs many pods: usedSlots tells how many",
    "tasks_completed": "what ended is not known",
    "tasks_failed": "what ended is not known",
    "cpu_usage": "metrics.k8s.io does not tell it",
    "memory_usage": "metrics.k8s.io does not tell it",
    "disk_usage": NOT_TOLD,
    "network_usage": NOT_TOLD,
    "uptime": "the node does not tell when it became ready",
    "last_heartbeat": "the leases of nodes are not read",
}
UNIT = "CPU asked for / CPU of the node"
NOT_MOVED = Missing("evictions are not counted")
NO_NODES: Mapping[str, Sequence[NodeState]] = {}


def build_pools(figures: Figures, origin: Origin) -> tuple[WorkerPoolMetrics, ...]:
    """One record for each group of nodes."""
    groups = known_or(figures.pools, NO_NODES)
    return tuple(build_pool(_pool(figures, *group), origin) for group in groups.items())


def _pool(figures: Figures, name: str, nodes: Sequence[NodeState]) -> Pool:
    workers = over(lambda loads: [_worker(figures, node, loads) for node in nodes], figures.loads)
    used = over(lambda loads: sum(_load(loads, node).pods for node in nodes), figures.loads)
    slots = sum(node.pods for node in nodes if node.ready)
    names = {node.name for node in nodes}

    def ended(phase: str) -> int | Missing:
        return over(
            lambda tally: sum(
                count
                for (node, how), count in tally.ended_by_node.items()
                if node in names and how == phase
            ),
            figures.snapshot.happened,
        )

    failures = combine(
        lambda bad, good: share(bad, bad + good, "no pod ended in the interval"),
        ended("Failed"),
        ended("Succeeded"),
    )
    placed = over(lambda bound: sum(each.pod.node in names for each in bound), figures.bound)
    return Pool(
        name=name,
        worker_type="node-pool",
        workers=workers,
        otherwise=NOT_TOLD,
        untold=UNTOLD,
        health={
            "failure_rate": failures,
            "communication_errors": sum(not node.heard for node in nodes),
            "resource_exhaustion": sum(bool(node.pressures) for node in nodes),
        },
        usage={
            "used_slots": used,
            "total_slots": slots,
            "cpu_usage": _mean(figures, nodes, 0),
            "memory_usage": _mean(figures, nodes, 1),
        },
        performance={
            "throughput": combine(
                lambda count, seconds: count / seconds, placed, figures.snapshot.seconds
            ),
            "error_rate": failures,
            "avg_task_duration": Missing("pods run as long as they like"),
            "utilization": over(lambda count: share(count, slots, "no node is ready"), used),
        },
        scaling=node_scaling(figures, name),
        details={"pool": name, "nodes": len(nodes)},
    )


def _mean(figures: Figures, nodes: Sequence[NodeState], which: int) -> float | Missing:
    """Of the CPU (0) or the memory (1) that the nodes have, how much is used."""

    def mean(usage: Mapping[str, tuple[float, float]]) -> float | Missing:
        has = {node.name: (node.cpu_cores, node.memory_bytes)[which] for node in nodes}
        told = [usage[name][which] / size for name, size in has.items() if name in usage and size]
        return fmean(told) if told else Missing("metrics.k8s.io tells of none of these nodes")

    return over(mean, figures.snapshot.usage)


def _load(loads: Mapping[str, Load], node: NodeState) -> Load:
    return loads.get(node.name, Load(0, 0.0, 0.0, 0))


def _worker(figures: Figures, node: NodeState, loads: Mapping[str, Load]) -> WorkerInstance:
    snapshot, load = figures.snapshot, _load(loads, node)
    usage = known_or(snapshot.usage, {}).get(node.name)
    known = not isinstance(snapshot.happened, Missing)
    since = node.ready_since
    return WorkerInstance(
        id=node.uid,
        hostname=node.name,
        status=_status(node, load),
        tasks_completed=snapshot.totals.get((node.name, "Succeeded"), 0) if known else None,
        tasks_failed=snapshot.totals.get((node.name, "Failed"), 0) if known else None,
        cpu_usage=usage[0] / node.cpu_cores if usage and node.cpu_cores else None,
        memory_usage=usage[1] / node.memory_bytes if usage and node.memory_bytes else None,
        uptime=max(0.0, (snapshot.at - since).total_seconds()) if since and node.ready else None,
        used_slots=load.pods,
        total_slots=node.pods,
        labels=_labels(node),
    )


def _status(node: NodeState, load: Load) -> WorkerStatus:
    if not node.ready:
        return WorkerStatus.FAILED
    if node.draining or not node.schedulable:
        return WorkerStatus.TERMINATING
    if not load.working:
        return WorkerStatus.IDLE
    full = load.pods >= node.pods or load.share_of(node) >= 1
    return WorkerStatus.BUSY if full else WorkerStatus.ACTIVE


def _labels(node: NodeState) -> dict[str, Any]:
    told = {"version": node.version, "zone": node.zone}
    return {name: value for name, value in told.items() if value}


def build_balances(figures: Figures, origin: Origin) -> tuple[LoadBalancingMetrics, ...]:
    """One record for each group of nodes."""
    groups = known_or(figures.pools, NO_NODES)
    return tuple(_balance(figures, *group, origin) for group in groups.items())


def _balance(
    figures: Figures, name: str, nodes: Sequence[NodeState], origin: Origin
) -> LoadBalancingMetrics:
    gaps, identity = Gaps(), pool_id(origin.orchestrator, name)
    usable = [node for node in nodes if node.ready and node.schedulable]
    loads = over(
        lambda found: {node.uid: _load(found, node).share_of(node) for node in usable},
        figures.loads,
    )
    bound = over(
        lambda found: [float(sum(each.pod.node == node.name for each in found)) for node in usable],
        figures.bound,
    )
    even = over(
        lambda counts: jain_index(counts) or Missing("no pod was placed in the interval"), bound
    )
    record = LoadBalancingMetrics(
        id=sample_id(identity, "load-balancing", origin.now),
        orchestrator_id=origin.orchestrator,
        pool_id=identity,
        collected_at=origin.now,
        algorithm=LoadBalancingAlgorithm.CUSTOM,
        distribution=build_distribution(loads, UNIT, NOT_MOVED, gaps),
        efficiency=build_efficiency(
            loads,
            Missing("start times by node are not kept"),
            even,
            over(lambda found: _even_use(found, usable), figures.loads),
            gaps,
        ),
        health_checks=gaps.fill(
            HealthCheckMetrics,
            "/healthChecks",
            NOT_TOLD,
            healthy_targets=sum(node.ready for node in nodes),
            unhealthy_targets=sum(not node.ready for node in nodes),
        ),
        failover=gaps.fill(
            FailoverMetrics,
            "/failover",
            NOT_TOLD,
            failovers=over(lambda tally: tally.lost_nodes, figures.snapshot.happened),
        ),
    )
    metadata = origin.metadata(gaps, {"pool": name}, algorithm="filter and score")
    return record.model_copy(update={"metadata": metadata})


def _even_use(loads: Mapping[str, Load], nodes: Sequence[NodeState]) -> float | Missing:
    """Jain's index of the memory that is asked for."""
    shares = [
        _load(loads, node).memory_bytes / node.memory_bytes for node in nodes if node.memory_bytes
    ]
    return jain_index(shares) or Missing("no memory is asked for")
