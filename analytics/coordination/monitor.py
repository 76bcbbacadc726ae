"""The monitor of how the parts of an orchestrator agree."""

from collections.abc import Sequence

from analytics.coordination.consensus import consensus_delays
from analytics.coordination.elections import election_storms, split_brains
from analytics.coordination.events import READ, Moment, moments
from analytics.coordination.health import coordination_health
from analytics.coordination.locks import contended_locks, deadlocks, lock_spans
from analytics.coordination.members import restart_storms
from analytics.coordination.results import (
    CoordinationHealth,
    CoordinationIssue,
    IssueSeverity,
    IssueType,
    Measured,
    Occurrence,
)
from analytics.findings import Confidence
from contracts.coordination import CoordinationMetrics
from contracts.events import CoordinationEvent

__all__ = ["CoordinationMonitor"]

MAX_CLOCK_SKEW_S = 1.0
# Times are kept to the microsecond, and differences of two of them are rounded once more.
RESOLUTION_S = 1e-5

ISSUES = {
    IssueType.SPLIT_BRAIN: (
        IssueSeverity.CRITICAL,
        "Data inconsistency and conflicting decisions",
        "Implement proper quorum and fencing",
        "overlap of leadership beyond the clocks' bound, equal terms, fencing tokens",
    ),
    IssueType.DEADLOCK: (
        IssueSeverity.CRITICAL,
        "What waits in the circle never goes on by itself",
        "Take the locks in one order everywhere, or let one of the circle give up",
        "circles in the wait-for graph that last beyond the clocks' bound",
    ),
    IssueType.LOCK_CONTENTION: (
        IssueSeverity.HIGH,
        "Reduced throughput and increased latency",
        "Optimize locking granularity",
        "time waited / (time waited + time held) of locks got at least 20 times",
    ),
    IssueType.ELECTION_STORM: (
        IssueSeverity.HIGH,
        "Nothing is decided while leadership changes hands",
        "Look for slow disks, long pauses and lost packets; lengthen the election timeout",
        "three elections within 600 s by any clocks within the bound",
    ),
    IssueType.RESTART_STORM: (
        IssueSeverity.HIGH,
        "What a member had begun is left and begun anew, and less is decided meanwhile",
        "Look for why it ends: its log, its memory limit, its liveness probe",
        "a member left and joined again three times within 600 s by its own clock",
    ),
    IssueType.CONSENSUS_DELAYS: (
        IssueSeverity.MEDIUM,
        "Slow decision making",
        "Optimize consensus protocol parameters",
        "mean of an hour with at least 20 decisions",
    ),
}
RANK = {IssueSeverity.CRITICAL: 3, IssueSeverity.HIGH: 2, IssueSeverity.MEDIUM: 1}


class CoordinationMonitor:
    """Monitors distributed coordination mechanisms."""

    def analyze_coordination_health(
        self,
        coordination_metrics: CoordinationMetrics,
        before: CoordinationMetrics | None = None,
    ) -> CoordinationHealth:
        """Explain a record; `before`, the one before it, tells how many elections there were."""
        return coordination_health(coordination_metrics, before)

    def detect_coordination_issues(
        self,
        events: Sequence[CoordinationEvent],
        *,
        max_clock_skew_s: float = MAX_CLOCK_SKEW_S,
    ) -> tuple[CoordinationIssue, ...]:
        """What went wrong, the worst first; see `analytics.coordination.events` for what is read.

        `events` may come in any order and more than once. `max_clock_skew_s` is the most by
        which two members' clocks differ: what clocks within it could explain is not reported.
        An overlap of more than twice the bound is always seen. Raises `ValueError` for a bound
        below 0.
        """
        if not max_clock_skew_s >= 0:
            raise ValueError(f"max_clock_skew_s must be at least 0, not {max_clock_skew_s}")
        skew_s = max_clock_skew_s + RESOLUTION_S
        read = moments(events)
        ends_s = max((event.event_time.timestamp() for event in events), default=0.0)
        spans = lock_spans(read, skew_s)
        found = {
            IssueType.SPLIT_BRAIN: split_brains(read, skew_s),
            IssueType.DEADLOCK: deadlocks(spans, ends_s, skew_s),
            IssueType.LOCK_CONTENTION: contended_locks(spans),
            IssueType.ELECTION_STORM: election_storms(read, skew_s),
            IssueType.RESTART_STORM: restart_storms(read),
            IssueType.CONSENSUS_DELAYS: consensus_delays(events),
        }
        issues = [_issue(kind, times, events, read) for kind, times in found.items() if times]
        return tuple(sorted(issues, key=lambda it: -RANK[it.severity]))


def _issue(
    kind: IssueType,
    occurrences: tuple[Occurrence, ...],
    events: Sequence[CoordinationEvent],
    read: Sequence[Moment],
) -> CoordinationIssue:
    severity, impact, remediation, method = ISSUES[kind]
    unreadable = len({it.id for it in events if it.event_type in READ}) - len(read)
    return CoordinationIssue(
        type=kind,
        severity=severity,
        occurrences=occurrences,
        details=_details(kind, occurrences),
        impact=impact,
        remediation=remediation,
        evidence=" ".join(it.evidence for it in occurrences[:3]),
        # What an event leaves out may be what would have explained it.
        confidence=Confidence.MEDIUM if unreadable else Confidence.HIGH,
        method=method,
    )


def _details(kind: IssueType, occurrences: tuple[Occurrence, ...]) -> Measured:
    """The specification's `severity` and `avg_delay` (ms): those of the worst."""
    counted: Measured = {"occurrences": float(len(occurrences))}
    if kind == IssueType.LOCK_CONTENTION:
        return counted | {"severity": occurrences[0].measured["contention_ratio"]}
    if kind == IssueType.CONSENSUS_DELAYS:
        delays = [float(it.measured["avg_delay_ms"] or 0.0) for it in occurrences]
        return counted | {"avg_delay": max(delays)}
    return counted
