"""Which controller leads, and the locks that workflows share."""

from typing import Any

from agents.argo.figures import Figures
from agents.argo.health import NO_LEASE, lease_is_fresh
from agents.kubernetes.wire import LeaseSpec
from agents.missing import Gaps, Missing, known_or, over
from agents.origin import Origin
from agents.waits import Waits
from contracts.coordination import (
    ConflictMetrics,
    CoordinationMetrics,
    LeaderElectionInfo,
    LockingMetrics,
    OrderingMetrics,
    PartitionMetrics,
    StateMetrics,
)
from contracts.identity import sample_id

__all__ = ["build_coordination"]

PROTOCOL = "lease of the controller; locks kept by it"
NOT_TOLD = "the API does not tell it"
NO_LOCK_TAKEN = "nobody who waited for a lock got it in the interval"
MOST_LOCKS, MOST_WORKFLOWS = 50, 20
"""What is listed of locks, for the graph of who waits for whom."""


def build_coordination(figures: Figures, origin: Origin) -> CoordinationMetrics:
    """The record of the controller."""
    gaps = Gaps()
    happened = figures.snapshot.happened
    record = CoordinationMetrics(
        id=sample_id(origin.orchestrator, "coordination", origin.now),
        orchestrator_id=origin.orchestrator,
        collected_at=origin.now,
        consensus_protocol=PROTOCOL,
        leader_election=_election(figures, gaps),
        distributed_locking=gaps.fill(
            LockingMetrics,
            "/distributedLocking",
            NOT_TOLD,
            active_locks=over(
                lambda found: sum(len(lock.holders) for lock in found), figures.locks
            ),
            lock_wait_time=over(
                lambda tally: Waits(tally.lock_waits_ms, NO_LOCK_TAKEN).mean_ms, happened
            ),
            lock_contentions=over(lambda tally: tally.contentions, happened),
            deadlocks=Missing("the graph of who waits for whom is in the details"),
        ),
        state_management=gaps.fill(StateMetrics, "/stateManagement", NOT_TOLD, store="kubernetes"),
        message_ordering=gaps.fill(
            OrderingMetrics, "/messageOrdering", NOT_TOLD, guarantee="per_workflow"
        ),
        conflict_resolution=gaps.fill(
            ConflictMetrics, "/conflictResolution", NOT_TOLD, strategy="optimistic"
        ),
        partition_tolerance=gaps.fill(PartitionMetrics, "/partitionTolerance", NOT_TOLD),
    )
    details = {"locks": _listed(figures), "electionsSeen": figures.snapshot.elections}
    return record.model_copy(update={"metadata": origin.metadata(gaps, details)})


def _listed(figures: Figures) -> dict[str, Any]:
    found = sorted(known_or(figures.locks, ()), key=lambda lock: -len(lock.waiting))
    return {
        lock.name: {
            "limit": known_or(lock.limit, None),
            "holders": list(lock.holders[:MOST_WORKFLOWS]),
            "waiting": [f"{each.namespace}/{each.name}" for each in lock.waiting[:MOST_WORKFLOWS]],
            "waitingSteps": lock.waiting_steps,
        }
        for lock in found[:MOST_LOCKS]
    }


def _election(figures: Figures, gaps: Gaps) -> LeaderElectionInfo:
    spec: LeaseSpec | Missing = over(
        lambda leases: leases[0].spec if leases else NO_LEASE, figures.snapshot.leases
    )
    leader = over(
        lambda fresh: (
            over(lambda each: each.holder_identity or Missing("nobody holds it"), spec)
            if fresh
            else Missing("nobody renews its lease")
        ),
        lease_is_fresh(figures),
    )
    return gaps.fill(
        LeaderElectionInfo,
        "/leaderElection",
        NOT_TOLD,
        current_leader=leader,
        election_count=over(lambda each: each.lease_transitions or 0, spec),
        last_election=over(
            lambda each: each.acquire_time or Missing("its lease does not tell it"), spec
        ),
    )
