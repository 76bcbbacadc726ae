"""Health of one orchestrator: what makes its score, and what explains it."""

from analytics.bottlenecks import find_bottlenecks
from analytics.findings import Confidence
from analytics.health_analysis import Contribution, HealthAnalysis
from analytics.health_bands import LOWER_BORDER, MARGIN
from analytics.health_parts import INPUTS
from analytics.health_score import WEIGHTS, assess_health, score_health
from analytics.health_sections import analyze_capacity, analyze_components, analyze_scheduling
from analytics.queue_findings import analyze_queues
from analytics.recommendations import recommend
from contracts.health import DiagnosticInfo
from contracts.orchestrator import OrchestratorMetrics

__all__ = ["analyze_health", "score_health"]

METHOD = (
    "Weighted mean of five parts ("
    + ", ".join(f"{name} {weight:g}" for name, weight in WEIGHTS.items())
    + "), renormalized over the known ones; bands from "
    + ", ".join(f"{lower:g} {status}" for status, lower in LOWER_BORDER.items())
    + f", left only {MARGIN:g} beyond a border. Failure rate: upper Wilson bound (1927)."
)

MEDIUM_COVERAGE = 0.5
"""Below it less than half of the score's ground is measured: low confidence."""


def analyze_health(record: OrchestratorMetrics) -> HealthAnalysis:
    """Explain the health of a record that `score_health` has been through.

    Takes the status before from the record's own diagnostics, so score and status are exactly
    the record's. Pass the record as it was collected: one whose unknown sections were filled
    with older values is another record, with another score.
    """
    assessment = assess_health(record, record.health.diagnostics.previous_status)
    diagnostics = assessment.diagnostics
    parts = diagnostics.score_parts
    return HealthAnalysis(
        health_score=assessment.score,
        health_status=assessment.status,
        status_reason=diagnostics.status_reason,
        component_analysis=analyze_components(record),
        capacity_analysis=analyze_capacity(record),
        scheduling_efficiency=analyze_scheduling(record),
        queue_health=analyze_queues(record),
        bottlenecks=find_bottlenecks(record),
        recommendations=recommend(record, {part.name: part for part in parts}),
        coverage=diagnostics.coverage or 0.0,
        contributions=tuple(map(Contribution.of, parts)),
        evidence=tuple(part.evidence for part in parts),
        confidence=_confidence(record, diagnostics),
        method=METHOD,
    )


def _confidence(record: OrchestratorMetrics, diagnostics: DiagnosticInfo) -> Confidence:
    coverage = diagnostics.coverage or 0.0
    if coverage < MEDIUM_COVERAGE:
        return Confidence.LOW
    known = [part.name for part in diagnostics.score_parts if part.score is not None]
    estimated = any(
        pointer in record.metadata.estimated for name in known for pointer in INPUTS[name]
    )
    measured_all = coverage >= 1 and not estimated and not record.metadata.partial
    return Confidence.HIGH if measured_all else Confidence.MEDIUM
