"""Components of an orchestrator: what is known of each, and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agents.missing import Gaps, Missing, combine, over, share
from contracts.health import ComponentHealth, ComponentIssue, ComponentStatus, ComponentType

__all__ = ["SEVERITY", "Part", "Traffic", "by_traffic", "component_records", "worst"]

DEGRADED_ERROR_RATIO = 0.05
UNHEALTHY_ERROR_RATIO = 0.5
"""Judgement: one request in twenty failing is noticed by users, every other is an outage."""

SEVERITY = (ComponentStatus.HEALTHY, ComponentStatus.DEGRADED, ComponentStatus.UNHEALTHY)


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


@dataclass(frozen=True)
class Part:
    """One component; what is not known of it says why."""

    name: str
    type: ComponentType
    status: ComponentStatus | Missing
    latency_ms: float | Missing
    throughput: float | Missing
    error_rate: float | Missing
    issues: tuple[ComponentIssue, ...] = ()


def component_records(
    parts: Sequence[Part], now: datetime, gaps: Gaps
) -> tuple[ComponentHealth, ...]:
    """The parts in their order, for `health.components`."""
    return tuple(
        gaps.fill(
            ComponentHealth,
            f"/health/components/{index}",
            name=part.name,
            type=part.type,
            status=part.status,
            latency=part.latency_ms,
            throughput=part.throughput,
            error_rate=part.error_rate,
            last_check=now,
            issues=part.issues,
        )
        for index, part in enumerate(parts)
    )


def by_traffic(name: str, kind: ComponentType, traffic: Traffic) -> Part:
    """A component of which its requests tell all that is known."""
    return Part(
        name,
        kind,
        traffic.status,
        traffic.latency_ms,
        traffic.throughput,
        traffic.error_rate,
        traffic.issues,
    )


def _error_rate(errors: float, requests: float) -> float | Missing:
    return over(lambda rate: min(1.0, rate), share(errors, requests, "no requests in the interval"))


def _status(error_rate: float) -> ComponentStatus:
    if error_rate < DEGRADED_ERROR_RATIO:
        return ComponentStatus.HEALTHY
    if error_rate < UNHEALTHY_ERROR_RATIO:
        return ComponentStatus.DEGRADED
    return ComponentStatus.UNHEALTHY


def worst(
    first: ComponentStatus | Missing, second: ComponentStatus | Missing
) -> ComponentStatus | Missing:
    """The worse of two opinions; one that is missing does not count."""
    known = [each for each in (first, second) if not isinstance(each, Missing)]
    return max(known, key=SEVERITY.index) if known else first
