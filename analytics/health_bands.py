"""From a score to a status: bands, hysteresis at their borders, and what overrides both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from analytics.health_parts import core_down
from contracts.health import ComponentHealth, ComponentStatus, HealthStatus, ScorePart
from contracts.orchestrator import OrchestratorMetrics

__all__ = ["LOWER_BORDER", "MARGIN", "Verdict", "band", "is_outage", "judge"]

LOWER_BORDER: Mapping[HealthStatus, float] = {
    HealthStatus.HEALTHY: 0.9,
    HealthStatus.DEGRADED: 0.7,
    HealthStatus.UNHEALTHY: 0.5,
    HealthStatus.CRITICAL: 0.0,
}
"""Lowest score of each band, best band first."""

MARGIN = 0.02
"""How far beyond its band's border a score must be before the status leaves the band."""

NO_SIGN_OF_LIFE = frozenset({ComponentStatus.UNHEALTHY, None})


@dataclass(frozen=True)
class Verdict:
    """A status and the sentence that says why."""

    status: HealthStatus
    reason: str


def judge(
    record: OrchestratorMetrics,
    score: float | None,
    parts: Sequence[ScorePart],
    previous: HealthStatus | None,
) -> Verdict:
    """The status of `record`, given its score and the status of the sample before.

    Critical at once, whatever the score: nothing could be read, or a scheduler or database is
    unhealthy. Reachable, but with nothing to score: degraded, or the previous status where
    that is worse, because missing data does not clear an alarm. Else the score's band.
    """
    if is_outage(record):
        error = record.health.errors[0]
        return Verdict(
            HealthStatus.CRITICAL, f"Nothing could be read ({error.code}): {error.message}"
        )
    down = core_down(record)
    if down:
        return Verdict(HealthStatus.CRITICAL, f"Down: {' and '.join(map(_named, down))}.")
    if score is None:
        return Verdict(
            max(HealthStatus.DEGRADED, previous or HealthStatus.DEGRADED, key=_severity),
            "The orchestrator answers, but none of the five parts of the score is known.",
        )
    return _by_score(score, parts, previous)


def is_outage(record: OrchestratorMetrics) -> bool:
    """Did the scrape learn nothing but an error? Then the orchestrator counts as unreachable.

    One failed call among others that worked is no outage: the record then has a section, or
    a component that is at least degraded.
    """
    sections = (
        record.capacity,
        record.scheduling,
        record.queuing,
        record.execution,
        record.resources,
        record.networking,
        record.persistence,
    )
    return (
        bool(record.health.errors)
        and all(section is None for section in sections)
        and all(item.status in NO_SIGN_OF_LIFE for item in record.health.components)
    )


def band(score: float, previous: HealthStatus | None) -> HealthStatus:
    """The band of `score`, or `previous` while the score is within `MARGIN` of its borders.

    So a score that wanders by no more than `MARGIN` about a border does not move the status
    to and fro.
    """
    if previous is not None:
        lowest, highest = _borders(previous)
        if lowest - MARGIN <= score < highest + MARGIN:
            return previous
    return next(status for status, lowest in LOWER_BORDER.items() if score >= lowest)


def _borders(status: HealthStatus) -> tuple[float, float]:
    """Where the band of `status` begins and where the next better one does."""
    above = [border for border in LOWER_BORDER.values() if border > LOWER_BORDER[status]]
    return LOWER_BORDER[status], min(above, default=inf)


def _by_score(score: float, parts: Sequence[ScorePart], previous: HealthStatus | None) -> Verdict:
    status, plain = band(score, previous), band(score, None)
    lowest, highest = _borders(plain)
    place = f"at least {lowest:g}" if highest == inf else f"from {lowest:g} to {highest:g}"
    sentence = f"The score is {score:.4g}; {plain} is {place}"
    if status is not plain:
        sentence += f", and {status} is left only {MARGIN:g} beyond its border"
    worst = max(parts, key=lambda part: part.gain or 0.0, default=None)
    if worst is None or not worst.gain:
        return Verdict(status, f"{sentence}.")
    return Verdict(
        status, f"{sentence}. {worst.name} costs most ({worst.gain:.4g}): {worst.evidence}"
    )


def _named(component: ComponentHealth) -> str:
    issues = "; ".join(issue.message for issue in component.issues)
    return f"{component.type} {component.name}" + (f" ({issues})" if issues else "")


def _severity(status: HealthStatus) -> float:
    return -LOWER_BORDER[status]
