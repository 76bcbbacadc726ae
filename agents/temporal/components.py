"""The components of a Temporal cluster and what is wrong with them.

Without the metrics endpoints only what answers a call is known: the frontend, matching
(through DescribeTaskQueue) and the queues.
"""

from collections.abc import Callable, Mapping

from agents.components import SEVERITY, Part, Traffic, by_traffic, component_records, worst
from agents.increases import Increase
from agents.missing import Gaps, Missing, combine, over
from agents.temporal.figures import Figures
from agents.temporal.queues import QueueView
from agents.temporal.snapshot import Snapshot
from contracts.health import ComponentHealth, ComponentIssue, ComponentStatus, ComponentType

__all__ = ["build_components", "database_traffic", "orphaned", "service_traffic"]

WAITING_OPERATIONS = frozenset(
    {
        "AddActivityTask",
        "AddWorkflowTask",
        "GetReplicationMessages",
        "GetTaskQueueUserData",
        "GetWorkflowExecutionHistory",
        "ListNexusEndpoints",
        "QueryWorkflow",
        "UpdateWorkflowExecution",
    }
)
"""Calls that last as long as somebody else lets them wait: no measure of the service."""

HARMLESS = ("NotFound", "ConditionFailed")
"""Parts of the persistence errors that belong to ordinary operation."""

ASKED_MATCHING = "DescribeTaskQueue"
DOWN = frozenset({"internal", "timeout", "unreachable"})


def service_traffic(gains: Increase | Missing, service: str) -> Traffic:
    """Requests to one of the server's services, long polls left out."""

    def mine(labels: Mapping[str, str]) -> bool:
        polls = labels.get("operation", "").startswith("Poll")
        return labels.get("service_name") == service and not polls

    def prompt(labels: Mapping[str, str]) -> bool:
        return mine(labels) and labels.get("operation") not in WAITING_OPERATIONS

    def shown(found: Increase) -> Increase | Missing:
        series = found.gains.get("service_requests", {})
        if any(dict(labels).get("service_name") == service for labels in series):
            return found
        return Missing(f"no endpoint of metrics_urls shows the {service} service")

    gains = over(shown, gains)
    return Traffic(
        over(lambda found: found.mean_ms("service_latency", prompt), gains),
        over(lambda found: found.count("service_requests", mine), gains),
        over(lambda found: found.count("service_errors", mine), gains),
        over(lambda found: found.seconds, gains),
    )


def database_traffic(gains: Increase | Missing) -> Traffic:
    """Requests to the main store, of all services and namespaces."""

    def harmful(labels: Mapping[str, str]) -> bool:
        return not any(word in labels.get("error_type", "") for word in HARMLESS)

    return Traffic(
        over(lambda found: found.mean_ms("persistence_latency", _any), gains),
        over(lambda found: found.count("persistence_requests", _any), gains),
        over(lambda found: found.count("persistence_error_with_type", harmful), gains),
        over(lambda found: found.seconds, gains),
    )


def orphaned(figures: Figures) -> list[QueueView]:
    """Queues where tasks wait and nobody has asked for them lately."""
    fresh_s, now = figures.config.poller_fresh_s, figures.snapshot.now
    return [
        view
        for view in figures.snapshot.views
        if not isinstance(view.stats, Missing)
        and view.stats.backlog > 0
        and view.fresh_pollers(now, fresh_s) == 0
    ]


def build_components(figures: Figures, gaps: Gaps) -> tuple[ComponentHealth, ...]:
    """Frontend, matching, history, database, cache and queues, in this order."""
    builders: tuple[Callable[[Figures], Part], ...] = (
        _frontend,
        _matching,
        _history,
        _database,
        _cache,
        _queues,
    )
    return component_records([build(figures) for build in builders], figures.snapshot.now, gaps)


def _frontend(figures: Figures) -> Part:
    probe = figures.snapshot.probe
    traffic = service_traffic(figures.snapshot.gains, "frontend")
    failed = [each for each in (probe.serving, probe.rtt_ms) if isinstance(each, Missing)]
    issues = [ComponentIssue(code="call_failed", message=each.reason) for each in failed]
    status = SEVERITY[len(failed)]
    if probe.serving is False:
        status = ComponentStatus.UNHEALTHY
        issues = [ComponentIssue(code="not_serving", message="its health check says so")]
    return Part(
        "api",
        ComponentType.API,
        worst(status, traffic.status),
        probe.rtt_ms,
        traffic.throughput,
        traffic.error_rate,
        (*issues, *traffic.issues),
    )


def _matching(figures: Figures) -> Part:
    snapshot = figures.snapshot
    traffic = service_traffic(snapshot.gains, "matching")
    failures = [each for each in snapshot.log.failures if each.source == ASKED_MATCHING]
    issues = [ComponentIssue(code=each.code, message=each.reason) for each in failures[:1]]
    return Part(
        "matching",
        ComponentType.SCHEDULER,
        worst(_asked_matching(snapshot), traffic.status),
        traffic.latency_ms,
        traffic.throughput,
        traffic.error_rate,
        (*issues, *traffic.issues),
    )


def _asked_matching(snapshot: Snapshot) -> ComponentStatus | Missing:
    """What the calls that matching answers say of it; being throttled is not being down."""
    failures = [each for each in snapshot.log.failures if each.source == ASKED_MATCHING]
    if ASKED_MATCHING in snapshot.log.answered:
        return ComponentStatus.DEGRADED if failures else ComponentStatus.HEALTHY
    if not failures:
        return Missing("no queue is known, so matching was not asked anything")
    down = all(each.code in DOWN for each in failures)
    return ComponentStatus.UNHEALTHY if down else ComponentStatus.DEGRADED


def _history(figures: Figures) -> Part:
    return by_traffic(
        "history", ComponentType.EXECUTOR, service_traffic(figures.snapshot.gains, "history")
    )


def _database(figures: Figures) -> Part:
    return by_traffic("database", ComponentType.DATABASE, database_traffic(figures.snapshot.gains))


def _cache(figures: Figures) -> Part:
    """History's caches. A miss is no error: it costs a read."""
    gains = figures.snapshot.gains
    requests = over(lambda found: found.count("cache_requests", _any), gains)
    return Part(
        "cache",
        ComponentType.CACHE,
        Missing("the server counts hits and misses of its caches, which is no health"),
        Missing("the server does not time its caches"),
        combine(lambda found, count: count / found.seconds, gains, requests),
        Missing("a miss is no error; metadata.temporal.cacheHitRatio tells the misses"),
    )


def _queues(figures: Figures) -> Part:
    issues = tuple(
        ComponentIssue(code="no_pollers", message=f"{view.key}: tasks wait and nobody polls")
        for view in orphaned(figures)
    )
    known = over(lambda _: ComponentStatus.HEALTHY, figures.backlog)
    return Part(
        "task queues",
        ComponentType.QUEUE,
        ComponentStatus.DEGRADED if issues else known,
        figures.events.mean_wait_ms,
        figures.dispatch_rate,
        Missing("a task queue fails no tasks; its workers do, see the queue's errorRate"),
        issues,
    )


def _any(_: Mapping[str, str]) -> bool:
    return True
