"""The results of `CoordinationMonitor`."""

from enum import StrEnum

from pydantic import Field

from analytics.findings import Confidence, Finding
from contracts.health import ComponentStatus

__all__ = [
    "CoordinationHealth",
    "CoordinationIssue",
    "CoordinationSection",
    "IssueSeverity",
    "IssueType",
    "Measured",
    "Occurrence",
]

Measured = dict[str, float | bool | str | None]
"""What was measured, by name, unit in the name."""


class CoordinationSection(Finding):
    """One mechanism. `status` is null where nothing of it is known; `reason` says why."""

    status: ComponentStatus | None
    measured: Measured
    findings: tuple[str, ...] = ()
    reason: str | None = Field(default=None, description="Why the status is unknown.")


class CoordinationHealth(Finding):
    """The specification's six keys, and the two mechanisms that it names elsewhere."""

    consensus_health: CoordinationSection
    leader_election: CoordinationSection
    locking_analysis: CoordinationSection
    state_consistency: CoordinationSection
    partition_tolerance: CoordinationSection
    message_ordering: CoordinationSection
    conflict_resolution: CoordinationSection
    coordination_overhead: float | None = Field(
        description="Mean number of workers that wait for others instead of working "
        "(Little: waits per second times their length); null: not measured."
    )
    evidence: tuple[str, ...] = Field(description="What was measured, a sentence a mechanism.")
    confidence: Confidence
    method: str


class IssueType(StrEnum):
    """What can be wrong. The specification has three; deadlocks and both storms are additive."""

    SPLIT_BRAIN = "split_brain"
    DEADLOCK = "deadlock"
    LOCK_CONTENTION = "lock_contention"
    ELECTION_STORM = "election_storm"
    RESTART_STORM = "restart_storm"
    CONSENSUS_DELAYS = "consensus_delays"


class IssueSeverity(StrEnum):
    """The specification's three."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"


class Occurrence(Finding):
    """One time at which it happened."""

    subject: str = Field(description="The election, resource, lock or protocol it is about.")
    participants: tuple[str, ...] = ()
    from_s: float = Field(description="Seconds since 1970, by the clock of the first event.")
    to_s: float = Field(description="Seconds since 1970, by the clock of the last event.")
    measured: Measured
    evidence: str


class CoordinationIssue(Finding):
    """One kind of trouble, and each time it was seen."""

    type: IssueType
    severity: IssueSeverity
    occurrences: tuple[Occurrence, ...]
    details: Measured
    impact: str
    remediation: str
    evidence: str
    confidence: Confidence
    method: str
