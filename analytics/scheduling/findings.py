"""The result of `OrchestratorAnalyzer.optimize_scheduling_algorithm`."""

from enum import StrEnum

from pydantic import Field

from analytics.findings import Confidence, Finding, Recommendation

__all__ = [
    "AlgorithmPerformance",
    "Pairing",
    "SchedulingComparison",
    "SchedulingOptimization",
    "SimulatedScheduling",
]


class AlgorithmPerformance(Finding):
    """What was measured under one algorithm, without a word of why."""

    avg_latency: float | None = Field(description="Milliseconds, of all decisions together.")
    throughput: float | None = Field(description="Placements per second, mean of the samples.")
    fairness: float | None = Field(
        description="Jain's index of the hours' mean latencies: 1 where all hours wait alike."
    )
    efficiency: float | None = Field(description="Placements / (placements + failures).")
    decisions: int
    days: int = Field(description="Days (UTC) with a decision.")


class Pairing(StrEnum):
    """What two algorithms were compared in."""

    SAME_HOURS = "same_hours"
    HOURS_OF_THE_WEEK = "hours_of_the_week"


class SchedulingComparison(Finding):
    """Another algorithm against the current one, in pairs of hours."""

    algorithm: str
    pairing: Pairing | None = None
    pairs: int = 0
    days: int = Field(default=0, description="Groups of pairs that are drawn and flipped as one.")
    saved_ratio: float | None = Field(default=None, description="Of the mean latency.")
    saved_interval: tuple[float, float] | None = Field(default=None, description="95 %.")
    p_value: float | None = Field(default=None, description="Two-sided, corrected by Holm.")
    cliffs_delta: float | None = Field(
        default=None, description="-1..1: how much more often the current one waits longer."
    )
    reason: str | None = Field(default=None, description="Why it is not compared.")


class SimulatedScheduling(Finding):
    """Simulated, not measured: what a job spends waiting and served, in mean service times."""

    algorithm: str
    mean_response: float
    p99_response: float


class SchedulingOptimization(Finding):
    """The algorithm to use. Whoever changes it decides; nothing here acts."""

    current_algorithm: str | None
    recommended_algorithm: str | None = Field(description="The current one unless surely better.")
    performance_comparison: dict[str, AlgorithmPerformance]
    expected_improvement: float | None = Field(
        description="Share of the mean latency that is saved; 0: the current one is kept; null: "
        "unknown."
    )
    transition_plan: tuple[Recommendation, ...] = ()
    comparisons: tuple[SchedulingComparison, ...] = ()
    simulated: tuple[SimulatedScheduling, ...] = Field(
        default=(), description="A replay of random work, best first. It recommends nothing."
    )
    evidence: tuple[str, ...]
    confidence: Confidence
    method: str
    reason: str | None = Field(default=None, description="Why the current one is kept.")
