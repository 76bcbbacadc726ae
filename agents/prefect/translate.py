"""From a snapshot to the records. Pure: the same snapshot gives the same batch.

agents/prefect/README.md lists every field with its source; `Gaps` collects the reasons of those
that stay null. Scores and trailing windows are left to the runner.
"""

from collections import Counter
from typing import Any
from uuid import UUID

from agents.collector import Batch
from agents.missing import Gaps, Missing, combine, estimated, known_or, over
from agents.origin import Origin
from agents.pools import free_slots, used_ratio
from agents.prefect.balance import build_balances
from agents.prefect.components import build_components
from agents.prefect.config import PrefectConfig
from agents.prefect.coordination import build_coordination
from agents.prefect.decisions import build_decisions, latency_by_cause
from agents.prefect.figures import Figures, mean_duration_ms
from agents.prefect.pools import NO_SCALING, build_pools
from agents.prefect.queues import build_queuing
from agents.prefect.snapshot import Snapshot
from agents.waits import scheduling_fields
from contracts.health import HealthStatus, OrchestratorHealth
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    OrchestratorType,
    PersistenceMetrics,
    ResourceAllocation,
    ScalingMetrics,
    SchedulingPerformance,
)

__all__ = ["translate"]

ALGORITHM = "workers pull, by priority of the queue, then by time"


def translate(snapshot: Snapshot, config: PrefectConfig, orchestrator: UUID) -> Batch:
    """The record of the API and one record for each work pool."""
    figures = Figures(snapshot, config)
    origin = Origin(
        OrchestratorType.PREFECT,
        orchestrator,
        config,
        snapshot.now,
        snapshot.log,
        snapshot.took_ms,
        {"prefect": "cloud" if config.cloud else known_or(snapshot.version, "unknown")},
    )
    gaps = Gaps()
    record = origin.record(
        gaps,
        _details(figures),
        health=_health(figures, gaps),
        capacity=_capacity(figures, gaps),
        scheduling=_scheduling(figures, gaps),
        queuing=build_queuing(figures, orchestrator, gaps),
        execution=_execution(figures, gaps),
        resources=_resources(snapshot, gaps),
        networking=gaps.take("/networking", Missing("Prefect does not count its connections")),
        persistence=_persistence(snapshot, gaps),
    )
    return Batch(
        record,
        build_pools(figures, origin),
        build_balances(figures, origin),
        build_coordination(figures, origin),
        build_decisions(figures, orchestrator),
    )


def _health(figures: Figures, gaps: Gaps) -> OrchestratorHealth:
    snapshot = figures.snapshot

    def age_s(start: float) -> float:
        return max(0.0, snapshot.at.timestamp() - start)

    started = over(lambda each: each.sum_of("process_start_time_seconds"), snapshot.metrics)
    return gaps.fill(
        OrchestratorHealth,
        "/health",
        status=HealthStatus.HEALTHY,
        health_score=None,
        components=build_components(figures, gaps),
        last_health_check=snapshot.now,
        uptime=over(age_s, started),
        restarts=estimated(over(lambda _: snapshot.restarts, snapshot.metrics)),
        errors=snapshot.log.errors(snapshot.now),
        warnings=_warnings(figures),
    )


def _warnings(figures: Figures) -> tuple[str, ...]:
    snapshot = figures.snapshot
    paused = [pool.name for pool in known_or(snapshot.pools, ()) if pool.is_paused]
    warnings = list(snapshot.log.unsupported.values())
    warnings += [f"the work pool {name} is paused" for name in paused]
    warnings += [
        f"the queue {queue.work_pool_name}/{queue.name} is paused"
        for queue in known_or(snapshot.queues, ())
        if queue.is_paused
    ]
    warnings += [
        f"run {run.name or run.id} ({run.id}) is pending since "
        f"{run.state.timestamp:%Y-%m-%d %H:%M:%S} UTC and its worker {run.worker} is offline: "
        "it holds a slot for nothing"
        for run in figures.stuck
        if run.state is not None
    ]
    return tuple(warnings)


def _capacity(figures: Figures, gaps: Gaps) -> CapacityMetrics:
    free = free_slots(figures.total_slots, figures.used_slots)
    return gaps.fill(
        CapacityMetrics,
        "/capacity",
        total_slots=figures.total_slots,
        available_slots=free,
        used_slots=figures.used_slots,
        pending_workflows=figures.pending,
        running_workflows=figures.live_in("RUNNING"),
        completed_workflows=figures.ended_in("COMPLETED"),
        failed_workflows=figures.failed,
        capacity_utilization=used_ratio(figures.used_slots, figures.total_slots),
        active_workers=figures.alive,
        scaling_metrics=gaps.fill(ScalingMetrics, "/capacity/scalingMetrics", NO_SCALING),
    )


def _scheduling(figures: Figures, gaps: Gaps) -> SchedulingPerformance:
    contended = combine(
        lambda runs, limits: runs + len(limits), figures.held_back, figures.full_limits
    )
    return gaps.fill(
        SchedulingPerformance,
        "/scheduling",
        **scheduling_fields(figures.waits),
        scheduling_throughput=figures.start_rate,
        scheduling_failures=figures.never_ran,
        queue_depth=figures.backlog,
        priority_distribution=combine(
            lambda runs, _: _by_priority(figures, runs), figures.due, figures.snapshot.queues
        ),
        affinity_violations=Missing("Prefect does not place runs by affinity"),
        resource_contentions=contended,
        scheduling_algorithm=ALGORITHM,
    )


def _by_priority(figures: Figures, runs: Any) -> dict[str, int]:
    queues = [figures.queues_by_id.get(run.work_queue_id) for run in runs if run.work_queue_id]
    counts = Counter(queue.priority for queue in queues if queue and queue.priority is not None)
    return {str(priority): count for priority, count in sorted(counts.items())}


def _execution(figures: Figures, gaps: Gaps) -> ExecutionMetrics:
    ended = figures.snapshot.ended
    return gaps.fill(
        ExecutionMetrics,
        "/execution",
        completed_workflows=figures.ended_in("COMPLETED"),
        failed_workflows=figures.failed,
        canceled_workflows=figures.ended_in("CANCELLED"),
        retried_tasks=estimated(
            over(lambda window: sum(max(0, run.run_count - 1) for run in window.runs), ended)
        ),
        avg_duration=over(lambda window: mean_duration_ms(window.runs), ended),
        interval_s=over(lambda window: window.seconds, ended),
    )


def _resources(snapshot: Snapshot, gaps: Gaps) -> ResourceAllocation | None:
    metrics = gaps.take("/resources", snapshot.metrics)
    if metrics is None:
        return None
    cpu = over(
        lambda gains: gains.count("process_cpu_seconds", lambda _: True) / gains.seconds,
        snapshot.gains,
    )
    return gaps.fill(
        ResourceAllocation,
        "/resources",
        cpu_cores=cpu,
        memory_bytes=over(round, metrics.sum_of("process_resident_memory_bytes")),
        tasks=Missing("Prefect does not tell its threads"),
    )


def _persistence(snapshot: Snapshot, gaps: Gaps) -> PersistenceMetrics:
    return gaps.fill(
        PersistenceMetrics,
        "/persistence",
        "Prefect does not tell about its database",
        latency=estimated(snapshot.ready_ms),
    )


def _details(figures: Figures) -> dict[str, Any]:
    """What Prefect tells beyond the shared vocabulary."""
    snapshot = figures.snapshot
    ended = over(lambda each: dict(Counter(run.state_type for run in each.runs)), snapshot.ended)
    return {
        "apiUrl": _without_user(figures.config),
        "clockSkewS": (snapshot.at - snapshot.now).total_seconds(),
        "endedByState": known_or(ended, None),
        "pausedRuns": known_or(snapshot.paused, None),
        "waitingByCause": known_or(
            over(
                lambda found: {str(cause): count for cause, count in found.items()},
                figures.by_cause,
            ),
            None,
        ),
        "retriesWaiting": known_or(_retries_waiting(figures), None),
        "latencySamples": known_or(over(lambda waits: len(waits.samples_ms), figures.waits), None),
        "latency": latency_by_cause(figures),
        "limits": {
            each.name: {"limit": each.limit, "used": each.active_slots}
            for each in known_or(snapshot.limits, ())
        },
        "stuckRuns": [str(run.id) for run in figures.stuck],
    }


def _retries_waiting(figures: Figures) -> int | Missing:
    return combine(
        lambda listed, due: len(listed.runs) - len(due), figures.snapshot.waiting, figures.due
    )


def _without_user(config: PrefectConfig) -> str:
    url = config.api_url
    return f"{url.scheme}://{url.host}:{url.port}{url.path or ''}"
