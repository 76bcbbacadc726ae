"""How the server's own processes agree: shards with one owner each, and writes that are fenced.

Every shard belongs to one history process at a time. A new owner raises the shard's range id in
the database, and whatever the old one still writes is refused there: that is the consensus.
"""

from uuid import UUID

from agents.increases import Increase
from agents.missing import Gaps, Missing, combine, over
from agents.temporal.figures import Figures
from contracts.coordination import (
    ConflictMetrics,
    CoordinationMetrics,
    LeaderElectionInfo,
    LockingMetrics,
    OrderingMetrics,
    PartitionMetrics,
    StateMetrics,
)
from contracts.events import CoordinationEvent
from contracts.identity import sample_id
from contracts.orchestrator import Metadata

__all__ = ["build_coordination", "build_coordination_events"]

PROTOCOL = "shard ownership fenced by range ids in the persistence store"
NOT_EXPORTED = Missing("the server does not export it")
NO_ONE_LEADER = Missing("each shard has an owner of its own; the server does not name them")
FENCED = Missing("a process that lost a shard is fenced, which counts as a conflict")

NEVER_TOLD = {
    "leaderElection": ("lastElection", "avgElectionTime", "failoverTime"),
    "distributedLocking": (
        *("activeLocks", "lockContentions", "deadlocks", "distributedTransactions"),
    ),
    "stateManagement": (
        *("sizeBytes", "objects", "members", "healthyMembers", "replicationLag", "staleReads"),
    ),
    "messageOrdering": ("outOfOrder", "redelivered", "maxLag"),
    "conflictResolution": ("resolved", "resolutionTime"),
    "partitionTolerance": (
        *("unreachableMembers", "quorum", "partitionEvents", "healingTime", "availability"),
    ),
}


def build_coordination(
    figures: Figures, orchestrator: UUID, metadata: Metadata
) -> CoordinationMetrics:
    """The record of the cluster. `metadata` is the namespace's."""
    snapshot, gaps = figures.snapshot, Gaps()
    for section, leaves in NEVER_TOLD.items():
        for leaf in leaves:
            gaps.take(f"/{section}/{leaf}", NOT_EXPORTED)
    gaps.take("/leaderElection/currentLeader", NO_ONE_LEADER)
    gaps.take("/leaderElection/splitBrainIncidents", FENCED)
    gains, cluster = snapshot.gains, snapshot.cluster
    acquired = over(lambda it: round(it.counted("sharditem_created_count")), snapshot.metrics)
    shards = over(lambda it: it.history_shard_count, cluster)
    owned = over(lambda it: it.sum_of("numshards_gauge"), snapshot.metrics)
    unowned = combine(lambda all_, held: max(0, all_ - round(held)), shards, owned)
    record = CoordinationMetrics(
        id=sample_id(orchestrator, "coordination", snapshot.now),
        orchestrator_id=orchestrator,
        collected_at=snapshot.now,
        consensus_protocol=PROTOCOL,
        leader_election=LeaderElectionInfo(
            election_count=gaps.take("/leaderElection/electionCount", acquired)
        ),
        distributed_locking=LockingMetrics(
            lock_wait_time=gaps.take(
                "/distributedLocking/lockWaitTime",
                over(lambda it: it.mean_ms("lock_latency", _of_shards), gains),
            ),
            lock_timeouts=gaps.take(
                "/distributedLocking/lockTimeouts",
                over(lambda it: round(it.count("acquire_lock_failed", _any)), gains),
            ),
        ),
        state_management=StateMetrics(
            store=gaps.take(
                "/stateManagement/store", over(lambda it: it.persistence_store, cluster)
            )
        ),
        message_ordering=OrderingMetrics(guarantee="per_workflow"),
        conflict_resolution=ConflictMetrics(
            strategy="optimistic",
            conflicts=gaps.take("/conflictResolution/conflicts", over(_conflicts, gains)),
        ),
        partition_tolerance=PartitionMetrics(
            shards=gaps.take("/partitionTolerance/shards", shards),
            # While one changes hands its old and its new owner may both count it.
            unowned_shards=gaps.take("/partitionTolerance/unownedShards", unowned, estimated=True),
        ),
    )
    details = {"membershipChanges": _known_gain(gains, "membership_changed_count")}
    return record.model_copy(
        update={
            "metadata": metadata.model_copy(
                update={
                    "unavailable": gaps.reasons,
                    "estimated": tuple(gaps.estimates),
                    "temporal": details,
                }
            )
        }
    )


def build_coordination_events(
    figures: Figures, orchestrator: UUID
) -> tuple[CoordinationEvent, ...]:
    """What the counters say has happened since the scrape before, at its end."""
    snapshot = figures.snapshot
    counters = {
        "shards_acquired": "sharditem_created_count",
        "membership_changed": "membership_changed_count",
    }
    found = {kind: _known_gain(snapshot.gains, counter) for kind, counter in counters.items()}
    return tuple(
        CoordinationEvent(
            id=sample_id(orchestrator, "coordination-event", snapshot.now, kind),
            orchestrator_id=orchestrator,
            event_type=kind,
            event_time=snapshot.now,
            details={
                "count": number,
                "withinS": over(lambda it: it.seconds, snapshot.gains),
            },
        )
        for kind, number in found.items()
        if number
    )


def _conflicts(gains: Increase) -> int:
    """Writes that the database refused since somebody else had written."""
    lost = gains.count("service_errors_shard_ownership_lost", _any)
    refused = gains.count(
        "persistence_error_with_type",
        lambda labels: (
            "ConditionFailed" in labels.get("error_type", "")
            or "ShardOwnershipLost" in labels.get("error_type", "")
        ),
    )
    return round(lost + refused)


def _known_gain(gains: Increase | Missing, counter: str) -> int | None:
    return None if isinstance(gains, Missing) else round(gains.count(counter, _any))


def _of_shards(labels: object) -> bool:
    return isinstance(labels, dict) and labels.get("operation") == "ShardInfo"


def _any(_: object) -> bool:
    return True
