"""From a snapshot to the records. Pure: the same snapshot gives the same batch.

agents/kubernetes/README.md lists every field with its source; `Gaps` collects the reasons of those
that stay null. Scores and trailing windows are left to the runner.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agents.collector import Batch
from agents.components import Part, component_records
from agents.kubernetes.config import KubernetesConfig
from agents.kubernetes.coordination import build_coordination, fresh_leases
from agents.kubernetes.decisions import build_decisions
from agents.kubernetes.figures import Figures, oldest_of
from agents.kubernetes.nodes import build_balances, build_pools
from agents.kubernetes.snapshot import Readiness, Snapshot
from agents.kubernetes.state import PodState
from agents.missing import Gaps, Missing, combine, estimated, known_or, over
from agents.origin import Origin
from agents.pools import free_slots
from agents.waits import scheduling_fields
from contracts.health import (
    ComponentIssue,
    ComponentStatus,
    ComponentType,
    HealthStatus,
    OrchestratorHealth,
)
from contracts.identity import queue_id
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    OrchestratorType,
    PersistenceMetrics,
    QueueInfo,
    QueueMetrics,
    QueueType,
    ScalingMetrics,
    SchedulingPerformance,
)

__all__ = ["translate"]

HEALTHY, DEGRADED, UNHEALTHY = ComponentStatus
NOT_MEASURED = Missing("the API server does not tell it; its own metrics are not read")
NO_SCALING = "what scales the nodes is not read"
ALGORITHM = "default-scheduler (filter and score)"
SCHEDULER = "kube-scheduler"
UNREADY_RATIO = 0.05
"""Judgement: more than one node in twenty that is not ready is a trouble of the cluster."""


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
        health=_health(figures, gaps),
        capacity=_capacity(figures, gaps),
        scheduling=_scheduling(figures, gaps),
        queuing=_queuing(figures, orchestrator, gaps),
        execution=_execution(figures, gaps),
        resources=gaps.take("/resources", NOT_MEASURED),
        networking=gaps.take("/networking", NOT_MEASURED),
        persistence=gaps.fill(
            PersistenceMetrics, "/persistence", NOT_MEASURED.reason, store="etcd"
        ),
    )
    return Batch(
        record,
        build_pools(figures, origin),
        build_balances(figures, origin),
        build_coordination(figures, origin),
        build_decisions(figures, orchestrator),
    )


def _health(figures: Figures, gaps: Gaps) -> OrchestratorHealth:
    snapshot = figures.snapshot
    parts = [_api(snapshot), _database(snapshot), _scheduler(figures), _nodes(figures)]
    return gaps.fill(
        OrchestratorHealth,
        "/health",
        status=HealthStatus.HEALTHY,
        health_score=None,
        components=component_records([*parts, _pending(figures)], snapshot.now, gaps),
        last_health_check=snapshot.now,
        uptime=Missing("Kubernetes does not tell when its control plane started"),
        restarts=over(_restarts, snapshot.pods),
        errors=snapshot.log.errors(snapshot.now),
        warnings=_warnings(figures),
    )


def _api(snapshot: Snapshot) -> Part:
    readiness = snapshot.readiness
    issues = tuple(
        ComponentIssue(code="not_ready", message=line) for line in known_or(_failing(readiness), ())
    )
    status = over(lambda each: HEALTHY if each.ok else UNHEALTHY, readiness)
    return Part(
        "api",
        ComponentType.API,
        status,
        snapshot.readiness_ms,
        NOT_MEASURED,
        NOT_MEASURED,
        issues,
    )


def _failing(readiness: Readiness | Missing) -> Sequence[str] | Missing:
    return over(lambda each: each.failing, readiness)


def _database(snapshot: Snapshot) -> Part:
    """The API server's own check of etcd."""
    bad = over(
        lambda lines: [line for line in lines if "etcd" in line], _failing(snapshot.readiness)
    )
    return Part(
        "etcd",
        ComponentType.DATABASE,
        over(lambda lines: UNHEALTHY if lines else HEALTHY, bad),
        NOT_MEASURED,
        NOT_MEASURED,
        NOT_MEASURED,
        tuple(ComponentIssue(code="not_ready", message=line) for line in known_or(bad, ())),
    )


def _scheduler(figures: Figures) -> Part:
    """Alive while its lease is renewed. A cluster that hides its lease tells by what it binds."""
    leases = fresh_leases(figures)
    status = over(
        lambda fresh: (
            Missing("its lease is not in kube-system")
            if SCHEDULER not in fresh
            else HEALTHY
            if fresh[SCHEDULER]
            else UNHEALTHY
        ),
        leases,
    )
    stale = status is UNHEALTHY
    return Part(
        "scheduler",
        ComponentType.SCHEDULER,
        status,
        over(lambda waits: waits.mean_ms, figures.waits),
        figures.bind_rate,
        Missing("failed attempts are not counted without the scheduler's metrics"),
        (ComponentIssue(code="lease_expired", message="nobody renews its lease"),) if stale else (),
    )


def _nodes(figures: Figures) -> Part:
    nodes = figures.snapshot.nodes
    lost = [node.name for node in known_or(nodes, ()) if not node.ready]
    some = known_or(over(len, nodes), 0)
    trouble = UNHEALTHY if lost and len(lost) == some else DEGRADED
    tolerable = not lost or len(lost) / max(1, some) <= UNREADY_RATIO
    return Part(
        "nodes",
        ComponentType.EXECUTOR,
        over(lambda _: HEALTHY if tolerable else trouble, nodes),
        NOT_MEASURED,
        combine(
            lambda tally, seconds: tally.pods_ended.total() / seconds,
            figures.snapshot.happened,
            figures.snapshot.seconds,
        ),
        figures.failure_rate,
        tuple(
            ComponentIssue(code="not_ready", message=f"the node {name} is not ready")
            for name in lost[:20]
        ),
    )


def _pending(figures: Figures) -> Part:
    """Pods that no node suits wait until somebody does something about it."""
    stuck = over(lambda pods: sum(pod.unschedulable is not None for pod in pods), figures.waiting)
    reasons = ", ".join(list(known_or(figures.reasons, {}))[:3])
    issues = (
        ComponentIssue(
            code="unschedulable", message=f"{known_or(stuck, 0)} pods suit no node: {reasons}"
        ),
    )
    return Part(
        "pending pods",
        ComponentType.QUEUE,
        over(lambda count: DEGRADED if count else HEALTHY, stuck),
        over(lambda waits: waits.mean_ms, figures.waits),
        figures.bind_rate,
        Missing("a pod that waits has not failed"),
        issues if known_or(stuck, 0) else (),
    )


def _restarts(pods: Sequence[PodState]) -> int | Missing:
    """Of the control plane, where its pods are shown."""
    own = [
        pod
        for pod in pods
        if pod.namespace == "kube-system" and pod.name.startswith(("kube-", "etcd"))
    ]
    if not own:
        return Missing("the control plane's pods are not shown by this cluster")
    return sum(pod.restarts for pod in own)


def _warnings(figures: Figures) -> tuple[str, ...]:
    nodes = known_or(figures.snapshot.nodes, ())
    warnings = [
        f"the node {node.name} has {', '.join(node.pressures)}" for node in nodes if node.pressures
    ]
    looping = known_or(figures.looping, 0)
    if looping:
        warnings.append(f"{looping} pods cannot start a container, again and again")
    return (*warnings[:50], *figures.snapshot.log.unsupported.values())


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
        scaling_metrics=gaps.fill(ScalingMetrics, "/capacity/scalingMetrics", NO_SCALING),
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


def _queuing(figures: Figures, orchestrator: UUID, gaps: Gaps) -> QueueMetrics:
    waits = over(lambda each: each.mean_ms, figures.waits)
    held = combine(lambda waiting, placed: waiting + placed, figures.backlog, figures.used_slots)
    return gaps.fill(
        QueueMetrics,
        "/queuing",
        queues=over(lambda pods: _queues(figures, pods, orchestrator, gaps), figures.waiting),
        total_messages=held,
        processing_rate=figures.bind_rate,
        backlog_size=figures.backlog,
        avg_wait_time=waits,
        max_wait_time=figures.longest_wait_ms,
        dead_letter_count=figures.given_up,
        poison_message_count=figures.looping,
        queue_latency=waits,
        throughput=figures.bind_rate,
    )


def _queues(
    figures: Figures, pods: Sequence[PodState], orchestrator: UUID, gaps: Gaps
) -> tuple[QueueInfo, ...]:
    """One for each priority class that waits or was placed."""
    by_class: dict[str, list[PodState]] = defaultdict(list)
    for pod in pods:
        by_class[pod.priority_class or str(pod.priority)].append(pod)
    bound = Counter(
        each.pod.priority_class or str(each.pod.priority) for each in known_or(figures.bound, ())
    )
    names = sorted(by_class.keys() | bound.keys() | {"0"})
    infos = tuple(
        gaps.fill(
            QueueInfo,
            f"/queuing/queues/{index}",
            id=queue_id(orchestrator, f"pending/{name}"),
            name=f"pending/{name}",
            type=QueueType.PRIORITY,
            size=len(by_class[name]),
            consumers=over(len, figures.usable),
            processing_rate=_rate(bound[name], figures),
            arrival_rate=Missing("pods that came are not counted by their class"),
            error_rate=Missing("a pod that waits has not failed"),
            avg_processing_time=Missing("pods run as long as they like"),
            oldest_message=oldest_of(by_class[name]),
            in_flight=Missing("a pod that has its node is in no queue"),
            priority_levels={name: len(by_class[name])},
        )
        for index, name in enumerate(names)
    )
    gaps.shorten("/queuing/queues", len(infos))
    return infos


def _rate(count: int, figures: Figures) -> float | Missing:
    return over(lambda seconds: count / seconds, figures.snapshot.seconds)


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
        "failingChecks": list(known_or(_failing(snapshot.readiness), ())),
        "utilization": known_or(over(dict, figures.shares), None),
        "podsByPhase": dict(sorted(Counter(pod.phase for pod in pods).items())),
        "pendingReasons": known_or(over(dict, figures.reasons), None),
        "gatedPods": sum(pod.gated for pod in pods),
        "oomKilledPods": sum(pod.oom_killed for pod in pods),
        "evictedPods": sum(pod.evicted for pod in pods),
        "latencySamples": len(bound),
        "latencyByWatch": sum(each.by_watch for each in bound),
        "podsStarted": known_or(over(lambda tally: tally.started, snapshot.happened), None),
        "nodesLost": known_or(over(lambda tally: tally.lost_nodes, snapshot.happened), None),
        "relists": snapshot.relists,
        "versions": sorted({node.version for node in known_or(snapshot.nodes, ())}),
    }
