"""Each mechanism of a record: what was measured of it, and what that means.

A mechanism is unhealthy where decisions cannot be made or contradict one another, degraded
where they are late or one more failure would stop them. What the record does not tell is never
taken for good: a mechanism of which nothing is known has no status.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from analytics.coordination.elections import STORM_ELECTIONS, STORM_S
from analytics.coordination.results import CoordinationSection, Measured
from contracts.base import Record
from contracts.coordination import CoordinationMetrics
from contracts.health import ComponentStatus

__all__ = [
    "conflict_resolution",
    "consensus",
    "finite",
    "leader_election",
    "locking",
    "mean_waiting",
    "message_ordering",
    "partition_tolerance",
    "state_consistency",
]

HEALTHY, DEGRADED, UNHEALTHY = (
    ComponentStatus.HEALTHY,
    ComponentStatus.DEGRADED,
    ComponentStatus.UNHEALTHY,
)
LAG_LIMIT_MS = 1000.0
WAITING_LIMIT = 0.5
MAJORITY_PROTOCOLS = ("raft", "paxos", "zab")


@dataclass(frozen=True)
class Place:
    """Where a mechanism stands in the record, and what of it says how it is."""

    pointer: str
    judged: tuple[str, ...]


Judgements = Iterable[tuple[ComponentStatus, str] | None]


CONSENSUS = Place("/stateManagement", ("quorum", "healthy_ratio"))
LEADER = Place("/leaderElection", ("current_leader", "split_brain_incidents", "elections"))
LOCKING = Place("/distributedLocking", ("deadlocks", "lock_timeouts", "waiting"))
STATE = Place("/stateManagement", ("healthy_ratio", "replication_lag_ms", "stale_reads"))
PARTITIONS = Place(
    "/partitionTolerance",
    ("quorum", "unowned_shards", "unreachable_members", "availability_ratio"),
)
ORDERING = Place("/messageOrdering", ("out_of_order",))
CONFLICTS = Place("/conflictResolution", ("conflicts",))


def _section(
    record: CoordinationMetrics, place: Place, measured: Measured, judgements: Judgements
) -> CoordinationSection:
    """The worst of the judgements; healthy without one; no status where nothing is judged."""
    if all(measured[name] is None for name in place.judged):
        reason = _why(record, place.pointer)
        return CoordinationSection(status=None, measured=measured, reason=reason)
    told = [judgement for judgement in judgements if judgement is not None]
    statuses = {status for status, _ in told}
    worst = next((status for status in (UNHEALTHY, DEGRADED) if status in statuses), HEALTHY)
    return CoordinationSection(
        status=worst, measured=measured, findings=tuple(finding for _, finding in told)
    )


def _why(record: CoordinationMetrics, pointer: str) -> str:
    reasons = record.metadata.unavailable
    below = (why for place, why in sorted(reasons.items()) if place.startswith(f"{pointer}/"))
    return reasons.get(pointer) or next(below, f"{pointer} was not reported")


def _numbers(section: Record | None, **units: str) -> Measured:
    """Fields of a section under names that tell their unit."""
    return {name: getattr(section, field, None) for field, name in units.items()}


def _happened(
    count: float | bool | str | None, status: ComponentStatus, words: str
) -> tuple[ComponentStatus, str] | None:
    return (status, f"{count} {words}.") if count else None


def consensus(record: CoordinationMetrics) -> CoordinationSection:
    """Can the members decide, and with how much to spare? Majority: Ongaro 2014."""
    state, parts = record.state_management, record.partition_tolerance
    members = state.members if state else None
    up = state.healthy_members if state else None
    quorum = parts.quorum if parts else None
    protocol = (record.consensus_protocol or "").lower()
    votes = any(it in protocol for it in MAJORITY_PROTOCOLS)
    majority = members // 2 + 1 if members and votes else None
    if quorum is None and majority is not None and up is not None:
        quorum = up >= majority
    spare = up - majority if up is not None and majority is not None else None
    measured: Measured = {
        "members": members,
        "healthy_members": up,
        "healthy_ratio": _ratio(up, members),
        "quorum": quorum,
        "failures_tolerated": max(0, spare) if spare is not None else None,
    }
    judgements = [
        (UNHEALTHY, "There is no quorum: nothing can be decided.") if quorum is False else None,
        (UNHEALTHY, "No member is up to date.") if members and up == 0 else None,
        (DEGRADED, "One more failure ends the quorum.")
        if spare == 0 and members is not None and members > 1
        else None,
    ]
    return _section(record, CONSENSUS, measured, judgements)


def leader_election(
    record: CoordinationMetrics, before: CoordinationMetrics | None
) -> CoordinationSection:
    """Who leads, and how often that changed since the record before."""
    section = record.leader_election
    elections, within_s = _elections_since(record, before)
    measured = _numbers(
        section,
        current_leader="current_leader",
        split_brain_incidents="split_brain_incidents",
        avg_election_time="avg_election_time_ms",
        failover_time="failover_time_ms",
    ) | {"elections": elections, "within_s": within_s}
    stormy = (
        elections is not None
        and within_s is not None
        and elections >= STORM_ELECTIONS
        and elections / within_s >= STORM_ELECTIONS / STORM_S
    )
    judgements = [
        _happened(measured["split_brain_incidents"], UNHEALTHY, "times two held what one may hold"),
        (DEGRADED, f"{elections} elections in {within_s:.4g} s.") if stormy else None,
    ]
    return _section(record, LEADER, measured, judgements)


def _elections_since(
    record: CoordinationMetrics, before: CoordinationMetrics | None
) -> tuple[int | None, float | None]:
    """The increase of the total since the record before. A total that fell tells nothing."""
    now = record.leader_election.election_count if record.leader_election else None
    then = before.leader_election.election_count if before and before.leader_election else None
    if now is None or then is None or before is None or now < then:
        return None, None
    within_s = (record.collected_at - before.collected_at).total_seconds()
    return (now - then, within_s) if within_s > 0 else (None, None)


def locking(record: CoordinationMetrics) -> CoordinationSection:
    """Who holds, who waits, and what ran out."""
    section = record.distributed_locking
    waiting = mean_waiting(
        section.lock_contentions if section else None,
        section.lock_wait_time if section else None,
        record.metadata.interval_s,
    )
    held = section.active_locks if section else None
    measured = _numbers(
        section,
        active_locks="active_locks",
        lock_wait_time="lock_wait_time_ms",
        lock_contentions="lock_contentions",
        deadlocks="deadlocks",
        lock_timeouts="lock_timeouts",
    ) | {"waiting": waiting}
    crowded = waiting is not None and held and waiting / (waiting + held) > WAITING_LIMIT
    judgements = [
        _happened(measured["deadlocks"], UNHEALTHY, "deadlocks"),
        _happened(measured["lock_timeouts"], DEGRADED, "locks ran out instead of being released"),
        (DEGRADED, f"{waiting:.4g} wait and {held} hold locks on average.") if crowded else None,
    ]
    return _section(record, LOCKING, measured, judgements)


def mean_waiting(
    count: int | None, each_ms: float | None, interval_s: float | None
) -> float | None:
    """How many wait on average: waits per second times their length (Little 1961)."""
    if count is None or each_ms is None or not interval_s:
        return None
    return finite(count / interval_s * (each_ms / 1000))


def _ratio(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def _difference(all_: int | None, of_them: int | None) -> int | None:
    return max(0, all_ - of_them) if all_ is not None and of_them is not None else None


def finite(value: float) -> float | None:
    """The value, unless it is more than a float can tell."""
    return value if value < float("inf") else None


def state_consistency(record: CoordinationMetrics) -> CoordinationSection:
    """Do the copies of the shared state agree?"""
    section = record.state_management
    measured = _numbers(
        section,
        members="members",
        healthy_members="healthy_members",
        replication_lag="replication_lag_ms",
        stale_reads="stale_reads",
    )
    behind = _difference(section.members, section.healthy_members) if section else None
    lag_ms = section.replication_lag if section else None
    judgements = [
        _happened(behind, DEGRADED, "members are not up to date"),
        (DEGRADED, f"The furthest copy is {lag_ms:.4g} ms behind.")
        if lag_ms is not None and lag_ms > LAG_LIMIT_MS
        else None,
        _happened(measured["stale_reads"], DEGRADED, "reads were refused for their age"),
    ]
    measured["healthy_ratio"] = (
        _ratio(section.healthy_members, section.members) if section else None
    )
    return _section(record, STATE, measured, judgements)


def partition_tolerance(record: CoordinationMetrics) -> CoordinationSection:
    """Parts that cannot hear one another, or have no owner, and whether that healed."""
    section = record.partition_tolerance
    measured = _numbers(
        section,
        quorum="quorum",
        unowned_shards="unowned_shards",
        unreachable_members="unreachable_members",
        partition_events="partition_events",
        healing_time="healing_time_ms",
        availability="availability_ratio",
    )
    available = section.availability if section else None
    healed = bool(measured["partition_events"]) and measured["unreachable_members"] == 0
    took_ms = section.healing_time if section else None
    judgements = [
        (UNHEALTHY, "There is no quorum.") if measured["quorum"] is False else None,
        _happened(measured["unowned_shards"], DEGRADED, "shards have no owner"),
        _happened(measured["unreachable_members"], DEGRADED, "members cannot be heard"),
        (DEGRADED, f"Decisions could be made {available:.1%} of the time.")
        if available is not None and available < 1
        else None,
        (HEALTHY, f"What was lost is back, after {took_ms:.4g} ms.")
        if healed and took_ms is not None
        else None,
    ]
    return _section(record, PARTITIONS, measured, judgements)


def message_ordering(record: CoordinationMetrics) -> CoordinationSection:
    """Does what is promised of the order hold?"""
    section = record.message_ordering
    measured = _numbers(
        section, out_of_order="out_of_order", redelivered="redelivered", max_lag="max_lag_ms"
    )
    promised = section.guarantee if section else None
    judgements = [
        _happened(measured["out_of_order"], UNHEALTHY if promised else DEGRADED, "out of order"),
        _happened(measured["redelivered"], HEALTHY, "delivered again"),
    ]
    return _section(record, ORDERING, measured, judgements)


def conflict_resolution(record: CoordinationMetrics) -> CoordinationSection:
    """Writers that met, and whether a retry settled it."""
    section = record.conflict_resolution
    measured = _numbers(
        section,
        conflicts="conflicts",
        resolved="resolved",
        resolution_time="resolution_time_ms",
    )
    met, settled = (section.conflicts, section.resolved) if section else (None, None)
    left = _difference(met, settled)
    judgements = [
        _happened(left, DEGRADED, "conflicts were not settled by a retry"),
        _happened(met if left is None else None, HEALTHY, "conflicts; how they ended is not known"),
    ]
    return _section(record, CONFLICTS, measured, judgements)
