"""Pods at work as workers, a pool for each namespace, and how they lie on nodes."""

from collections import Counter
from collections.abc import Mapping, Sequence

from agents.argo.figures import Figures
from agents.argo.state import StepPod
from agents.balance import build_distribution, build_efficiency
from agents.missing import Gaps, Missing, combine, known_or, over
from agents.origin import Origin
from agents.pools import Pool, build_pool
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
ONE_TASK = "a pod does one step and is gone"
ELASTIC = Missing("a pod is made for each step: there is no number of slots")
UNTOLD = {
    "tasks_completed": ONE_TASK,
    "tasks_failed": ONE_TASK,
    "cpu_usage": "metrics.k8s.io is read by the Kubernetes agent, of nodes",
    "memory_usage": "metrics.k8s.io is read by the Kubernetes agent, of nodes",
    "disk_usage": NOT_TOLD,
    "network_usage": NOT_TOLD,
    "uptime": "the pod has not started yet",
    "last_heartbeat": "pods send none",
}
NO_PODS: Mapping[str, Sequence[StepPod]] = {}


def build_pools(figures: Figures, origin: Origin) -> tuple[WorkerPoolMetrics, ...]:
    """One record for each namespace in which steps run."""
    groups = known_or(figures.namespaces, NO_PODS)
    return tuple(build_pool(_pool(figures, *group), origin) for group in groups.items())


def _pool(figures: Figures, name: str, pods: Sequence[StepPod]) -> Pool:
    started = over(lambda bound: sum(each.pod.namespace == name for each in bound), figures.placed)
    return Pool(
        name=name,
        worker_type="pod",
        workers=[_worker(figures, pod) for pod in pods],
        otherwise=NOT_TOLD,
        untold=UNTOLD,
        health={
            "failure_rate": Missing("ends of pods are counted by node, not by namespace"),
            "restart_count": sum(pod.restarts for pod in pods),
            "resource_exhaustion": sum(pod.oom_killed for pod in pods),
        },
        usage={"used_slots": len(pods), "total_slots": ELASTIC},
        performance={
            "throughput": combine(
                lambda count, seconds: count / seconds, started, figures.snapshot.seconds
            ),
            "error_rate": Missing("ends of pods are counted by node, not by namespace"),
            "utilization": ELASTIC,
        },
        details={"namespace": name},
    )


def _worker(figures: Figures, pod: StepPod) -> WorkerInstance:
    since = pod.ready
    return WorkerInstance(
        id=pod.uid,
        hostname=pod.node,
        status=_status(pod),
        current_task=pod.workflow,
        uptime=max(0.0, (figures.snapshot.at - since).total_seconds()) if since else None,
        used_slots=1,
        total_slots=1,
        labels={"pod": pod.name},
    )


def _status(pod: StepPod) -> WorkerStatus:
    if pod.stuck is not None:
        return WorkerStatus.FAILED
    if pod.deleted:
        return WorkerStatus.TERMINATING
    return WorkerStatus.BUSY if pod.phase == "Running" else WorkerStatus.ACTIVE


def build_balances(figures: Figures, origin: Origin) -> tuple[LoadBalancingMetrics, ...]:
    """One record for each namespace: pods on each node that has any."""
    groups = known_or(figures.namespaces, NO_PODS)
    return tuple(_balance(*group, origin) for group in groups.items())


def _balance(name: str, pods: Sequence[StepPod], origin: Origin) -> LoadBalancingMetrics:
    gaps, identity = Gaps(), pool_id(origin.orchestrator, name)
    loads = {node: float(count) for node, count in Counter(pod.node or "" for pod in pods).items()}
    stuck = sum(pod.stuck is not None for pod in pods)
    record = LoadBalancingMetrics(
        id=sample_id(identity, "load-balancing", origin.now),
        orchestrator_id=origin.orchestrator,
        pool_id=identity,
        collected_at=origin.now,
        algorithm=LoadBalancingAlgorithm.CUSTOM,
        distribution=build_distribution(
            loads, "pods", Missing("pods do not move"), gaps, in_shares=False
        ),
        efficiency=build_efficiency(
            loads, Missing(NOT_TOLD), Missing(NOT_TOLD), Missing(NOT_TOLD), gaps
        ),
        health_checks=gaps.fill(
            HealthCheckMetrics,
            "/healthChecks",
            NOT_TOLD,
            healthy_targets=len(pods) - stuck,
            unhealthy_targets=stuck,
        ),
        failover=gaps.fill(FailoverMetrics, "/failover", NOT_TOLD),
    )
    metadata = origin.metadata(gaps, {"namespace": name}, algorithm="the scheduler of Kubernetes")
    return record.model_copy(update={"metadata": metadata})
