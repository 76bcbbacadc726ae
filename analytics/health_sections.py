"""Components, capacity and scheduling of one record: measured values and what stands out."""

from collections import Counter

from analytics.health_analysis import (
    CapacityAnalysis,
    ComponentAnalysis,
    ComponentFinding,
    SchedulingEfficiency,
)
from analytics.health_parts import (
    TARGET_HIGH_RATIO,
    TARGET_LATENCY_MS,
    TARGET_LOW_RATIO,
    component_weight,
    core_down,
    slots_for,
    waiting_work,
)
from analytics.reasons import why_unknown
from contracts.health import ComponentHealth, ComponentStatus
from contracts.orchestrator import CapacityMetrics, OrchestratorMetrics, SchedulingPerformance

__all__ = ["analyze_capacity", "analyze_components", "analyze_scheduling", "missing_slots"]


def analyze_components(record: OrchestratorMetrics) -> ComponentAnalysis:
    """Every component with its weight, and counts by status."""
    components = record.health.components
    by_status = Counter(item.status for item in components)
    findings = [f"{item.type} {item.name} is down: critical at once." for item in core_down(record)]
    findings += [f"{item.name}: {issue.message}" for item in components for issue in item.issues]
    return ComponentAnalysis(
        healthy=by_status[ComponentStatus.HEALTHY],
        degraded=by_status[ComponentStatus.DEGRADED],
        unhealthy=by_status[ComponentStatus.UNHEALTHY],
        unknown=by_status[None],
        components=tuple(map(_component, components)),
        findings=tuple(findings),
    )


def analyze_capacity(record: OrchestratorMetrics) -> CapacityAnalysis:
    """Slots against the target of 70 to 85 % in use."""
    capacity = record.capacity or CapacityMetrics()
    unknown = capacity.capacity_utilization is None
    return CapacityAnalysis(
        total_slots=capacity.total_slots,
        used_slots=capacity.used_slots,
        available_slots=capacity.available_slots,
        pending_workflows=capacity.pending_workflows,
        utilization_ratio=capacity.capacity_utilization,
        peak_utilization_ratio=capacity.peak_utilization,
        target_low_ratio=TARGET_LOW_RATIO,
        target_high_ratio=TARGET_HIGH_RATIO,
        missing_slots=missing_slots(capacity),
        findings=tuple(_capacity_findings(record, capacity)),
        reason=why_unknown(record, "/capacity/capacityUtilization") if unknown else None,
    )


def analyze_scheduling(record: OrchestratorMetrics) -> SchedulingEfficiency:
    """Scheduling latency against the target of the orchestrator's kind."""
    scheduling = record.scheduling or SchedulingPerformance()
    histogram = scheduling.latency_histogram
    target_ms = TARGET_LATENCY_MS[record.orchestrator_type]
    p95_ms = scheduling.p95_scheduling_latency
    findings = []
    if p95_ms is not None and p95_ms > target_ms:
        findings.append(f"One in twenty waits longer than {p95_ms:.4g} ms for a place.")
    if scheduling.scheduling_failures:
        findings.append(f"{scheduling.scheduling_failures} could not be placed in the interval.")
    return SchedulingEfficiency(
        avg_latency_ms=scheduling.avg_scheduling_latency,
        p50_latency_ms=scheduling.p50_scheduling_latency,
        p95_latency_ms=p95_ms,
        p99_latency_ms=scheduling.p99_scheduling_latency,
        target_ms=target_ms,
        placements=sum(histogram.counts) if histogram else None,
        throughput_per_s=scheduling.scheduling_throughput,
        failures=scheduling.scheduling_failures,
        queue_depth=scheduling.queue_depth,
        findings=tuple(findings),
        reason=why_unknown(record, "/scheduling/p95SchedulingLatency") if p95_ms is None else None,
    )


def missing_slots(capacity: CapacityMetrics) -> int | None:
    """Slots to add so that what is used now is at most the target; 0: none, None: unknown."""
    if capacity.used_slots is None or capacity.total_slots is None:
        return None
    return max(0, slots_for(capacity.used_slots, TARGET_HIGH_RATIO) - capacity.total_slots)


def _component(component: ComponentHealth) -> ComponentFinding:
    return ComponentFinding(
        name=component.name,
        type=component.type,
        status=component.status,
        weight=component_weight(component),
        latency_ms=component.latency,
        error_rate_ratio=component.error_rate,
        issues=tuple(issue.message for issue in component.issues),
    )


def _capacity_findings(record: OrchestratorMetrics, capacity: CapacityMetrics) -> list[str]:
    used = capacity.capacity_utilization
    if used is None:
        return []
    if used > TARGET_HIGH_RATIO:
        # High use is what batch pools are for; it hurts once work waits.
        waits = {True: "and work waits", False: "and nothing waits", None: ""}[waiting_work(record)]
        return [f"Utilization {used:.4g} is above {TARGET_HIGH_RATIO:g} {waits}".rstrip() + "."]
    if used < TARGET_LOW_RATIO:
        return [f"Utilization {used:.4g} is below {TARGET_LOW_RATIO:g}: slots stand idle."]
    return []
