"""Results of `QueueAnalyzer`."""

from enum import StrEnum

from pydantic import Field

from analytics.findings import Confidence, Finding, Recommendation

__all__ = [
    "BacklogAnalysis",
    "BacklogTrend",
    "ConsumerAnalysis",
    "DeadLetterAnalysis",
    "EtaCalibration",
    "LatencyAnalysis",
    "QueueBacklog",
    "QueueConsumers",
    "QueueErrors",
    "QueueLatency",
    "QueuePerformance",
    "QueueThroughput",
    "ThroughputAnalysis",
    "WaitEstimate",
]

INTERVAL = "90 %; null: too few minutes of the last hour are known."


class QueueThroughput(Finding):
    """What arrives at one queue and what is worked off: over the last hour, else the newest."""

    name: str
    arrival_rate_per_s: float | None = None
    arrival_interval_per_s: tuple[float, float] | None = Field(default=None, description=INTERVAL)
    processing_rate_per_s: float | None = None
    processing_interval_per_s: tuple[float, float] | None = Field(
        default=None, description=INTERVAL
    )
    capacity_rate_per_s: float | None = Field(
        default=None, description="Worked off while enough waited: what consumers can do."
    )
    load_ratio: float | None = Field(default=None, description="Arrivals / capacity.")
    reason: str | None = Field(default=None, description="Why a rate is unknown.")


class ThroughputAnalysis(Finding):
    """All queues; a sum is null while a part of it is unknown."""

    arrival_rate_per_s: float | None = None
    processing_rate_per_s: float | None = None
    queues: tuple[QueueThroughput, ...] = ()


class QueueLatency(Finding):
    """How long items of one queue wait, and how long they are worked on."""

    name: str
    oldest_age_s: float | None = Field(default=None, description="Of the oldest that waits now.")
    longest_age_s: float | None = Field(default=None, description="The most of the last hour.")
    mean_wait_s: float | None = Field(
        default=None, description="Of a steady last hour: mean size / mean arrival rate (Little)."
    )
    processing_ms: float | None = None
    over_target: bool | None = Field(
        default=None, description="Does the oldest, else the mean, wait longer than the target?"
    )
    reason: str | None = Field(default=None, description="Why no wait is known.")


class LatencyAnalysis(Finding):
    """All queues against the target."""

    target_wait_s: float
    over_target: int = Field(description="Queues that are known to be over it.")
    queues: tuple[QueueLatency, ...] = ()


class BacklogTrend(StrEnum):
    """Whether a backlog surely changes: the interval of its growth leaves out 0."""

    GROWING = "growing"
    SHRINKING = "shrinking"
    STEADY = "steady"


class QueueBacklog(Finding):
    """What waits in one queue and how long it takes to be gone."""

    name: str
    size: int | None = None
    growth_per_s: float | None = Field(
        default=None, description="Arrivals less what is worked off, else the change of the size."
    )
    growth_interval_per_s: tuple[float, float] | None = Field(default=None, description=INTERVAL)
    trend: BacklogTrend | None = None
    drain_time_s: float | None = Field(
        default=None, description="Until nothing waits; null: unknown, or it does not drain."
    )
    drain_interval_s: tuple[float, float] | None = Field(
        default=None, description="90 %; null: it may never drain, or too little is known."
    )
    reason: str | None = Field(default=None, description="Why there is no drain time or interval.")


class BacklogAnalysis(Finding):
    """All queues; the sum is null while a part of it is unknown."""

    size: int | None = None
    growing: tuple[str, ...] = Field(default=(), description="Queues that surely grow.")
    queues: tuple[QueueBacklog, ...] = ()


class QueueErrors(Finding):
    """A queue whose items fail."""

    name: str
    error_ratio: float
    failed_per_s: float | None = Field(default=None, description="Share that fails x worked off.")


class DeadLetterAnalysis(Finding):
    """Items given up, and items that keep failing; the orchestrator's, not one queue's."""

    dead_letters: int | None = None
    poison_messages: int | None = None
    dead_letters_per_h: float | None = Field(
        default=None, description="That were added over the samples; what was removed is not less."
    )
    failing: tuple[QueueErrors, ...] = Field(default=(), description="The worst share first.")
    reason: str | None = Field(default=None, description="Why the dead letters are unknown.")


class QueueConsumers(Finding):
    """Who takes from one queue."""

    name: str
    consumers: int | None = None
    in_flight: int | None = None
    service_s: float | None = Field(
        default=None,
        description="How long an item keeps one consumer busy: consumers / capacity, else the mean "
        "processing time, one item at a time.",
    )
    utilization_ratio: float | None = Field(
        default=None, description="Arrivals x service / consumers; above 1 they cannot keep up."
    )
    needed_consumers: int | None = Field(
        default=None, description="For the target wait at a utilization of at most 0.85."
    )
    unattended: bool | None = Field(default=None, description="Work waits and nobody takes it.")
    reason: str | None = Field(default=None, description="Why the need is unknown.")


class ConsumerAnalysis(Finding):
    """All queues; the sum is null while a part of it is unknown."""

    consumers: int | None = None
    unattended: tuple[str, ...] = ()
    queues: tuple[QueueConsumers, ...] = ()


class QueuePerformance(Finding):
    """How queues do, and what could be better."""

    throughput_analysis: ThroughputAnalysis
    latency_analysis: LatencyAnalysis
    backlog_analysis: BacklogAnalysis
    dead_letter_analysis: DeadLetterAnalysis
    consumer_analysis: ConsumerAnalysis
    optimization_opportunities: tuple[Recommendation, ...] = ()
    evidence: tuple[str, ...]
    confidence: Confidence
    method: str
    reason: str | None = Field(default=None, description="Why a part of it is missing.")


class EtaCalibration(Finding):
    """How earlier estimates for this queue came true. Neighbours among them are alike."""

    judged: int = Field(description="Moments of the past at which an item's wait was foretold.")
    inside_ratio: float = Field(
        description="Share whose wait fell into the range foretold; 0.9 is what it is made for."
    )
    median_ratio: float = Field(description="Middle of real wait / wait foretold; 1 is unbiased.")


class WaitEstimate(Finding):
    """When a waiting item will be taken, from the moment of the newest record on."""

    name: str
    ahead: int | None = Field(description="Items that are taken before it.")
    eta_s: float | None = None
    eta_interval_s: tuple[float, float] | None = Field(default=None, description="90 %.")
    calibration: EtaCalibration | None = Field(
        default=None, description="Null: too few moments of the past could be judged."
    )
    evidence: tuple[str, ...] = ()
    confidence: Confidence
    method: str
    reason: str | None = Field(default=None, description="Why a part of it is missing.")
