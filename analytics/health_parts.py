"""The five parts of the health score: each a number from 0 (broken) to 1, or unknown.

A part rests on measured values only. What is missing makes the part unknown with a reason;
it never counts as 0 and never as perfect.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil

from analytics.reasons import why_unknown
from analytics.statistics import wilson_upper
from contracts.health import ComponentHealth, ComponentStatus, ComponentType
from contracts.orchestrator import (
    CapacityMetrics,
    OrchestratorMetrics,
    OrchestratorType,
    QueueMetrics,
    SchedulingPerformance,
)

__all__ = [
    "CORE_TYPES",
    "GROWTH_LIMIT_S",
    "INPUTS",
    "MEASURES",
    "TARGET_HIGH_RATIO",
    "TARGET_LATENCY_MS",
    "TARGET_LOW_RATIO",
    "TARGET_WAIT_MS",
    "Part",
    "component_weight",
    "core_down",
    "slots_for",
    "waiting_work",
]

CORE_TYPES = frozenset({ComponentType.SCHEDULER, ComponentType.DATABASE})
"""Without one of these nothing new runs: double weight, and a cap while one is down."""

CORE_WEIGHT = 2.0
CORE_DOWN_CAP = 0.5
STATUS_SCORE: Mapping[ComponentStatus, float] = {
    ComponentStatus.HEALTHY: 1.0,
    ComponentStatus.DEGRADED: 0.5,
    ComponentStatus.UNHEALTHY: 0.0,
}

TARGET_LOW_RATIO = 0.70
TARGET_HIGH_RATIO = 0.85
IDLE_SCORE = 0.7
FULL_SCORE_NOTHING_WAITS = 0.5

TARGET_LATENCY_MS: Mapping[OrchestratorType, float] = dict.fromkeys(OrchestratorType, 100.0)
"""Scheduling latency that counts as perfect. The specification knows one figure for all; an
orchestrator whose native latency is of another kind gets its own line here."""

TARGET_WAIT_MS = 300_000.0
GROWTH_LIMIT_S = 900.0
GROWTH_FACTOR = 0.5

WORST_FAILURE_RATIO = 0.1

INPUTS: Mapping[str, tuple[str, ...]] = {
    "component_health": ("/health/components",),
    "capacity_utilization": ("/capacity/capacityUtilization",),
    "scheduling_performance": ("/scheduling/p95SchedulingLatency",),
    "queue_efficiency": ("/queuing/maxWaitTime", "/queuing/avgWaitTime"),
    "error_rate": ("/execution/recent", "/execution/failedWorkflows"),
}
"""Where each part reads: where the reason stands when it is unknown."""


@dataclass(frozen=True)
class Part:
    """One part before it is weighed: a score and how to repair it, or a reason for none."""

    score: float | None
    evidence: str
    raw: dict[str, float | str | None] = field(default_factory=dict)
    repair: str | None = None
    reason: str | None = None


def component_health(record: OrchestratorMetrics) -> Part:
    """Weighted mean over the components whose status is known.

    healthy 1, degraded 0.5, unhealthy 0; a scheduler or database weighs 2, others 1. At most
    0.5 while a scheduler or database is unhealthy, however many others are well.
    """
    components = record.health.components
    known = [item for item in components if item.status is not None]
    raw: dict[str, float | str | None] = {
        "components": len(components),
        "components_known": len(known),
    }
    if not known:
        return _unknown(record, "component_health", raw)
    raw |= {f"{item.type}/{item.name}": item.status for item in components}
    weights = [component_weight(item) for item in known]
    score = sum(map(_weighted, known)) / sum(weights)
    if core_down(record):
        score = min(score, CORE_DOWN_CAP)
    ailing = [item for item in known if item.status is not ComponentStatus.HEALTHY]
    names = ", ".join(f"{item.name} {item.status}" for item in ailing)
    return Part(
        score,
        f"{len(known) - len(ailing)} of {len(known)} components of known status are healthy"
        + (f"; {names}." if names else "."),
        raw,
        repair=f"Bring back to healthy: {names}." if names else None,
    )


def core_down(record: OrchestratorMetrics) -> list[ComponentHealth]:
    """The schedulers and databases that are unhealthy."""
    return [
        item
        for item in record.health.components
        if item.type in CORE_TYPES and item.status is ComponentStatus.UNHEALTHY
    ]


def component_weight(component: ComponentHealth) -> float:
    """2 for a scheduler or database, 1 for any other."""
    return CORE_WEIGHT if component.type in CORE_TYPES else 1.0


def capacity_utilization(record: OrchestratorMetrics) -> Part:
    """1 for 70 to 85 % used slots; room for neither waste nor bursts costs.

    Below: 0.7 for idle, rising linearly to 1. Above: falling linearly to 0 for full while
    work waits, to 0.5 while none does. Utilization beyond 1 counts as full.
    """
    capacity = record.capacity
    name = "capacity_utilization"
    if capacity is None or capacity.capacity_utilization is None:
        return _unknown(record, name)
    used = capacity.capacity_utilization
    waits = waiting_work(record)
    raw: dict[str, float | str | None] = {
        "utilization_ratio": used,
        "pending_workflows": capacity.pending_workflows,
        "backlog_items": record.queuing.backlog_size if record.queuing else None,
    }
    if used > TARGET_HIGH_RATIO and waits is None:
        reason = why_unknown(record, "/capacity/pendingWorkflows", "/queuing/backlogSize")
        return _unknown(record, name, raw, f"whether work waits for the slots: {reason}")
    return Part(
        _capacity_score(used, waits=bool(waits)),
        f"Utilization is {used:.4g}; {TARGET_LOW_RATIO:g} to {TARGET_HIGH_RATIO:g} is the target"
        + (", and work waits." if waits and used > TARGET_HIGH_RATIO else "."),
        raw,
        repair=_capacity_repair(capacity, used),
    )


def waiting_work(record: OrchestratorMetrics) -> bool | None:
    """Does any work wait for a slot? None when neither pending work nor backlog is known."""
    counts = (
        record.capacity.pending_workflows if record.capacity else None,
        record.queuing.backlog_size if record.queuing else None,
    )
    known = [count for count in counts if count is not None]
    return any(known) if known else None


def scheduling_performance(record: OrchestratorMetrics) -> Part:
    """min(1, target / p95) of the time that work waits for a place.

    A 95th percentile above the histogram's last bound is known to be at least that bound:
    the score is then the highest it can be, rather than unknown when things are at their
    worst. An average does not stand in: it hides the tail.
    """
    name = "scheduling_performance"
    target_ms = TARGET_LATENCY_MS[record.orchestrator_type]
    if record.scheduling is None:
        return _unknown(record, name)
    p95_ms = record.scheduling.p95_scheduling_latency
    relation = "is"
    if p95_ms is None:
        p95_ms = _beyond_bounds_ms(record.scheduling)
        relation = "is above"
    raw: dict[str, float | str | None] = {"p95_latency_ms": p95_ms, "target_ms": target_ms}
    if p95_ms is None:
        return _unknown(record, name, raw)
    return Part(
        _share_of_target(target_ms, p95_ms),
        f"95th percentile of the scheduling latency {relation} {p95_ms:.4g} ms; "
        f"the target is {target_ms:g} ms.",
        raw,
        repair=f"Bring the 95th percentile to {target_ms:g} ms." if p95_ms > target_ms else None,
    )


def queue_efficiency(record: OrchestratorMetrics) -> Part:
    """min(1, target / wait), halved once the backlog has grown for 15 minutes.

    The wait is that of the oldest item: one starving queue shows in it, while an average
    over what was handed out is fine as long as nothing is handed out. The average stands in
    where the oldest is unknown. An empty backlog waits 0. Unknown growth costs nothing.
    """
    queuing = record.queuing
    wait_ms, source = _wait(queuing)
    growing_s = queuing.backlog_growing_for_s if queuing else None
    raw: dict[str, float | str | None] = {
        "wait_ms": wait_ms,
        "wait_is": source,
        "target_ms": TARGET_WAIT_MS,
        "backlog_growing_for_s": growing_s,
    }
    if wait_ms is None:
        return _unknown(record, "queue_efficiency", raw)
    grows = growing_s is not None and growing_s >= GROWTH_LIMIT_S
    slow = wait_ms > TARGET_WAIT_MS
    repairs = [f"cut the wait to {TARGET_WAIT_MS / 1000:g} s"] if slow else []
    repairs += ["stop the backlog's growth"] if grows else []
    return Part(
        _share_of_target(TARGET_WAIT_MS, wait_ms) * (GROWTH_FACTOR if grows else 1.0),
        f"The wait ({source}) is {wait_ms / 1000:.4g} s; the target is {TARGET_WAIT_MS / 1000:g} s"
        + (f", and the backlog has grown for {growing_s:.4g} s." if grows else "."),
        raw,
        repair=" and ".join(repairs).capitalize() + "." if repairs else None,
    )


def error_rate(record: OrchestratorMetrics) -> Part:
    """1 - min(1, upper / 0.1) of the failed share of finished workflows, at most one hour.

    `upper` is the upper end of its Wilson interval, so that 0 failed of 3 is not perfect;
    see `wilson_upper`. Nothing finished: unknown.
    """
    name = "error_rate"
    recent = record.execution.recent if record.execution else None
    if recent is None:
        return _unknown(record, name)
    finished = recent.completed + recent.failed
    raw: dict[str, float | str | None] = {
        "completed_workflows": recent.completed,
        "failed_workflows": recent.failed,
        "window_s": recent.window_s,
    }
    if finished == 0:
        return _unknown(record, name, raw, f"no workflow finished in {recent.window_s:.4g} s")
    upper = wilson_upper(recent.failed, finished)
    return Part(
        1 - min(1.0, upper / WORST_FAILURE_RATIO),
        f"{recent.failed} of {finished} finished workflows failed: at most {upper:.4g} of them "
        f"fail with 97.5 % confidence, where {WORST_FAILURE_RATIO:g} is the worst that counts.",
        raw | {"failure_upper_ratio": upper},
        repair="Find out why workflows fail."
        if recent.failed
        else "Nothing failed; more finished workflows make the bound tighter.",
    )


MEASURES: Mapping[str, Callable[[OrchestratorMetrics], Part]] = {
    "component_health": component_health,
    "capacity_utilization": capacity_utilization,
    "scheduling_performance": scheduling_performance,
    "queue_efficiency": queue_efficiency,
    "error_rate": error_rate,
}
"""The parts by their names in the specification, in its order."""


def slots_for(used_slots: int, target_ratio: float) -> int:
    """Fewest slots of which `used_slots` are at most `target_ratio`."""
    # Rounded first: 85 / 0.85 is a hair above 100 in floating point.
    return ceil(round(used_slots / target_ratio, 6))


def _unknown(
    record: OrchestratorMetrics,
    name: str,
    raw: dict[str, float | str | None] | None = None,
    reason: str | None = None,
) -> Part:
    why = reason or why_unknown(record, *INPUTS[name])
    return Part(None, f"Not known: {why}.", raw or {}, reason=why)


def _weighted(component: ComponentHealth) -> float:
    return component_weight(component) * STATUS_SCORE[component.status] if component.status else 0.0


def _capacity_score(used: float, *, waits: bool) -> float:
    if used < TARGET_LOW_RATIO:
        return IDLE_SCORE + (1 - IDLE_SCORE) * used / TARGET_LOW_RATIO
    if used <= TARGET_HIGH_RATIO:
        return 1.0
    full_score = 0.0 if waits else FULL_SCORE_NOTHING_WAITS
    headroom = (1 - min(used, 1.0)) / (1 - TARGET_HIGH_RATIO)
    return full_score + (1 - full_score) * headroom


def _capacity_repair(capacity: CapacityMetrics, used: float) -> str | None:
    if TARGET_LOW_RATIO <= used <= TARGET_HIGH_RATIO:
        return None
    if used < TARGET_LOW_RATIO:
        return f"Fewer slots or more work: at {TARGET_LOW_RATIO:g} the slots are well used."
    if capacity.used_slots is None:
        return f"Add slots until {TARGET_HIGH_RATIO:g} of them are used."
    wanted = slots_for(capacity.used_slots, TARGET_HIGH_RATIO)
    return f"{wanted} slots would bring the same work to {TARGET_HIGH_RATIO:g}."


def _beyond_bounds_ms(scheduling: SchedulingPerformance) -> float | None:
    """The last bound, when so much lies above it that the 95th percentile must."""
    histogram = scheduling.latency_histogram
    if histogram is None:
        return None
    beyond = histogram.counts[-1] > 0.05 * sum(histogram.counts)
    return histogram.bounds_ms[-1] if beyond and histogram.bounds_ms else None


def _wait(queuing: QueueMetrics | None) -> tuple[float | None, str | None]:
    if queuing is None:
        return None, None
    if queuing.max_wait_time is not None:
        return queuing.max_wait_time, "oldest item"
    if queuing.backlog_size == 0:
        return 0.0, "nothing waits"
    if queuing.avg_wait_time is not None:
        return queuing.avg_wait_time, "average"
    return None, None


def _share_of_target(target: float, measured: float) -> float:
    return min(1.0, target / measured) if measured > 0 else 1.0
