"""Tries that started, as samples of decisions: handed to which host, after which waits."""

from typing import Any
from uuid import UUID

from agents.airflow.figures import Figures
from agents.airflow.queues import queue_of
from agents.airflow.wire import TaskInstance
from agents.missing import Missing, known_or
from agents.waits import Waits
from contracts.events import SchedulingDecision, SchedulingOutcome
from contracts.identity import sample_id, workflow_id

__all__ = ["build_decisions", "latency_by_cause"]

SAMPLING = "the first decision_samples tries that started in the interval, as the API lists them"


def build_decisions(figures: Figures, orchestrator: UUID) -> tuple[SchedulingDecision, ...]:
    """One for each sampled try."""
    rows = list(known_or(figures.started, ()))[: figures.config.decision_samples]
    return tuple(_decision(figures, row, orchestrator) for row in rows)


def latency_by_cause(figures: Figures) -> dict[str, Any]:
    """Waits of all tries and runs of the interval by what was waited for; milliseconds."""
    causes = {
        "scheduler": figures.scheduler_waits,
        "poolWait": figures.pool_waits,
        "executor": figures.executor_waits,
        "runDelay": figures.run_delays,
    }
    return {name: _summary(waits) for name, waits in causes.items()}


def _decision(figures: Figures, row: TaskInstance, orchestrator: UUID) -> SchedulingDecision:
    placed = row.queued_when or row.start_date or figures.snapshot.at
    run = f"{row.dag_id}/{row.dag_run_id}"
    return SchedulingDecision(
        id=sample_id(orchestrator, "scheduling-decision", placed, row.name),
        orchestrator_id=orchestrator,
        workflow_id=workflow_id(orchestrator, run),
        decision_time=placed,
        scheduling_latency=_between(row, "scheduled_when", "queued_when"),
        queue_time=_between(row, "ready_at", "start_date"),
        selected_worker=row.hostname or None,
        placement_constraints={"pool": row.pool} if row.pool else {},
        priority=row.priority_weight,
        decision_factors={
            "run": run,
            "task": row.task_id,
            "mapIndex": row.map_index,
            "attempt": row.try_number,
            "queue": queue_of(row),
            "heldByPool": figures.held_by_pool(row),
            "executorMs": _between(row, "queued_when", "start_date"),
            "operator": row.operator,
            "sampling": SAMPLING,
        },
        outcome=SchedulingOutcome.PLACED,
    )


def _between(row: TaskInstance, begin: str, end: str) -> float | None:
    since, until = getattr(row, begin), getattr(row, end)
    if since is None or until is None:
        return None
    return max(0.0, float((until - since).total_seconds() * 1000))


def _summary(waits: Waits | Missing) -> dict[str, Any]:
    if isinstance(waits, Missing):
        return {"count": None, "reason": waits.reason}
    return waits.summary()
