"""The components of a Temporal cluster and what is wrong with them.

Without the metrics endpoints only what answers a call is known: the frontend, matching
(through DescribeTaskQueue) and the queues.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agents.temporal.events import share
from agents.temporal.figures import Figures
from agents.temporal.increases import Increase
from agents.temporal.missing import Gaps, Missing, combine, over
from agents.temporal.queues import QueueView
from agents.temporal.snapshot import Snapshot
from contracts.health import ComponentHealth, ComponentIssue, ComponentStatus, ComponentType

__all__ = ["Traffic", "build_components", "database_traffic", "orphaned", "service_traffic"]

DEGRADED_ERROR_RATIO = 0.05
UNHEALTHY_ERROR_RATIO = 0.5
"""Judgement: one request in twenty failing is noticed by users, every other is an outage."""

SEVERITY = (ComponentStatus.HEALTHY, ComponentStatus.DEGRADED, ComponentStatus.UNHEALTHY)

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


@dataclass(frozen=True)
class Traffic:
    """What a service or store did in the interval, by the server's own counters."""

    latency_ms: float | Missing
    requests: float | Missing
    errors: float | Missing
    seconds: float | Missing

    @property
    def throughput(self) -> float | Missing:
        """Requests a second."""
        return combine(lambda count, seconds: count / seconds, self.requests, self.seconds)

    @property
    def error_rate(self) -> float | Missing:
        """Failed requests of all, at most 1."""
        return combine(_error_rate, self.errors, self.requests)

    @property
    def status(self) -> ComponentStatus | Missing:
        """By the error rate; without one error it is healthy however little it did."""
        if isinstance(self.errors, Missing):
            return self.errors
        return ComponentStatus.HEALTHY if not self.errors else over(_status, self.error_rate)

    @property
    def issues(self) -> tuple[ComponentIssue, ...]:
        rate = self.error_rate
        if isinstance(rate, Missing) or rate < DEGRADED_ERROR_RATIO:
            return ()
        return (ComponentIssue(code="errors", message=f"{rate:.1%} of its requests fail"),)


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
    builders: tuple[Callable[[Figures], _Part], ...] = (
        _frontend,
        _matching,
        _history,
        _database,
        _cache,
        _queues,
    )
    now = figures.snapshot.now
    records = []
    for index, part in enumerate(build(figures) for build in builders):
        place = f"/health/components/{index}"
        records.append(
            ComponentHealth(
                name=part.name,
                type=part.type,
                status=gaps.take(f"{place}/status", part.status),
                latency=gaps.take(f"{place}/latency", part.latency_ms),
                throughput=gaps.take(f"{place}/throughput", part.throughput),
                error_rate=gaps.take(f"{place}/errorRate", part.error_rate),
                last_check=now,
                issues=part.issues,
            )
        )
    return tuple(records)


@dataclass(frozen=True)
class _Part:
    name: str
    type: ComponentType
    status: ComponentStatus | Missing
    latency_ms: float | Missing
    throughput: float | Missing
    error_rate: float | Missing
    issues: tuple[ComponentIssue, ...] = ()


def _frontend(figures: Figures) -> _Part:
    probe = figures.snapshot.probe
    traffic = service_traffic(figures.snapshot.gains, "frontend")
    failed = [each for each in (probe.serving, probe.rtt_ms) if isinstance(each, Missing)]
    issues = [ComponentIssue(code="call_failed", message=each.reason) for each in failed]
    status = SEVERITY[len(failed)]
    if probe.serving is False:
        status = ComponentStatus.UNHEALTHY
        issues = [ComponentIssue(code="not_serving", message="its health check says so")]
    return _Part(
        "api",
        ComponentType.API,
        _worst(status, traffic.status),
        probe.rtt_ms,
        traffic.throughput,
        traffic.error_rate,
        (*issues, *traffic.issues),
    )


def _matching(figures: Figures) -> _Part:
    snapshot = figures.snapshot
    traffic = service_traffic(snapshot.gains, "matching")
    failures = [each for each in snapshot.log.failures if each.source == ASKED_MATCHING]
    issues = [ComponentIssue(code=each.code, message=each.reason) for each in failures[:1]]
    return _Part(
        "matching",
        ComponentType.SCHEDULER,
        _worst(_asked_matching(snapshot), traffic.status),
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


def _history(figures: Figures) -> _Part:
    return _by_traffic(
        "history", ComponentType.EXECUTOR, service_traffic(figures.snapshot.gains, "history")
    )


def _database(figures: Figures) -> _Part:
    return _by_traffic("database", ComponentType.DATABASE, database_traffic(figures.snapshot.gains))


def _by_traffic(name: str, kind: ComponentType, traffic: Traffic) -> _Part:
    return _Part(
        name,
        kind,
        traffic.status,
        traffic.latency_ms,
        traffic.throughput,
        traffic.error_rate,
        traffic.issues,
    )


def _cache(figures: Figures) -> _Part:
    """History's caches. A miss is no error: it costs a read."""
    gains = figures.snapshot.gains
    requests = over(lambda found: found.count("cache_requests", _any), gains)
    return _Part(
        "cache",
        ComponentType.CACHE,
        Missing("the server counts hits and misses of its caches, which is no health"),
        Missing("the server does not time its caches"),
        combine(lambda found, count: count / found.seconds, gains, requests),
        Missing("a miss is no error; metadata.temporal.cacheHitRatio tells the misses"),
    )


def _queues(figures: Figures) -> _Part:
    issues = tuple(
        ComponentIssue(code="no_pollers", message=f"{view.key}: tasks wait and nobody polls")
        for view in orphaned(figures)
    )
    known = over(lambda _: ComponentStatus.HEALTHY, figures.backlog)
    return _Part(
        "task queues",
        ComponentType.QUEUE,
        ComponentStatus.DEGRADED if issues else known,
        figures.events.mean_wait_ms,
        figures.dispatch_rate,
        Missing("a task queue fails no tasks; its workers do, see the queue's errorRate"),
        issues,
    )


def _error_rate(errors: float, requests: float) -> float | Missing:
    return over(lambda rate: min(1.0, rate), share(errors, requests, "no requests in the interval"))


def _status(error_rate: float) -> ComponentStatus:
    if error_rate < DEGRADED_ERROR_RATIO:
        return ComponentStatus.HEALTHY
    if error_rate < UNHEALTHY_ERROR_RATIO:
        return ComponentStatus.DEGRADED
    return ComponentStatus.UNHEALTHY


def _worst(
    first: ComponentStatus | Missing, second: ComponentStatus | Missing
) -> ComponentStatus | Missing:
    known = [each for each in (first, second) if not isinstance(each, Missing)]
    return max(known, key=SEVERITY.index) if known else first


def _any(_: Mapping[str, str]) -> bool:
    return True
