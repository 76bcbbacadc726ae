"""Health of the mechanisms of one record."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.coordination.monitor import CoordinationMonitor
from analytics.coordination.results import CoordinationHealth
from analytics.findings import Confidence
from contracts.coordination import (
    ConflictMetrics,
    CoordinationMetrics,
    LeaderElectionInfo,
    LockingMetrics,
    OrderingMetrics,
    PartitionMetrics,
    StateMetrics,
)
from contracts.health import ComponentStatus
from contracts.orchestrator import Metadata
from tests.records import NOON

HEALTHY, DEGRADED, UNHEALTHY = (
    ComponentStatus.HEALTHY,
    ComponentStatus.DEGRADED,
    ComponentStatus.UNHEALTHY,
)


def record(protocol: object = None, **sections: object) -> CoordinationMetrics:
    fields: dict[str, object] = {
        "id": UUID(int=1),
        "orchestrator_id": UUID(int=2),
        "collected_at": NOON,
        "consensus_protocol": protocol,
        "metadata": Metadata(interval_s=60.0),
    }
    return CoordinationMetrics.model_validate(fields | sections)


def health(
    protocol: str | None = None, before: CoordinationMetrics | None = None, **sections: object
) -> CoordinationHealth:
    return CoordinationMonitor().analyze_coordination_health(record(protocol, **sections), before)


@pytest.mark.parametrize(
    ("members", "up", "expected", "tolerated"),
    [
        (5, 5, HEALTHY, 2),
        (5, 4, HEALTHY, 1),
        (5, 3, DEGRADED, 0),
        (5, 2, UNHEALTHY, 0),
        (1, 1, HEALTHY, 0),
        (3, 0, UNHEALTHY, 0),
    ],
)
def test_a_majority_decides(
    members: int, up: int, expected: ComponentStatus, tolerated: int
) -> None:
    state = StateMetrics(members=members, healthy_members=up)
    section = health("raft (etcd)", state_management=state).consensus_health

    assert section.status == expected
    assert section.measured["failures_tolerated"] == tolerated


def test_only_protocols_that_vote_need_a_majority() -> None:
    state = StateMetrics(members=4, healthy_members=1)

    assert health("database row locks", state_management=state).consensus_health.status == HEALTHY
    assert health("raft", state_management=state).consensus_health.status == UNHEALTHY


def test_the_source_knows_best_about_its_quorum() -> None:
    parts = PartitionMetrics(quorum=False)

    assert health("raft", partition_tolerance=parts).consensus_health.status == UNHEALTHY
    assert health(None, partition_tolerance=parts).partition_tolerance.status == UNHEALTHY


def test_elections_are_the_increase_of_the_total() -> None:
    def elected(total: int, minutes: int) -> CoordinationMetrics:
        moment = NOON + timedelta(minutes=minutes)
        election = LeaderElectionInfo(election_count=total)
        return record(leader_election=election, collected_at=moment)

    def section(before: int, now: int, minutes: int) -> tuple[object, object]:
        found = CoordinationMonitor().analyze_coordination_health(
            elected(now, minutes), elected(before, 0)
        )
        return found.leader_election.status, found.leader_election.measured["elections"]

    assert section(10, 13, 10) == (DEGRADED, 3)
    assert section(10, 13, 11) == (HEALTHY, 3)
    assert section(10, 12, 1) == (HEALTHY, 2)
    assert section(10, 2, 10) == (None, None)
    assert section(10, 13, 0) == (None, None)


def test_a_split_brain_that_the_source_counted_is_unhealthy() -> None:
    section = health(leader_election=LeaderElectionInfo(split_brain_incidents=1)).leader_election

    assert section.status == UNHEALTHY
    assert section.findings == ("1 times two held what one may hold.",)


def test_what_waits_is_waits_per_second_times_their_length() -> None:
    locks = LockingMetrics(active_locks=1, lock_contentions=30, lock_wait_time=4000.0)
    conflicts = ConflictMetrics(conflicts=6, resolved=6, resolution_time=5000.0)
    found = health(distributed_locking=locks, conflict_resolution=conflicts)

    # 30 / 60 s * 4 s wait for the lock that one holds; 6 / 60 s * 5 s for conflicts.
    assert found.locking_analysis.measured["waiting"] == pytest.approx(2.0)
    assert found.locking_analysis.status == DEGRADED
    assert found.coordination_overhead == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("sections", "key", "expected"),
    [
        ({"distributed_locking": LockingMetrics(deadlocks=1)}, "locking_analysis", UNHEALTHY),
        ({"distributed_locking": LockingMetrics(deadlocks=0)}, "locking_analysis", HEALTHY),
        ({"distributed_locking": LockingMetrics(lock_timeouts=2)}, "locking_analysis", DEGRADED),
        ({"distributed_locking": LockingMetrics(active_locks=2)}, "locking_analysis", None),
        ({"state_management": StateMetrics(members=3)}, "state_consistency", None),
        (
            {"state_management": StateMetrics(members=3, healthy_members=2)},
            "state_consistency",
            DEGRADED,
        ),
        ({"state_management": StateMetrics(replication_lag=1000)}, "state_consistency", HEALTHY),
        ({"state_management": StateMetrics(replication_lag=1001)}, "state_consistency", DEGRADED),
        ({"state_management": StateMetrics(stale_reads=1)}, "state_consistency", DEGRADED),
        (
            {"message_ordering": OrderingMetrics(guarantee="per_key", out_of_order=1)},
            "message_ordering",
            UNHEALTHY,
        ),
        ({"message_ordering": OrderingMetrics(out_of_order=1)}, "message_ordering", DEGRADED),
        ({"message_ordering": OrderingMetrics(guarantee="per_key")}, "message_ordering", None),
        (
            {"conflict_resolution": ConflictMetrics(conflicts=3, resolved=2)},
            "conflict_resolution",
            DEGRADED,
        ),
        ({"conflict_resolution": ConflictMetrics(conflicts=3)}, "conflict_resolution", HEALTHY),
        (
            {"partition_tolerance": PartitionMetrics(unowned_shards=1)},
            "partition_tolerance",
            DEGRADED,
        ),
        (
            {"partition_tolerance": PartitionMetrics(unreachable_members=1)},
            "partition_tolerance",
            DEGRADED,
        ),
        (
            {"partition_tolerance": PartitionMetrics(availability=0.99)},
            "partition_tolerance",
            DEGRADED,
        ),
        ({"partition_tolerance": PartitionMetrics(shards=4)}, "partition_tolerance", None),
    ],
)
def test_each_mechanism_is_judged_by_what_is_measured(
    sections: dict[str, object], key: str, expected: ComponentStatus | None
) -> None:
    found = CoordinationMonitor().analyze_coordination_health(record(**sections))

    assert getattr(found, key).status == expected


def test_a_partition_that_healed_is_told_with_its_time() -> None:
    parts = PartitionMetrics(unreachable_members=0, partition_events=1, healing_time=2500.0)
    section = health(partition_tolerance=parts).partition_tolerance

    assert section.status == HEALTHY
    assert section.findings == ("What was lost is back, after 2500 ms.",)


def test_what_is_not_known_has_the_sources_reason_and_no_status() -> None:
    why = {"/distributedLocking/deadlocks": "not exported", "/leaderElection": "no server leads"}
    found = health(metadata=Metadata(unavailable=why))

    assert found.leader_election.reason == "no server leads"
    assert found.locking_analysis.reason == "not exported"
    assert found.message_ordering.reason == "/messageOrdering was not reported"
    assert found.coordination_overhead is None
    assert found.confidence == Confidence.LOW
    assert len(found.evidence) == 7


COUNTS = st.none() | st.integers(0, 2**63 - 1)
AMOUNTS = st.none() | st.floats(0, allow_nan=False, allow_infinity=False)
SECTIONS = st.fixed_dictionaries(
    {
        "consensus_protocol": st.sampled_from([None, "raft", "lease"]),
        "metadata": st.builds(Metadata, interval_s=AMOUNTS),
        "leader_election": st.fixed_dictionaries(
            {"splitBrainIncidents": COUNTS, "electionCount": COUNTS, "failoverTime": AMOUNTS}
        ),
        "distributed_locking": st.fixed_dictionaries(
            {"activeLocks": COUNTS, "lockContentions": COUNTS, "lockWaitTime": AMOUNTS}
        ),
        "state_management": st.fixed_dictionaries(
            {"members": COUNTS, "healthyMembers": COUNTS, "replicationLag": AMOUNTS}
        ),
        "conflict_resolution": st.fixed_dictionaries(
            {"conflicts": COUNTS, "resolved": COUNTS, "resolutionTime": AMOUNTS}
        ),
        "partition_tolerance": st.fixed_dictionaries(
            {"quorum": st.none() | st.booleans(), "unownedShards": COUNTS, "healingTime": AMOUNTS}
        ),
    }
)


@settings(max_examples=40, deadline=None)
@given(SECTIONS)
def test_any_record_has_a_health(sections: dict[str, object]) -> None:
    found = CoordinationMonitor().analyze_coordination_health(record(**sections))

    assert found.message_ordering.status is None
    assert found.model_dump_json()
