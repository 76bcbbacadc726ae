"""The health score: one function makes it, for the record, the API, the CLI and the page.

A weighted mean of five parts (`analytics.health_parts`), renormalized over those that are
known, and a status by bands with hysteresis (`analytics.health_bands`).
docs/guides/health.md works an example through by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

from analytics.health_bands import judge
from analytics.health_parts import MEASURES, Part
from contracts.health import DiagnosticInfo, HealthStatus, ScorePart
from contracts.orchestrator import OrchestratorMetrics

__all__ = ["WEIGHTS", "HealthAssessment", "assess_health", "score_health"]

WEIGHTS: Mapping[str, float] = {
    "component_health": 0.3,
    "capacity_utilization": 0.2,
    "scheduling_performance": 0.2,
    "queue_efficiency": 0.15,
    "error_rate": 0.15,
}
"""The specification's weights; they add up to 1."""

DECIMALS = 12
"""Results are rounded to this, so that the noise of adding floats crosses no border."""


@dataclass(frozen=True)
class HealthAssessment:
    """The score (None: nothing is known to score), the status and how both came about."""

    score: float | None
    status: HealthStatus
    diagnostics: DiagnosticInfo


def score_health(
    record: OrchestratorMetrics, previous_status: HealthStatus | None
) -> OrchestratorMetrics:
    """`record` with `health.health_score`, `status` and `diagnostics` filled in.

    `previous_status` is that of the sample before (None: there is none); it is kept in the
    diagnostics, so that the result can be made again from the record alone. Whatever the
    collector put into these three fields is replaced; applying it twice changes nothing.

    An outage record scores what is known of it: its `api` component is unhealthy, which
    makes a score of 0 at a coverage of 0.3; its status is critical.
    """
    assessment = assess_health(record, previous_status)
    health = record.health.model_copy(
        update={
            "health_score": assessment.score,
            "status": assessment.status,
            "diagnostics": assessment.diagnostics,
        }
    )
    return record.model_copy(update={"health": health})


def assess_health(
    record: OrchestratorMetrics, previous_status: HealthStatus | None
) -> HealthAssessment:
    """What `score_health` writes into the record, by itself."""
    measured = {name: measure(record) for name, measure in MEASURES.items()}
    coverage = _rounded(
        fsum(WEIGHTS[name] for name, part in measured.items() if part.score is not None)
    )
    parts = tuple(_weighed(name, part, coverage) for name, part in measured.items())
    contributions = [part.contribution for part in parts if part.contribution is not None]
    score = _rounded(fsum(contributions)) if contributions else None
    verdict = judge(record, score, parts, previous_status)
    return HealthAssessment(
        score,
        verdict.status,
        DiagnosticInfo(
            coverage=coverage,
            score_parts=parts,
            previous_status=previous_status,
            status_reason=verdict.reason,
        ),
    )


def _weighed(name: str, part: Part, coverage: float) -> ScorePart:
    weight = WEIGHTS[name]
    known = part.score is not None
    effective = min(1.0, weight / coverage) if known else 0.0
    return ScorePart(
        name=name,
        weight=weight,
        effective_weight=effective,
        score=part.score,
        contribution=None if part.score is None else effective * part.score,
        raw=part.raw,
        evidence=part.evidence,
        repair=part.repair,
        gain=None if part.score is None else effective * (1 - part.score),
        reason=part.reason,
    )


def _rounded(value: float) -> float:
    return round(value, DECIMALS)
