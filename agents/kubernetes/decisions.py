"""Pods that were given a node, as samples of decisions."""

from uuid import UUID

from agents.kubernetes.figures import Figures
from agents.kubernetes.tally import Bound
from agents.missing import known_or
from contracts.events import SchedulingDecision, SchedulingOutcome
from contracts.identity import sample_id

__all__ = ["build_decisions"]

SAMPLING = "the first decision_samples pods that were bound in the interval"


def build_decisions(figures: Figures, orchestrator: UUID) -> tuple[SchedulingDecision, ...]:
    """One for each sampled pod."""
    bound = list(known_or(figures.bound, ()))[: figures.config.decision_samples]
    return tuple(_decision(each, orchestrator) for each in bound)


def _decision(bound: Bound, orchestrator: UUID) -> SchedulingDecision:
    pod = bound.pod
    return SchedulingDecision(
        id=sample_id(orchestrator, "scheduling-decision", bound.at, pod.uid),
        orchestrator_id=orchestrator,
        workflow_id=UUID(pod.uid),
        decision_time=bound.at,
        scheduling_latency=bound.latency_ms,
        queue_time=bound.latency_ms,
        selected_worker=pod.node,
        placement_constraints={"nodeSelector": list(pod.selector)} if pod.selector else {},
        resource_requirements={"cpuCores": pod.cpu_cores, "memoryBytes": pod.memory_bytes},
        priority=pod.priority,
        decision_factors={
            "pod": f"{pod.namespace}/{pod.name}",
            "owner": pod.owner,
            "scheduler": pod.scheduler,
            "priorityClass": pod.priority_class,
            "attempts": bound.tries,
            "precision": bound.precision,
            "sampling": SAMPLING,
        },
        outcome=SchedulingOutcome.PLACED,
    )
