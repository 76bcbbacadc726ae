"""Health of all mechanisms of one record together."""

from analytics.coordination.mechanisms import (
    conflict_resolution,
    consensus,
    finite,
    leader_election,
    locking,
    mean_waiting,
    message_ordering,
    partition_tolerance,
    state_consistency,
)
from analytics.coordination.results import CoordinationHealth, CoordinationSection
from analytics.findings import Confidence
from contracts.coordination import CoordinationMetrics

__all__ = ["coordination_health"]

METHOD = (
    "majority quorum (Ongaro 2014) for raft, paxos and zab; Little's law for what waits; "
    "counts of the interval against none"
)


def coordination_health(
    record: CoordinationMetrics, before: CoordinationMetrics | None = None
) -> CoordinationHealth:
    """Judge each mechanism of the record; `before` is the record before it."""
    sections = {
        "consensus_health": consensus(record),
        "leader_election": leader_election(record, before),
        "locking_analysis": locking(record),
        "state_consistency": state_consistency(record),
        "partition_tolerance": partition_tolerance(record),
        "message_ordering": message_ordering(record),
        "conflict_resolution": conflict_resolution(record),
    }
    known = [section for section in sections.values() if section.status is not None]
    share = len(known) / len(sections)
    return CoordinationHealth(
        consensus_health=sections["consensus_health"],
        leader_election=sections["leader_election"],
        locking_analysis=sections["locking_analysis"],
        state_consistency=sections["state_consistency"],
        partition_tolerance=sections["partition_tolerance"],
        message_ordering=sections["message_ordering"],
        conflict_resolution=sections["conflict_resolution"],
        coordination_overhead=_overhead(record),
        evidence=tuple(_sentence(name, section) for name, section in sections.items()),
        confidence=_confidence(share, bool(record.metadata.estimated)),
        method=METHOD,
    )


def _confidence(known_share: float, estimated: bool) -> Confidence:
    if known_share < 1 / 2:
        return Confidence.LOW
    return Confidence.MEDIUM if known_share < 1 or estimated else Confidence.HIGH


def _sentence(name: str, section: CoordinationSection) -> str:
    words = name.replace("_", " ")
    if section.status is None:
        return f"{words}: not known: {section.reason}."
    known = ", ".join(f"{key} {it}" for key, it in section.measured.items() if it is not None)
    return f"{words}: {section.status.value}: {known}."


def _overhead(record: CoordinationMetrics) -> float | None:
    """Mean number of workers that wait for a lock or to settle a conflict; what is known of it."""
    locks, conflicts = record.distributed_locking, record.conflict_resolution
    interval_s = record.metadata.interval_s
    parts = [
        mean_waiting(locks.lock_contentions, locks.lock_wait_time, interval_s) if locks else None,
        mean_waiting(conflicts.conflicts, conflicts.resolution_time, interval_s)
        if conflicts
        else None,
    ]
    known = [part for part in parts if part is not None]
    return finite(sum(known)) if known else None
