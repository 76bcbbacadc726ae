"""Who leads among the parts of the control plane, by the leases in kube-system."""

from collections.abc import Mapping, Sequence

from agents.kubernetes.figures import Figures
from agents.kubernetes.state import LeaseState
from agents.missing import Gaps, Missing, known_or, over
from agents.origin import Origin
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

__all__ = ["build_coordination", "fresh_leases"]

PROTOCOL = "raft (etcd); leases of the control plane"
LEADER = "kube-scheduler"
NOT_TOLD = "the API does not tell it"
CONFLICTS = (
    "metrics are read less often than records are made: conflictsPerS of the cluster's record"
)
NO_LEASE = Missing("its lease is not in kube-system")


def fresh_leases(figures: Figures) -> Mapping[str, bool] | Missing:
    """Name of each lease, and whether its holder has renewed it in time."""
    snapshot = figures.snapshot
    return over(
        lambda leases: {lease.name: lease.is_fresh(snapshot.at) for lease in leases},
        snapshot.leases,
    )


def build_coordination(figures: Figures, origin: Origin) -> CoordinationMetrics:
    """The record of the cluster. The leader is that of the scheduler."""
    gaps, control = Gaps(), figures.snapshot.control
    fresh = fresh_leases(figures)
    lost = over(lambda nodes: sum(not node.heard for node in nodes), figures.snapshot.nodes)
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
            active_locks=over(lambda found: sum(found.values()), fresh),
            lock_timeouts=Missing("a lease that ran out is told by its component"),
        ),
        state_management=gaps.fill(
            StateMetrics,
            "/stateManagement",
            NOT_TOLD,
            store="etcd",
            size_bytes=control.store_bytes,
            objects=control.objects,
        ),
        message_ordering=gaps.fill(
            OrderingMetrics, "/messageOrdering", NOT_TOLD, guarantee="per_kind"
        ),
        conflict_resolution=gaps.fill(
            ConflictMetrics,
            "/conflictResolution",
            NOT_TOLD,
            strategy="optimistic",
            conflicts=Missing(
                "read less often than records are made: conflictsPerS in the cluster's record"
            ),
        ),
        partition_tolerance=gaps.fill(
            PartitionMetrics, "/partitionTolerance", NOT_TOLD, unreachable_members=lost
        ),
    )
    details = {
        "leases": {
            lease.name: {
                "holder": lease.spec.holder_identity,
                "transitions": lease.spec.lease_transitions,
            }
            for lease in _listed(figures)
        },
        "leading": {
            name: known_or(control.leaders(name), None)
            for name in (LEADER, "kube-controller-manager")
        },
        "electionsSeen": figures.snapshot.elections,
    }
    return record.model_copy(update={"metadata": origin.metadata(gaps, details)})


def _listed(figures: Figures) -> Sequence[LeaseState]:
    leases = figures.snapshot.leases
    return () if isinstance(leases, Missing) else leases


def _election(figures: Figures, gaps: Gaps) -> LeaderElectionInfo:
    spec = over(
        lambda leases: next((each.spec for each in leases if each.name == LEADER), NO_LEASE),
        figures.snapshot.leases,
    )
    holds = over(lambda fresh: fresh.get(LEADER, False), fresh_leases(figures))
    leader = over(
        lambda found: (
            found.holder_identity or Missing("nobody holds it")
            if holds is True
            else Missing("nobody renews its lease")
        ),
        spec,
    )
    transitions = over(lambda found: found.lease_transitions or 0, spec)
    return gaps.fill(
        LeaderElectionInfo,
        "/leaderElection",
        NOT_TOLD,
        current_leader=leader,
        election_count=transitions,
        last_election=over(
            lambda found: found.acquire_time or Missing("its lease does not tell it"), spec
        ),
    )
