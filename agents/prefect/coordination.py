"""Concurrency limits as locks: all that the parts of a Prefect deployment agree on."""

from agents.missing import Gaps, Missing, known_or, over
from agents.origin import Origin
from agents.prefect.figures import Figures
from contracts.coordination import CoordinationMetrics, LockingMetrics
from contracts.identity import sample_id

__all__ = ["build_coordination"]

NOT_COUNTED = "Prefect does not count it"
NO_CONSENSUS = Missing("Prefect's servers agree through their database alone")


def build_coordination(figures: Figures, origin: Origin) -> CoordinationMetrics:
    """The record of the API."""
    gaps = Gaps()
    held = over(
        lambda limits: round(sum(each.active_slots for each in limits)), figures.snapshot.limits
    )
    record = CoordinationMetrics(
        id=sample_id(origin.orchestrator, "coordination", origin.now),
        orchestrator_id=origin.orchestrator,
        collected_at=origin.now,
        consensus_protocol=gaps.take("/consensusProtocol", NO_CONSENSUS),
        leader_election=gaps.take("/leaderElection", Missing("no Prefect server leads")),
        distributed_locking=gaps.fill(
            LockingMetrics,
            "/distributedLocking",
            NOT_COUNTED,
            active_locks=held,
            lock_contentions=figures.held_back,
        ),
        state_management=gaps.take("/stateManagement", NO_CONSENSUS),
        message_ordering=gaps.take("/messageOrdering", Missing(NOT_COUNTED)),
        conflict_resolution=gaps.take("/conflictResolution", Missing(NOT_COUNTED)),
        partition_tolerance=gaps.take("/partitionTolerance", NO_CONSENSUS),
    )
    details = {"fullLimits": [each.name for each in known_or(figures.full_limits, ())]}
    return record.model_copy(update={"metadata": origin.metadata(gaps, details)})
