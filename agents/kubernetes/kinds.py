"""What is watched of a cluster: one list of what every cluster has, one of what some have."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from agents.calls import CallLog
from agents.kube.informer import Kind
from agents.kube.watches import Extra, Watches
from agents.kubernetes.config import KubernetesConfig
from agents.kubernetes.happenings import Happenings, KubeEvent, happening
from agents.kubernetes.kueue import (
    ClusterQueue,
    KueueWorkload,
    LocalQueue,
    cluster_queue_state,
    local_queue_state,
    quota_state,
)
from agents.kubernetes.leases import LeaseTrail
from agents.kubernetes.scalers import (
    Autoscaler,
    MachineDeployment,
    NodeClaim,
    NodePool,
    claim_pool,
    machine_limits,
    node_pool_limits,
    scaler_state,
)
from agents.kubernetes.snapshot import Extras
from agents.kubernetes.state import (
    job_state,
    lease_state,
    node_state,
    pod_state,
    pod_state_with_workload,
)
from agents.kubernetes.tally import Tally
from agents.kubernetes.wire import Job, Lease, Node, Pod
from agents.kubernetes.workloads import Workload, workload_keeper
from agents.missing import Missing, combine, known_or

__all__ = ["JOBS", "LEASES", "NODES", "PODS", "always", "extras", "kept_extras"]

NODES = Kind("nodes", "/api/v1/nodes", Node, node_state)
PODS = Kind("pods", "/api/v1/pods", Pod, pod_state)
JOBS = Kind("jobs", "/apis/batch/v1/jobs", Job, job_state)
LEASES = Kind(
    "leases", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases", Lease, lease_state
)

Some = Sequence[Any] | Missing
Watched = tuple[Kind[Any, Any], Callable[[Any, Any], None] | None]


def always(config: KubernetesConfig, tally: Tally, trail: LeaseTrail) -> Sequence[Watched]:
    """Without any of these the record has gaps, and says so as an error."""
    pods = replace(PODS, keep=pod_state_with_workload) if config.workload_selector else PODS
    return ((NODES, tally.node), (pods, tally.pod), (JOBS, tally.job), (LEASES, trail.change))


def extras(config: KubernetesConfig, tally: Tally) -> Sequence[Extra]:
    """Watched where the server offers them and the account may read them."""
    return (
        *_events(tally.happenings),
        Extra(
            "autoscalers",
            "autoscaling",
            ("v2",),
            "horizontalpodautoscalers",
            Autoscaler,
            scaler_state,
            tally.scaler,
        ),
        *(_workloads(config.workload_selector) if config.workload_selector else ()),
        *_kueue(tally),
        Extra("node pools", "karpenter.sh", ("v1",), "nodepools", NodePool, node_pool_limits),
        Extra("node claims", "karpenter.sh", ("v1",), "nodeclaims", NodeClaim, claim_pool),
        Extra(
            "machine deployments",
            "cluster.x-k8s.io",
            ("v1beta2", "v1beta1"),
            "machinedeployments",
            MachineDeployment,
            machine_limits,
        ),
    )


def _events(told: Happenings) -> Iterable[Extra]:
    """There may be a hundred thousand of them: none is kept."""
    for name, selector, on_change in (
        ("warning events", "type=Warning", told.warned),
        ("scheduled events", "reason=Scheduled", told.placed),
    ):
        yield Extra(
            name,
            "events.k8s.io",
            ("v1",),
            "events",
            KubeEvent,
            happening,
            on_change,
            {"fieldSelector": selector},
            followed=True,
        )


def _workloads(selector: str) -> Iterable[Extra]:
    for kind in ("deployment", "statefulset"):
        name, keep = f"{kind}s", workload_keeper(kind)
        chosen = {"labelSelector": selector}
        yield Extra(name, "apps", ("v1",), name, Workload, keep, params=chosen)


def _kueue(tally: Tally) -> Iterable[Extra]:
    group, versions = "kueue.x-k8s.io", ("v1beta2", "v1beta1")
    yield Extra(
        "cluster queues", group, versions, "clusterqueues", ClusterQueue, cluster_queue_state
    )
    yield Extra("local queues", group, versions, "localqueues", LocalQueue, local_queue_state)
    yield Extra(
        "workloads", group, versions, "workloads", KueueWorkload, quota_state, tally.workload
    )


def kept_extras(watches: Watches, config: KubernetesConfig, log: CallLog) -> Extras:
    """What is known of them now."""

    def kept(name: str) -> Sequence[Any] | Missing:
        return watches.kept(name, log)

    kept("scheduled events")  # nothing is missing without them, but that they are deaf is told
    return Extras(
        warnings=kept("warning events"),
        scalers=kept("autoscalers"),
        workloads=_both(kept("deployments"), kept("statefulsets"))
        if config.workload_selector
        else Missing("workload_selector is not set"),
        cluster_queues=kept("cluster queues"),
        local_queues=kept("local queues"),
        quota_waits=kept("workloads"),
        node_limits=_either(kept("node pools"), kept("machine deployments")),
        node_claims=kept("node claims"),
    )


def _both(some: Some, others: Some) -> Some:
    return combine(lambda first, second: [*first, *second], some, others)


def _either(some: Some, others: Some) -> Some:
    """A cluster has the one or the other; both are unknown only where neither is told."""
    if isinstance(some, Missing) and isinstance(others, Missing):
        return some
    return [*known_or(some, ()), *known_or(others, ())]
