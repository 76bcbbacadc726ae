"""From figures to the records. Pure: the same snapshot gives the same batch.

agents/argo/README.md lists every field with its source; `Gaps` collects the reasons of those that
stay null. Scores and trailing windows are left to the runner.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agents.argo.coordination import build_coordination
from agents.argo.cron import summary_of
from agents.argo.decisions import build_decisions, latency_by_cause
from agents.argo.figures import Figures
from agents.argo.health import build_health
from agents.argo.metrics import (
    cron_policies,
    cron_triggered,
    errors_by_cause,
    generation,
    running_workflows,
)
from agents.argo.pools import build_balances, build_pools
from agents.argo.queues import build_queuing
from agents.argo.state import WorkflowState
from agents.collector import Batch
from agents.kubernetes.leases import build_lease_events
from agents.missing import Gaps, Missing, estimated, known_or, over
from agents.origin import Origin
from agents.pools import free_slots, used_ratio
from agents.waits import scheduling_fields
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    OrchestratorType,
    PersistenceMetrics,
    ScalingMetrics,
    SchedulingPerformance,
)

__all__ = ["translate"]

BY_KUBERNETES = Missing("the Kubernetes agent tells it of the cluster")
NO_SCALING = "a pod is made for each step; what scales the nodes is not read"
ALGORITHM = "priority, then age, within the limits of workflows and locks"


def translate(figures: Figures, orchestrator: UUID) -> Batch:
    """The record of the controller and one for each namespace in which steps run."""
    snapshot, facts = figures.snapshot, figures.snapshot.facts
    versions = {"kubernetes": known_or(facts.kubernetes, "unknown")}
    if not isinstance(figures.version, Missing):
        versions["argo"] = figures.version
    origin = Origin(
        OrchestratorType.ARGO,
        orchestrator,
        figures.config,
        snapshot.now,
        snapshot.log,
        snapshot.took_ms,
        versions,
    )
    gaps = Gaps()
    record = origin.record(
        gaps,
        _details(figures),
        health=build_health(figures, gaps),
        capacity=_capacity(figures, gaps),
        scheduling=_scheduling(figures, gaps),
        queuing=build_queuing(figures, orchestrator, gaps),
        execution=_execution(figures, gaps),
        resources=gaps.take("/resources", BY_KUBERNETES),
        networking=gaps.take("/networking", BY_KUBERNETES),
        persistence=gaps.fill(
            PersistenceMetrics, "/persistence", BY_KUBERNETES.reason, store="etcd"
        ),
    )
    return Batch(
        record,
        build_pools(figures, origin),
        build_balances(figures, origin),
        build_coordination(figures, origin),
        (
            *build_decisions(figures, orchestrator),
            *build_lease_events(snapshot.lease_events, orchestrator),
        ),
    )


def _capacity(figures: Figures, gaps: Gaps) -> CapacityMetrics:
    total, used = figures.total_slots, figures.used_slots
    return gaps.fill(
        CapacityMetrics,
        "/capacity",
        total_slots=total,
        available_slots=free_slots(total, used),
        used_slots=used,
        pending_workflows=figures.backlog,
        running_workflows=figures.running,
        completed_workflows=figures.counted("Succeeded"),
        failed_workflows=figures.counted("Failed", "Error"),
        capacity_utilization=used_ratio(used, total),
        active_workers=over(len, figures.working),
        scaling_metrics=gaps.fill(ScalingMetrics, "/capacity/scalingMetrics", NO_SCALING),
    )


def _scheduling(figures: Figures, gaps: Gaps) -> SchedulingPerformance:
    pods = figures.unplaced
    return gaps.fill(
        SchedulingPerformance,
        "/scheduling",
        **scheduling_fields(figures.waits),
        scheduling_throughput=figures.begin_rate,
        scheduling_failures=over(lambda tally: tally.unschedulable, figures.snapshot.pods_happened),
        queue_depth=figures.backlog,
        priority_distribution=over(_by_priority, figures.pending),
        affinity_violations=Missing("the Kubernetes agent tells it of all pods"),
        resource_contentions=estimated(
            over(
                lambda found: sum("Insufficient" in (each.unschedulable or "") for each in found),
                pods,
            )
        ),
        scheduling_algorithm=ALGORITHM,
    )


def _by_priority(workflows: Sequence[WorkflowState]) -> dict[str, int]:
    return dict(sorted(Counter(str(each.priority) for each in workflows).items()))


def _execution(figures: Figures, gaps: Gaps) -> ExecutionMetrics:
    return gaps.fill(
        ExecutionMetrics,
        "/execution",
        completed_workflows=figures.counted("Succeeded"),
        failed_workflows=figures.counted("Failed", "Error"),
        canceled_workflows=Missing("a workflow that is stopped ends as Failed like others"),
        retried_tasks=figures.retried,
        avg_duration=figures.duration_ms,
        interval_s=figures.snapshot.seconds,
    )


def _details(figures: Figures) -> dict[str, Any]:
    """What Argo tells beyond the shared vocabulary."""
    snapshot = figures.snapshot
    workflows = known_or(snapshot.workflows, ())
    return {
        "clusterId": known_or(snapshot.facts.cluster, None),
        "clockSkewS": (snapshot.at - snapshot.now).total_seconds(),
        "workflowsByPhase": dict(
            sorted(Counter(each.phase or "none" for each in workflows).items())
        ),
        "waitingByCause": known_or(figures.causes, None),
        "suspended": known_or(over(len, figures.suspended), None),
        "parallelism": known_or(snapshot.facts.parallelism, None),
        "namespaceParallelism": known_or(snapshot.facts.namespace_parallelism, None),
        "namespaceLimits": known_or(figures.own_limits, None),
        "archive": {
            "on": known_or(snapshot.facts.archive, None),
            "waiting": known_or(
                over(lambda found: sum(each.to_archive for each in found), snapshot.workflows),
                None,
            ),
        },
        "cronWorkflows": known_or(over(summary_of, snapshot.crons), None),
        "cronTriggered": known_or(cron_triggered(snapshot.gained), None),
        "cronPolicy": known_or(cron_policies(snapshot.gained), None),
        "controllerErrors": known_or(errors_by_cause(snapshot.gained), None),
        "vanished": known_or(over(lambda t: t.vanished, snapshot.happened), None),
        "latency": latency_by_cause(figures),
        "latencyByWatch": sum(each.by_watch for each in known_or(figures.begun, ())),
        "stepsSucceeded": known_or(over(lambda t: t.steps_succeeded, snapshot.happened), None),
        "stepsFailed": known_or(over(lambda t: t.steps_failed, snapshot.happened), None),
        "podsUnschedulable": known_or(figures.stuck, None),
        "controllerWorkflows": known_or(running_workflows(snapshot.metrics), None),
        "metricNames": known_or(over(generation, snapshot.metrics), None),
        "relists": snapshot.relists,
    }
