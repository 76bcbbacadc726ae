"""Samples of started runs: when each was placed, and what it had waited for until it ran."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from agents.missing import Missing, known_or
from agents.prefect.figures import AT_LIMIT, Figures
from agents.prefect.wire import FlowRun, State
from agents.waits import Waits
from contracts.events import SchedulingDecision, SchedulingOutcome
from contracts.identity import sample_id

__all__ = ["Wait", "build_decisions", "latency_by_cause", "wait_of"]

SAMPLING = "the states of the runs that started last in the interval (decision_samples)"


NONE = "no run was sampled"


@dataclass(frozen=True)
class Wait:
    """What a run waited for, in milliseconds: a slot, a worker, its process to begin."""

    placed_at: datetime
    limit_ms: float
    queue_ms: float
    start_up_ms: float

    @property
    def until_placed_ms(self) -> float:
        return self.limit_ms + self.queue_ms


def wait_of(run: FlowRun, states: Sequence[State]) -> Wait | Missing:
    """The wait by its states. The time it was put off for want of a slot counts as `limit`."""
    ordered = sorted(states, key=lambda state: state.timestamp)
    placed = _first(ordered, "PENDING", run.expected_start_time)
    running = _first(ordered, "RUNNING", placed)
    expected = run.expected_start_time
    if placed is None or running is None or expected is None:
        return Missing("its states do not tell when it was placed")
    limit_ms = sum(
        _ms(before.timestamp, after.timestamp)
        for before, after in pairwise(ordered)
        if before.name == AT_LIMIT and after.timestamp <= placed
    )
    queue_ms = max(0.0, _ms(expected, placed) - limit_ms)
    return Wait(placed, limit_ms, queue_ms, _ms(placed, running))


def build_decisions(figures: Figures, orchestrator: UUID) -> tuple[SchedulingDecision, ...]:
    """One for each sampled run whose states tell when it was placed."""
    return tuple(_decision(figures, run, wait, orchestrator) for run, wait in _sampled(figures))


def latency_by_cause(figures: Figures) -> dict[str, Any]:
    """Waits of the sample by what was waited for; milliseconds."""
    waits = [wait for _, wait in _sampled(figures)]
    return {
        "sampling": SAMPLING,
        "limit": Waits([wait.limit_ms for wait in waits], NONE).summary(),
        "queue": Waits([wait.queue_ms for wait in waits], NONE).summary(),
        "startUp": Waits([wait.start_up_ms for wait in waits], NONE).summary(),
    }


def _sampled(figures: Figures) -> list[tuple[FlowRun, Wait]]:
    window = known_or(figures.placed, None)
    found = []
    for run in window.runs if window else ():
        states = figures.snapshot.histories.get(run.id)
        wait = wait_of(run, states) if states else Missing("not sampled")
        if not isinstance(wait, Missing):
            found.append((run, wait))
    return found


def _decision(figures: Figures, run: FlowRun, wait: Wait, orchestrator: UUID) -> SchedulingDecision:
    queue = figures.queues_by_id.get(run.work_queue_id) if run.work_queue_id else None
    return SchedulingDecision(
        id=sample_id(orchestrator, "scheduling-decision", wait.placed_at, str(run.id)),
        orchestrator_id=orchestrator,
        workflow_id=run.id,
        decision_time=wait.placed_at,
        scheduling_latency=wait.until_placed_ms,
        queue_time=wait.until_placed_ms,
        selected_worker=run.worker,
        priority=queue.priority if queue else None,
        decision_factors={
            "run": run.name,
            "pool": run.work_pool_name,
            "queue": run.work_queue_name,
            "limitMs": wait.limit_ms,
            "queueMs": wait.queue_ms,
            "startUpMs": wait.start_up_ms,
            "attempt": run.run_count,
            "sampling": SAMPLING,
        },
        outcome=SchedulingOutcome.PLACED,
    )


def _first(states: Sequence[State], kind: str, since: datetime | None) -> datetime | None:
    return next(
        (
            state.timestamp
            for state in states
            if state.type == kind and (since is None or state.timestamp >= since)
        ),
        None,
    )


def _ms(begun: datetime, ended: datetime) -> float:
    return max(0.0, (ended - begun).total_seconds() * 1000)
