"""Health of the parts of a cluster: by their checks, their leases and their own metrics."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from agents.components import Part, component_records, worst
from agents.kubernetes.coordination import fresh_leases
from agents.kubernetes.figures import Figures
from agents.kubernetes.scalers import ScalerState
from agents.kubernetes.snapshot import Readiness, Snapshot
from agents.kubernetes.state import PodState
from agents.missing import Gaps, Missing, combine, known_or, over
from contracts.health import (
    ComponentIssue,
    ComponentStatus,
    ComponentType,
    HealthStatus,
    OrchestratorHealth,
)

__all__ = ["build_health", "failing_checks"]

HEALTHY, DEGRADED, UNHEALTHY = ComponentStatus
MOST_EVENTS = 20
UNREADY_RATIO = 0.05
"""Judgement: more than one node in twenty that is not ready is a trouble of the cluster."""


def build_health(figures: Figures, gaps: Gaps) -> OrchestratorHealth:
    snapshot = figures.snapshot
    parts = [
        _api(snapshot),
        _database(snapshot),
        _scheduler(figures),
        _controllers(figures),
        _nodes(figures),
        _pending(figures),
    ]
    return gaps.fill(
        OrchestratorHealth,
        "/health",
        status=HealthStatus.HEALTHY,
        health_score=None,
        components=component_records(parts, snapshot.now, gaps),
        last_health_check=snapshot.now,
        uptime=over(lambda since: _age_s(since, snapshot.at), snapshot.control.started_s),
        restarts=over(_restarts, snapshot.pods),
        errors=snapshot.log.errors(snapshot.now),
        warnings=_warnings(figures),
    )


def failing_checks(snapshot: Snapshot) -> Sequence[str] | Missing:
    """Lines of /readyz?verbose that say what is not well."""
    readiness: Readiness | Missing = snapshot.readiness
    return over(lambda each: each.failing, readiness)


def _age_s(since_s: float, at: datetime) -> float:
    return max(0.0, (at - datetime.fromtimestamp(since_s, UTC)).total_seconds())


def _api(snapshot: Snapshot) -> Part:
    """Its latency is its own where it tells, else the round trip of our probe."""
    traffic = snapshot.control.requests
    lines = known_or(failing_checks(snapshot), ())
    ready = over(lambda each: HEALTHY if each.ok else UNHEALTHY, snapshot.readiness)
    own = traffic.latency_ms
    return Part(
        "api",
        ComponentType.API,
        worst(ready, traffic.status),
        snapshot.readiness_ms if isinstance(own, Missing) else own,
        traffic.throughput,
        traffic.error_rate,
        (*_not_ready(lines), *traffic.issues),
    )


def _not_ready(lines: Sequence[str]) -> tuple[ComponentIssue, ...]:
    return tuple(ComponentIssue(code="not_ready", message=line) for line in lines)


def _database(snapshot: Snapshot) -> Part:
    """The API server's own checks of etcd, and what it counts of its requests to it."""
    traffic = snapshot.control.storage
    bad = over(lambda lines: [line for line in lines if "etcd" in line], failing_checks(snapshot))
    return Part(
        "etcd",
        ComponentType.DATABASE,
        worst(over(lambda lines: UNHEALTHY if lines else HEALTHY, bad), traffic.status),
        traffic.latency_ms,
        traffic.throughput,
        traffic.error_rate,
        (*_not_ready(known_or(bad, ())), *traffic.issues),
    )


def _scheduler(figures: Figures) -> Part:
    """Its own metrics where they are read, else what the watch sees it do."""
    attempts = figures.snapshot.control.attempts
    status, issues = _by_lease(figures, "kube-scheduler")
    own = attempts.latency_ms
    seen = over(lambda waits: waits.mean_ms, figures.waits)
    return Part(
        "scheduler",
        ComponentType.SCHEDULER,
        worst(status, attempts.status),
        seen if isinstance(own, Missing) else own,
        figures.bind_rate,
        attempts.error_rate,
        (*issues, *attempts.issues),
    )


def _controllers(figures: Figures) -> Part:
    work = figures.snapshot.control.reconciling
    status, issues = _by_lease(figures, "kube-controller-manager")
    return Part(
        "controller-manager",
        ComponentType.EXECUTOR,
        status,
        work.latency_ms,
        work.throughput,
        Missing("controllers count what they try again, not what failed"),
        issues,
    )


def _by_lease(
    figures: Figures, name: str
) -> tuple[ComponentStatus | Missing, tuple[ComponentIssue, ...]]:
    """Alive while its lease is renewed; a cluster may hide that lease."""
    status = over(
        lambda fresh: (
            Missing("its lease is not in kube-system")
            if name not in fresh
            else HEALTHY
            if fresh[name]
            else UNHEALTHY
        ),
        fresh_leases(figures),
    )
    stale = ComponentIssue(code="lease_expired", message="nobody renews its lease")
    return status, (stale,) if status is UNHEALTHY else ()


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
        Missing("what a kubelet needs is not measured"),
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
    events = Counter(known_or(figures.warning_events, {})).most_common(MOST_EVENTS)
    return (
        *warnings[:50],
        *(f"events: {count} {name}" for name, count in events),
        *_scaler_warnings(known_or(figures.snapshot.extras.scalers, ())),
        *figures.snapshot.log.unsupported.values(),
    )


def _scaler_warnings(scalers: Sequence[ScalerState]) -> Iterator[str]:
    for each in scalers:
        if each.troubled is not None:
            yield f"the autoscaler of {each.target} does not work: {each.troubled}"
        elif each.limited and each.wanted >= each.highest:
            yield f"the autoscaler of {each.target} may not go beyond {each.highest}"
