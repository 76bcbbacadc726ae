"""Health of a controller and of what it depends on."""

from agents.argo.figures import Figures
from agents.argo.metrics import gauge_of, operation_ms, operations_failed, uptime_s
from agents.components import Part, component_records
from agents.missing import Gaps, Missing, combine, known_or, over
from contracts.health import (
    ComponentIssue,
    ComponentStatus,
    ComponentType,
    HealthStatus,
    OrchestratorHealth,
)

__all__ = ["build_health", "lease_is_fresh"]

HEALTHY, DEGRADED, UNHEALTHY = ComponentStatus
MOST_WARNINGS = 20
NOT_TOLD = Missing("the API does not tell it")
NO_LEASE = Missing("there is no lease of it: it runs without leader election")


def build_health(figures: Figures, gaps: Gaps) -> OrchestratorHealth:
    snapshot = figures.snapshot
    parts = [_controller(figures), _api(figures), _pods(figures)]
    if figures.config.server_url is not None:
        parts.append(_server(figures))
    return gaps.fill(
        OrchestratorHealth,
        "/health",
        status=HealthStatus.HEALTHY,
        health_score=None,
        components=component_records(parts, snapshot.now, gaps),
        last_health_check=snapshot.now,
        uptime=uptime_s(snapshot.metrics, snapshot.at),
        restarts=Missing("the controller's pods are not read"),
        errors=snapshot.log.errors(snapshot.now),
        warnings=_warnings(figures),
    )


def lease_is_fresh(figures: Figures) -> bool | Missing:
    """Whether some controller has renewed its lease in time."""
    snapshot = figures.snapshot
    return over(
        lambda leases: leases[0].is_fresh(snapshot.at) if leases else NO_LEASE, snapshot.leases
    )


def _controller(figures: Figures) -> Part:
    """Alive while its lease is renewed; without one, while its metrics answer."""
    fresh = lease_is_fresh(figures)
    alive = over(lambda _: True, figures.snapshot.metrics) if fresh is NO_LEASE else fresh
    status = over(lambda each: HEALTHY if each else UNHEALTHY, alive)
    stale = status is UNHEALTHY
    return Part(
        "workflow-controller",
        ComponentType.SCHEDULER,
        status,
        operation_ms(figures.snapshot.gained),
        figures.begin_rate,
        operations_failed(figures.snapshot.gained),
        (ComponentIssue(code="lease_expired", message="nobody renews its lease"),) if stale else (),
    )


def _api(figures: Figures) -> Part:
    return Part(
        "kubernetes api",
        ComponentType.API,
        HEALTHY,
        figures.snapshot.api_ms,
        Missing("the Kubernetes agent tells it"),
        Missing("the Kubernetes agent tells it"),
    )


def _server(figures: Figures) -> Part:
    took_ms = figures.snapshot.server_ms
    if not isinstance(took_ms, Missing):
        return Part("argo-server", ComponentType.API, HEALTHY, took_ms, NOT_TOLD, NOT_TOLD)
    issue = ComponentIssue(code="no_answer", message=took_ms.reason)
    return Part("argo-server", ComponentType.API, UNHEALTHY, took_ms, NOT_TOLD, NOT_TOLD, (issue,))


def _pods(figures: Figures) -> Part:
    """Degraded while pods of steps suit no node."""
    stuck = figures.stuck
    ended = over(lambda tally: tally.pods_ended, figures.snapshot.pods_happened)
    issue = ComponentIssue(
        code="unschedulable", message=f"{known_or(stuck, 0)} pods of steps suit no node"
    )
    return Part(
        "pods",
        ComponentType.EXECUTOR,
        over(lambda count: DEGRADED if count else HEALTHY, stuck),
        over(lambda waits: waits.mean_ms, figures.pod_waits),
        combine(lambda each, seconds: each.total() / seconds, ended, figures.snapshot.seconds),
        over(
            lambda each: (
                sum(count for (phase, _), count in each.items() if phase == "Failed") / each.total()
                if each.total()
                else Missing("no pod ended in the interval")
            ),
            ended,
        ),
        (issue,) if known_or(stuck, 0) else (),
    )


def _warnings(figures: Figures) -> tuple[str, ...]:
    warnings = [
        f"{count} workflows: {why}" for why, count in known_or(figures.unread_steps, {}).items()
    ]
    warnings += [
        f"{name} makes no workflows: {why}"
        for name, why in (
            (each.name, each.error) for each in known_or(figures.snapshot.crons, ()) if each.error
        )
    ][:MOST_WARNINGS]
    leader = gauge_of(figures.snapshot.metrics, "leader")
    if known_or(leader, 1.0) == 0:
        warnings.append("the controller whose metrics are read does not lead: it has no figures")
    return (*warnings, *figures.snapshot.log.unsupported.values())
