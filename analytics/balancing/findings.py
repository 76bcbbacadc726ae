"""Results of `LoadBalancerAnalyzer`."""

from collections.abc import Mapping

from pydantic import Field

from analytics.findings import Confidence, Finding, Recommendation
from contracts.load_balancing import LoadBalancingAlgorithm

__all__ = [
    "AlgorithmChoice",
    "AlgorithmConfiguration",
    "LoadDistribution",
    "SimulatedAlgorithm",
    "UnevenWorker",
]


class UnevenWorker(Finding):
    """A worker whose load is far from its peers'."""

    worker_id: str
    load: float
    limit: float = Field(description="Beyond which a load is far off, in the unit of the loads.")
    mean_ratio: float = Field(description="Load / mean load.")


class LoadDistribution(Finding):
    """Loads of workers that could do one another's work, in the unit of the record."""

    mean_load: float | None = None
    std_deviation: float | None = Field(default=None, description="Of the population.")
    coefficient_variation: float | None = Field(
        default=None, description="Standard deviation / mean; null for a mean of 0."
    )
    imbalance_score: float | None = Field(
        default=None,
        description="Largest load / mean - 1: how much longer all wait for the last worker. 0 is "
        "even; null for a mean of 0.",
    )
    hotspots: tuple[UnevenWorker, ...] = Field(default=(), description="The highest first.")
    underutilized: tuple[UnevenWorker, ...] = Field(default=(), description="The lowest first.")
    fairness_index: float | None = Field(
        default=None, description="Jain's, 1/n..1; null for a mean of 0."
    )
    recommendations: tuple[Recommendation, ...] = ()
    evidence: tuple[str, ...]
    confidence: Confidence
    method: str
    reason: str | None = Field(default=None, description="Why the balance is unknown.")


class SimulatedAlgorithm(Finding):
    """What a job spends waiting and being served, in mean service times."""

    algorithm: LoadBalancingAlgorithm
    mean_response: float
    p99_response: float
    keeps_up: bool = Field(
        description="False: a worker surely gets more than it can do, so that waits grow for ever."
    )


class AlgorithmConfiguration(Finding):
    """Settings of the algorithm; null: it has none of that name."""

    weights: Mapping[str, int] | None = Field(
        default=None, description="Jobs of each worker per round, by the speed that was measured."
    )
    choices: int | None = Field(
        default=None, description="Workers that are drawn, of which the least loaded is taken."
    )
    ties: str | None = Field(default=None, description="Who is taken among the least loaded.")
    load_bound_ratio: float | None = Field(
        default=None, description="Share of its mean load at which a worker passes keys on."
    )
    report_interval_s: float | None = Field(
        default=None, description="How often loads must be renewed for this result to hold."
    )


class AlgorithmChoice(Finding):
    """The algorithm to use, and what it would save."""

    current_algorithm: LoadBalancingAlgorithm
    recommended_algorithm: LoadBalancingAlgorithm
    algorithm_scores: Mapping[LoadBalancingAlgorithm, float] = Field(
        default_factory=dict, description="Mean response of the best one found / its own."
    )
    expected_improvement: float | None = Field(
        default=None,
        description="Share of the mean response time that is saved, the difference of the scores; "
        "0: the current one is kept; null: unknown.",
    )
    improvement_interval: tuple[float, float] | None = Field(
        default=None, description="Of the best one against the current one, 95 %."
    )
    configuration: AlgorithmConfiguration | None = None
    simulated: tuple[SimulatedAlgorithm, ...] = Field(default=(), description="Best first.")
    evidence: tuple[str, ...]
    confidence: Confidence
    method: str
    reason: str | None = Field(default=None, description="Why the current one is kept.")
