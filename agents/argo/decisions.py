"""Pods of steps that were given a node, as samples of decisions; waits by what they were for."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from agents.argo.figures import NOTHING_BEGAN, Figures, waits_of
from agents.argo.state import StepPod
from agents.argo.tally import Begun
from agents.kubernetes.tally import Bound
from agents.missing import known_or
from agents.waits import Waits
from contracts.events import SchedulingDecision, SchedulingOutcome
from contracts.identity import sample_id, workflow_id

__all__ = ["build_decisions", "latency_by_cause"]

SAMPLING = "the first decision_samples pods that were placed in the interval"


def build_decisions(figures: Figures, orchestrator: UUID) -> tuple[SchedulingDecision, ...]:
    """One for each sampled pod."""
    placed = list(known_or(figures.placed, ()))[: figures.config.decision_samples]
    return tuple(_decision(each, orchestrator) for each in placed)


def latency_by_cause(figures: Figures) -> dict[str, Any]:
    """Waits of the workflows that began, by what they were for; of the pods for node and start."""
    by_cause: dict[str, list[Begun]] = defaultdict(list)
    for each in known_or(figures.begun, ()):
        by_cause[each.cause].append(each)
    waits = {cause: waits_of(found, NOTHING_BEGAN) for cause, found in sorted(by_cause.items())}
    placement = known_or(figures.pod_waits, None)
    if placement is not None and placement.samples_ms:
        waits["placement"] = placement
    started = known_or(figures.snapshot.pods_happened, None)
    if started is not None and started.start_ups_ms:
        waits["start-up"] = Waits(started.start_ups_ms, NOTHING_BEGAN)
    return {cause: each.summary() for cause, each in waits.items()}


def _decision(bound: Bound, orchestrator: UUID) -> SchedulingDecision:
    pod = bound.pod
    workflow = pod.workflow if isinstance(pod, StepPod) else ""
    return SchedulingDecision(
        id=sample_id(orchestrator, "scheduling-decision", bound.at, pod.uid),
        orchestrator_id=orchestrator,
        workflow_id=workflow_id(orchestrator, f"{pod.namespace}/{workflow}"),
        decision_time=bound.at,
        scheduling_latency=bound.latency_ms,
        queue_time=bound.latency_ms,
        selected_worker=pod.node,
        placement_constraints={"nodeSelector": list(pod.selector)} if pod.selector else {},
        resource_requirements={"cpuCores": pod.cpu_cores, "memoryBytes": pod.memory_bytes},
        priority=pod.priority,
        decision_factors={
            "workflow": f"{pod.namespace}/{workflow}",
            "pod": pod.name,
            "attempts": bound.tries,
            "precision": bound.precision,
            "sampling": SAMPLING,
        },
        outcome=SchedulingOutcome.PLACED,
    )
