"""`CoordinationMetrics`: how the parts of one orchestrator agree with one another.

Most orchestrators have only some of it: a section is null where the source has no such
mechanism or does not tell, and `metadata.unavailable` says which. Counts are deltas of the
interval, except `election_count`, which is the total as the source counts it.
"""

from uuid import UUID

from pydantic import Field

from contracts.base import (
    CollectedAt,
    Count,
    NonNegative,
    OrchestratorId,
    Ratio,
    Record,
    Text,
    UtcDatetime,
)
from contracts.orchestrator import Metadata

__all__ = [
    "ConflictMetrics",
    "CoordinationMetrics",
    "LeaderElectionInfo",
    "LockingMetrics",
    "OrderingMetrics",
    "PartitionMetrics",
    "StateMetrics",
]


class LeaderElectionInfo(Record):
    """Who leads, and how leadership changed hands."""

    current_leader: Text | None = Field(default=None, description="null: none, or not known.")
    election_count: Count | None = Field(
        default=None, description="Total as the source counts it; it may start again at 0."
    )
    last_election: UtcDatetime | None = Field(
        default=None, description="When leadership last changed."
    )
    avg_election_time: NonNegative | None = Field(default=None, description="Milliseconds.")
    failover_time: NonNegative | None = Field(
        default=None, description="Milliseconds without a leader at the last change."
    )
    split_brain_incidents: Count | None = Field(
        default=None, description="Times at which two held what one may hold, in the interval."
    )


class LockingMetrics(Record):
    """Locks, semaphores and leases that workers or schedulers share."""

    active_locks: Count | None = Field(default=None, description="Held at the moment.")
    lock_wait_time: NonNegative | None = Field(
        default=None, description="Milliseconds, mean of the waits that ended in the interval."
    )
    lock_contentions: Count | None = Field(
        default=None, description="Times somebody had to wait, in the interval."
    )
    deadlocks: Count | None = Field(default=None, description="In the interval.")
    lock_timeouts: Count | None = Field(
        default=None, description="Locks that ran out instead of being released, in the interval."
    )
    distributed_transactions: Count | None = Field(default=None, description="In the interval.")


class StateMetrics(Record):
    """The store that holds the shared state, and whether its copies agree."""

    store: Text | None = Field(default=None, description="Its kind, e.g. `etcd`, `postgresql`.")
    size_bytes: NonNegative | None = Field(default=None, description="Bytes it takes.")
    objects: Count | None = Field(default=None, description="Objects kept in it.")
    members: Count | None = Field(default=None, description="Processes that share the state.")
    healthy_members: Count | None = Field(
        default=None, description="Those of them that are up to date and answer."
    )
    replication_lag: NonNegative | None = Field(
        default=None, description="Milliseconds the furthest copy is behind."
    )
    stale_reads: Count | None = Field(
        default=None, description="Reads refused or repeated for their age, in the interval."
    )


class OrderingMetrics(Record):
    """Whether messages or events arrive in their order and once."""

    guarantee: Text | None = Field(
        default=None, description="What the source promises, e.g. `per_workflow`, `per_key`."
    )
    out_of_order: Count | None = Field(default=None, description="In the interval.")
    redelivered: Count | None = Field(default=None, description="In the interval.")
    max_lag: NonNegative | None = Field(
        default=None, description="Milliseconds the furthest reader is behind."
    )


class ConflictMetrics(Record):
    """Writers that met, and how it was settled."""

    strategy: Text | None = Field(
        default=None, description="e.g. `optimistic` (compare and set) or `pessimistic` (locks)."
    )
    conflicts: Count | None = Field(default=None, description="In the interval.")
    resolved: Count | None = Field(
        default=None, description="Those settled by a retry, in the interval."
    )
    resolution_time: NonNegative | None = Field(default=None, description="Milliseconds, mean.")


class PartitionMetrics(Record):
    """Parts of the system that cannot hear one another, or have no owner."""

    shards: Count | None = Field(default=None, description="Parts the work is divided into.")
    unowned_shards: Count | None = Field(
        default=None, description="Those that nobody owns at the moment."
    )
    unreachable_members: Count | None = Field(
        default=None, description="Members that the others cannot hear at the moment."
    )
    quorum: bool | None = Field(default=None, description="Enough members to go on deciding.")
    partition_events: Count | None = Field(
        default=None, description="Times a member was lost to the others, in the interval."
    )
    healing_time: NonNegative | None = Field(
        default=None, description="Milliseconds until the last one was back."
    )
    availability: Ratio | None = Field(
        default=None, description="Share of the interval in which decisions could be made."
    )


class CoordinationMetrics(Record):
    """The specification's record. The ids, `collected_at` and `metadata` are additive."""

    id: UUID = Field(description="Names the sample; a retry of it has the same id.")
    orchestrator_id: OrchestratorId
    collected_at: CollectedAt
    consensus_protocol: Text | None = Field(
        description="How decisions become one, e.g. `raft (etcd)`, `lease`, `database row locks`. "
        "null: there is none, or it is not known."
    )
    leader_election: LeaderElectionInfo | None = None
    distributed_locking: LockingMetrics | None = None
    state_management: StateMetrics | None = None
    message_ordering: OrderingMetrics | None = None
    conflict_resolution: ConflictMetrics | None = None
    partition_tolerance: PartitionMetrics | None = None
    metadata: Metadata = Metadata()
