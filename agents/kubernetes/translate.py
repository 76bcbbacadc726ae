"""From a snapshot to the records. Pure: the same snapshot gives the same batch.

agents/kubernetes/README.md lists every field with its source; `Gaps` collects the reasons of those
that stay null. Scores and trailing windows are left to the runner.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agents.collector import Batch
from agents.kubernetes.cluster_queues import local_queues
from agents.kubernetes.config import KubernetesConfig
from agents.kubernetes.coordination import build_coordination
from agents.kubernetes.decisions import build_decisions
from agents.kubernetes.figures import Figures
from agents.kubernetes.health import build_health, failing_checks
from agents.kubernetes.leases import build_lease_events
from agents.kubernetes.node_scaling import build_scaling
from agents.kubernetes.nodes import build_balances, build_pools
from agents.kubernetes.queues import build_queuing
from agents.kubernetes.scalers import ScalerState
from agents.kubernetes.snapshot import Snapshot
from agents.kubernetes.state import PodState
from agents.kubernetes.workload_pools import build_workload_pools
from agents.missing import Gaps, Missing, estimated, known_or, over
from agents.origin import Origin
from agents.pools import free_slots
from agents.waits import scheduling_fields
from analytics.histogram import count, mean, percentile
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    LatencyHistogram,
    NetworkMetrics,
    OrchestratorType,
    PersistenceMetrics,
    ResourceAllocation,
    SchedulingPerformance,
)

__all__ = ["translate"]

NOT_TOLD = "the API server does not tell it"
ALGORITHM = "default-scheduler (filter and score)"


def translate(snapshot: Snapshot, config: KubernetesConfig, orchestrator: UUID) -> Batch:
    """The record of the cluster and one for each group of nodes."""
    figures = Figures(snapshot, config)
    origin = Origin(
        OrchestratorType.KUBERNETES,
        orchestrator,
        config,
        snapshot.now,
        snapshot.log,
        snapshot.took_ms,
        {"kubernetes": known_or(snapshot.version, "unknown")},
    )
    gaps = Gaps()
    record = origin.record(
        gaps,
        _details(figures),
        health=build_health(figures, gaps),
        capacity=_capacity(figures, gaps),
        scheduling=_scheduling(figures, gaps),
        queuing=build_queuing(figures, orchestrator, gaps),
        execution=_execution(figures, gaps),
        resources=_resources(figures, gaps),
        networking=gaps.fill(
            NetworkMetrics,
            "/networking",
            NOT_TOLD,
            pending_requests=snapshot.control.in_flight,
        ),
        persistence=_persistence(figures, gaps),
    )
    return Batch(
        record,
        (*build_pools(figures, origin), *build_workload_pools(figures, origin)),
        build_balances(figures, origin),
        build_coordination(figures, origin),
        (
            *build_decisions(figures, orchestrator),
            *build_lease_events(snapshot.lease_events, orchestrator),
        ),
    )


def _capacity(figures: Figures, gaps: Gaps) -> CapacityMetrics:
    free = free_slots(figures.total_slots, figures.used_slots)
    return gaps.fill(
        CapacityMetrics,
        "/capacity",
        total_slots=figures.total_slots,
        available_slots=free,
        used_slots=figures.used_slots,
        pending_workflows=figures.jobs_in("waiting"),
        running_workflows=figures.jobs_in("running"),
        completed_workflows=figures.jobs_ended("complete"),
        failed_workflows=figures.jobs_ended("failed"),
        capacity_utilization=figures.utilization,
        active_workers=over(
            lambda nodes: sum(node.ready for node in nodes), figures.snapshot.nodes
        ),
        scaling_metrics=build_scaling(figures, gaps),
    )


def _scheduling(figures: Figures, gaps: Gaps) -> SchedulingPerformance:
    return gaps.fill(
        SchedulingPerformance,
        "/scheduling",
        **scheduling_fields(figures.waits),
        scheduling_throughput=figures.bind_rate,
        scheduling_failures=over(lambda tally: tally.unschedulable, figures.snapshot.happened),
        queue_depth=figures.backlog,
        priority_distribution=over(_by_class, figures.waiting),
        affinity_violations=estimated(figures.misplaced),
        resource_contentions=estimated(figures.short_of),
        scheduling_algorithm=ALGORITHM,
    )


def _by_class(pods: Sequence[PodState]) -> dict[str, int]:
    counts = Counter(pod.priority_class or str(pod.priority) for pod in pods)
    return dict(sorted(counts.items()))


def _resources(figures: Figures, gaps: Gaps) -> ResourceAllocation:
    """Of the processes that are read: others of the control plane may not be seen."""
    control = figures.snapshot.control
    return gaps.fill(
        ResourceAllocation,
        "/resources",
        cpu_cores=estimated(control.cpu_cores),
        memory_bytes=estimated(control.process_sum("process_resident_memory_bytes")),
        tasks=estimated(over(round, control.process_sum("go_goroutines"))),
    )


def _persistence(figures: Figures, gaps: Gaps) -> PersistenceMetrics:
    storage = figures.snapshot.control.storage
    return gaps.fill(
        PersistenceMetrics,
        "/persistence",
        NOT_TOLD,
        store="etcd",
        visibility_store=Missing("there is no other store"),
        latency=storage.latency_ms,
        request_rate=storage.throughput,
        error_rate=storage.error_rate,
        shards=Missing("etcd is not divided"),
        retention_s=Missing("each kind has its own"),
    )


def _execution(figures: Figures, gaps: Gaps) -> ExecutionMetrics:
    return gaps.fill(
        ExecutionMetrics,
        "/execution",
        completed_workflows=figures.jobs_ended("complete"),
        failed_workflows=figures.jobs_ended("failed"),
        canceled_workflows=Missing("a job that is deleted leaves no word"),
        retried_tasks=over(
            lambda tally: tally.pods_ended["Failed", "Job"], figures.snapshot.happened
        ),
        avg_duration=figures.job_ms,
        interval_s=figures.snapshot.seconds,
    )


def _details(figures: Figures) -> dict[str, Any]:
    """What Kubernetes tells beyond the shared vocabulary."""
    snapshot = figures.snapshot
    pods = known_or(snapshot.pods, ())
    bound = known_or(figures.bound, ())
    return {
        "clusterId": known_or(snapshot.cluster, None),
        "clockSkewS": (snapshot.at - snapshot.now).total_seconds(),
        "failingChecks": list(known_or(failing_checks(snapshot), ())),
        "utilization": known_or(over(dict, figures.shares), None),
        "podsByPhase": dict(sorted(Counter(pod.phase for pod in pods).items())),
        "pendingReasons": known_or(over(dict, figures.reasons), None),
        "gatedPods": sum(pod.gated for pod in pods),
        "oomKilledPods": sum(pod.oom_killed for pod in pods),
        "evictedPods": sum(pod.evicted for pod in pods),
        "latencySamples": len(bound),
        "latencyPrecision": dict(Counter(each.precision for each in bound)),
        "waits": _waits(figures),
        "warningEvents": known_or(over(dict, figures.warning_events), None),
        "autoscalers": known_or(over(_autoscalers, snapshot.extras.scalers), None),
        "localQueues": local_queues(figures),
        "podsStarted": known_or(over(lambda tally: tally.started, snapshot.happened), None),
        "nodesLost": known_or(over(lambda tally: tally.lost_nodes, snapshot.happened), None),
        "relists": snapshot.relists,
        "controlPlane": _control_plane(figures),
        "versions": sorted({node.version for node in known_or(snapshot.nodes, ())}),
    }


def _control_plane(figures: Figures) -> dict[str, Any]:
    """What its parts say of themselves, by those that are read."""
    control = figures.snapshot.control
    return {
        "read": list(control.read),
        "schedulerQueues": known_or(over(dict, control.pending), None),
        "rejectedBy": known_or(over(dict, control.rejecting), None),
        "queueToNode": known_or(over(_summary, control.sli), None),
        **{name: known_or(rate, None) for name, rate in control.rates.items()},
    }


def _waits(figures: Figures) -> dict[str, Any] | None:
    """By what was waited for; null where nothing is known of the interval."""
    return known_or(
        over(
            lambda causes: {cause: waits.summary() for cause, waits in causes.items()},
            figures.waits_by_cause,
        ),
        None,
    )


def _autoscalers(scalers: Sequence[ScalerState]) -> dict[str, int]:
    return {
        "count": len(scalers),
        "atMost": sum(each.wanted >= each.highest for each in scalers),
        "troubled": sum(each.troubled is not None for each in scalers),
    }


def _summary(histogram: LatencyHistogram) -> dict[str, float | int | None]:
    return {
        "count": count(histogram),
        "avgMs": mean(histogram),
        "p50Ms": percentile(histogram, 0.5),
        "p95Ms": percentile(histogram, 0.95),
    }
