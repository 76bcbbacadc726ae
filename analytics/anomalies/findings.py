"""Results of `WorkerPoolOptimizer.detect_worker_anomalies`."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from analytics.findings import Confidence, Finding

__all__ = ["AnomalousMetric", "AnomalyType", "PoolJudgement", "UnjudgedWorker", "WorkerAnomaly"]


class AnomalyType(StrEnum):
    """What the metrics that stand out say together; see `analytics.anomalies.kinds`."""

    FAILING = "failing"
    STALLED = "stalled"
    RESOURCE_PRESSURE = "resource_pressure"
    OVERLOADED = "overloaded"
    UNDERUSED = "underused"
    UNUSUAL = "unusual"


class AnomalousMetric(Finding):
    """A metric that stands out, in its own unit."""

    name: str
    value: float
    expected: float
    deviation: float = Field(
        description="In usual deviations, half of it now and half its average of late; below 0: "
        "lower than expected."
    )


class WorkerAnomaly(Finding):
    """A worker that behaves unlike its peers or unlike itself before."""

    worker_id: str
    anomaly_score: float = Field(
        description="0 to 1; 0.7 is reached as often as the alarm budget allows, 0.965 ten times "
        "more rarely."
    )
    anomaly_type: AnomalyType
    metrics: tuple[AnomalousMetric, ...] = Field(description="Those that stand out, most first.")
    recommended_action: str
    began_at: datetime = Field(description="Begin of the first step of this alarm.")
    evidence: tuple[str, ...]
    confidence: Confidence
    method: str


class UnjudgedWorker(Finding):
    """A worker of which nothing can be said, which is not to say that it is well."""

    worker_id: str
    reason: str


class PoolJudgement(Finding):
    """All workers of a pool: whose score is above 0.7, what the others' is, and who has none."""

    anomalies: tuple[WorkerAnomaly, ...] = Field(description="The highest score first.")
    scores: dict[str, float] = Field(description="By worker; those that could be judged.")
    unjudged: tuple[UnjudgedWorker, ...]
