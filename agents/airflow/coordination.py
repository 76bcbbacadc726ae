"""Schedulers that share one database, each taking rows of it under a lock."""

from agents.airflow.figures import Figures
from agents.airflow.wire import Job
from agents.missing import Gaps, Missing, combine, over
from agents.origin import Origin
from contracts.coordination import ConflictMetrics, CoordinationMetrics, StateMetrics
from contracts.events import CoordinationEvent
from contracts.identity import sample_id

__all__ = ["build_coordination", "build_coordination_events"]

PROTOCOL = "database row locks (SELECT FOR UPDATE SKIP LOCKED)"
NOT_COUNTED = "Airflow does not count it"


def build_coordination(figures: Figures, origin: Origin) -> CoordinationMetrics:
    """The record of the Airflow."""
    gaps = Gaps()
    alive = over(len, figures.schedulers)
    record = CoordinationMetrics(
        id=sample_id(origin.orchestrator, "coordination", origin.now),
        orchestrator_id=origin.orchestrator,
        collected_at=origin.now,
        consensus_protocol=PROTOCOL,
        leader_election=gaps.take(
            "/leaderElection", Missing("all schedulers work, none of them leads")
        ),
        distributed_locking=gaps.take("/distributedLocking", Missing(NOT_COUNTED)),
        state_management=gaps.fill(
            StateMetrics,
            "/stateManagement",
            NOT_COUNTED,
            members=combine(lambda all_, lost: all_ + len(lost), alive, figures.snapshot.lost),
            healthy_members=alive,
        ),
        message_ordering=gaps.take("/messageOrdering", Missing(NOT_COUNTED)),
        conflict_resolution=gaps.fill(
            ConflictMetrics, "/conflictResolution", NOT_COUNTED, strategy="pessimistic"
        ),
        partition_tolerance=gaps.take("/partitionTolerance", Missing(NOT_COUNTED)),
    )
    return record.model_copy(update={"metadata": origin.metadata(gaps, {})})


def build_coordination_events(figures: Figures, origin: Origin) -> tuple[CoordinationEvent, ...]:
    """Schedulers that came and went since the scrape before."""
    came = [_event("scheduler_joined", job, figures, origin) for job in figures.snapshot.joined]
    went = [_event("scheduler_left", job, figures, origin) for job in figures.snapshot.left]
    return (*came, *went)


def _event(kind: str, job: Job, figures: Figures, origin: Origin) -> CoordinationEvent:
    at = job.start_date if kind == "scheduler_joined" else job.latest_heartbeat
    moment = at or figures.snapshot.at
    return CoordinationEvent(
        id=sample_id(origin.orchestrator, "coordination-event", moment, f"{kind}/{job.id}"),
        orchestrator_id=origin.orchestrator,
        event_type=kind,
        event_time=moment,
        details={"job": job.id},
        participants=(job.hostname,) if job.hostname else (),
    )
