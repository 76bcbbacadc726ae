"""What alert rules may ask of a record, by name. Unknown is null, never zero."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from analytics.health_parts import TARGET_WAIT_MS
from analytics.reasons import why_unknown
from contracts.health import ComponentStatus, ComponentType, HealthStatus
from contracts.orchestrator import OrchestratorMetrics, OrchestratorType

__all__ = ["SIGNALS", "Sample", "Signal", "sample_of"]

Value = float | str | None


class Signal(NamedTuple):
    """Where a signal is read, and what it is."""

    pointer: str
    description: str
    read: Callable[[OrchestratorMetrics], Value]


@dataclass(frozen=True)
class Sample:
    """The signals of one subject at one time. A signal that is not there is not known."""

    at: datetime
    orchestrator_id: UUID
    subject_id: UUID
    signals: Mapping[str, Value]
    orchestrator_type: OrchestratorType | None = None
    reachable: bool = True
    """Whether it answered: grace begins anew when it comes back."""


def sample_of(record: OrchestratorMetrics) -> Sample:
    """The signals of an orchestrator's record."""
    return Sample(
        at=record.collected_at,
        orchestrator_id=record.orchestrator_id,
        subject_id=record.orchestrator_id,
        signals={name: signal.read(record) for name, signal in SIGNALS.items()},
        orchestrator_type=record.orchestrator_type,
        reachable=not _is_outage(record),
    )


def reason(record: OrchestratorMetrics, signal: str) -> str:
    """Why a signal is not known."""
    known = SIGNALS.get(signal)
    return why_unknown(record, known.pointer) if known else f"no signal is called {signal}"


def _is_outage(record: OrchestratorMetrics) -> bool:
    health = record.health
    return health.status == HealthStatus.CRITICAL and health.health_score is None


def _number(part: str, field: str) -> Callable[[OrchestratorMetrics], Value]:
    def read(record: OrchestratorMetrics) -> Value:
        value: float | None = getattr(getattr(record, part), field, None)
        return None if value is None else float(value)

    return read


def _finished(record: OrchestratorMetrics) -> Value:
    execution = record.execution
    if execution is None or None in {execution.completed_workflows, execution.failed_workflows}:
        return None
    return float((execution.completed_workflows or 0) + (execution.failed_workflows or 0))


def _schedulers(record: OrchestratorMetrics) -> Value:
    """Share of the schedulers of known status that are not down."""
    known = [
        component.status
        for component in record.health.components
        if component.type == ComponentType.SCHEDULER and component.status is not None
    ]
    up = sum(status != ComponentStatus.UNHEALTHY for status in known)
    return up / len(known) if known else None


def _placements(record: OrchestratorMetrics) -> Value:
    histogram = record.scheduling.latency_histogram if record.scheduling else None
    return float(sum(histogram.counts)) if histogram else None


def _late_placements(record: OrchestratorMetrics) -> Value:
    """Placements above the first bound that is at least the target: never too many."""
    histogram = record.scheduling.latency_histogram if record.scheduling else None
    if histogram is None:
        return None
    beyond = [i for i, bound in enumerate(histogram.bounds_ms) if bound >= TARGET_WAIT_MS]
    return float(sum(histogram.counts[beyond[0] + 1 :])) if beyond else None


HISTOGRAM = "/scheduling/latencyHistogram"
SIGNALS: Mapping[str, Signal] = {
    "status": Signal(
        "/health/status", "healthy, degraded, unhealthy or critical", lambda it: it.health.status
    ),
    "health_score": Signal("/health/healthScore", "0..1", _number("health", "health_score")),
    "scheduler_up_ratio": Signal(
        "/health/components", "schedulers that are not down / schedulers known", _schedulers
    ),
    "capacity_utilization_ratio": Signal(
        "/capacity/capacityUtilization", "used / total", _number("capacity", "capacity_utilization")
    ),
    "pending_workflows": Signal(
        "/capacity/pendingWorkflows", "that wait to run", _number("capacity", "pending_workflows")
    ),
    "avg_scheduling_latency_ms": Signal(
        "/scheduling/avgSchedulingLatency", "mean", _number("scheduling", "avg_scheduling_latency")
    ),
    "p95_scheduling_latency_ms": Signal(
        "/scheduling/p95SchedulingLatency",
        "95th percentile",
        _number("scheduling", "p95_scheduling_latency"),
    ),
    "placements": Signal(HISTOGRAM, "in the interval", _placements),
    "late_placements": Signal(HISTOGRAM, "of them after 5 minutes", _late_placements),
    "backlog_items": Signal("/queuing/backlogSize", "waiting", _number("queuing", "backlog_size")),
    "max_wait_ms": Signal("/queuing/maxWaitTime", "longest", _number("queuing", "max_wait_time")),
    "dead_letters": Signal(
        "/queuing/deadLetterCount", "given up", _number("queuing", "dead_letter_count")
    ),
    "failed_workflows": Signal(
        "/execution/failedWorkflows", "in the interval", _number("execution", "failed_workflows")
    ),
    "finished_workflows": Signal(
        "/execution/completedWorkflows", "completed or failed in the interval", _finished
    ),
    "interval_s": Signal(
        "/execution/intervalS",
        "which the counts cover",
        _number("execution", "interval_s"),
    ),
}
