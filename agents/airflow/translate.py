"""From a snapshot to the records. Pure: the same snapshot gives the same batch.

agents/airflow/README.md lists every field with its source; `Gaps` collects the reasons of those
that stay null. Scores and trailing windows are left to the runner.
"""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from agents.airflow.balance import build_balances
from agents.airflow.components import (
    build_components,
    heartbeat_ages_s,
    scheduler_heartbeats,
)
from agents.airflow.config import AirflowConfig
from agents.airflow.coordination import build_coordination, build_coordination_events
from agents.airflow.decisions import build_decisions, latency_by_cause
from agents.airflow.figures import Figures
from agents.airflow.pools import NO_SCALING, build_pools
from agents.airflow.queues import build_queuing
from agents.airflow.snapshot import Snapshot
from agents.airflow.wire import Job
from agents.collector import Batch
from agents.missing import Gaps, Missing, estimated, known_or, over
from agents.origin import Origin
from agents.pools import free_slots, used_ratio
from agents.waits import scheduling_fields
from contracts.health import HealthStatus, OrchestratorHealth
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    OrchestratorType,
    ScalingMetrics,
    SchedulingPerformance,
)

__all__ = ["translate"]

ALGORITHM = "priority weight, within the limits of pools"


def translate(snapshot: Snapshot, config: AirflowConfig, orchestrator: UUID) -> Batch:
    """The record of the Airflow and one record for each group of workers."""
    figures = Figures(snapshot, config)
    origin = Origin(
        OrchestratorType.AIRFLOW,
        orchestrator,
        config,
        snapshot.now,
        snapshot.log,
        snapshot.took_ms,
        {"airflow": snapshot.version, "api": snapshot.dialect},
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
        resources=gaps.take("/resources", Missing("Airflow's API does not tell its processes")),
        networking=gaps.take("/networking", Missing("Airflow's API does not count connections")),
        persistence=gaps.take(
            "/persistence", Missing("Airflow's API tells of its database only that it answers")
        ),
    )
    return Batch(
        record,
        build_pools(figures, origin),
        build_balances(figures, origin),
        build_coordination(figures, origin),
        (*build_decisions(figures, orchestrator), *build_coordination_events(figures, origin)),
    )


def _health(figures: Figures, gaps: Gaps) -> OrchestratorHealth:
    snapshot = figures.snapshot
    uptime = over(lambda jobs: _uptime_s(jobs, snapshot.at), figures.schedulers)
    return gaps.fill(
        OrchestratorHealth,
        "/health",
        status=HealthStatus.HEALTHY,
        health_score=None,
        components=build_components(figures, gaps),
        last_health_check=snapshot.now,
        uptime=uptime,
        restarts=estimated(over(lambda _: snapshot.restarts, figures.schedulers)),
        errors=snapshot.log.errors(snapshot.now),
        warnings=_warnings(figures),
    )


def _uptime_s(jobs: Any, at: datetime) -> float | Missing:
    begun = [job.start_date for job in jobs if isinstance(job, Job) and job.start_date]
    if not begun:
        return Missing("no scheduler lives")
    return max(0.0, (at - min(begun)).total_seconds())


def _warnings(figures: Figures) -> tuple[str, ...]:
    snapshot = figures.snapshot
    warnings = [
        f"the pool {pool.name} is full and tasks wait for {pool.scheduled_slots} slots"
        for pool in known_or(figures.contended_pools, ())
    ]
    warnings += [
        f"the pool {pool.name} has no slots: its tasks never run"
        for pool in known_or(figures.finite_pools, ())
        if pool.slots == 0
    ]
    broken = known_or(snapshot.facts.import_errors, 0)
    if broken:
        warnings.append(f"{broken} DAG files cannot be imported")
    return tuple(warnings)


def _capacity(figures: Figures, gaps: Gaps) -> CapacityMetrics:
    by_pools = isinstance(figures.executor_slots, Missing)
    total: Any = estimated(figures.total_slots) if by_pools else figures.total_slots
    free = free_slots(figures.total_slots, figures.used_slots)
    ratio = used_ratio(figures.used_slots, figures.total_slots)
    return gaps.fill(
        CapacityMetrics,
        "/capacity",
        total_slots=total,
        available_slots=estimated(free) if by_pools else free,
        used_slots=figures.used_slots,
        pending_workflows=figures.snapshot.queued_runs,
        running_workflows=figures.snapshot.running_runs,
        completed_workflows=figures.runs_ended("success"),
        failed_workflows=figures.runs_ended("failed"),
        capacity_utilization=estimated(ratio) if by_pools else ratio,
        active_workers=_active_workers(figures),
        scaling_metrics=gaps.fill(ScalingMetrics, "/capacity/scalingMetrics", NO_SCALING),
    )


def _active_workers(figures: Figures) -> Any:
    """Hosts: of schedulers where they run the tasks, else those on which something runs."""
    if figures.config.executor == "local":
        return over(lambda jobs: len({job.hostname for job in jobs}), figures.schedulers)
    return estimated(
        over(lambda rows: len({row.hostname for row in rows if row.hostname}), figures.running)
    )


def _scheduling(figures: Figures, gaps: Gaps) -> SchedulingPerformance:
    return gaps.fill(
        SchedulingPerformance,
        "/scheduling",
        **scheduling_fields(figures.waits),
        scheduling_throughput=figures.start_rate,
        scheduling_failures=figures.never_ran,
        queue_depth=figures.backlog,
        priority_distribution=figures.by_priority,
        affinity_violations=Missing("Airflow does not place tasks by affinity"),
        resource_contentions=over(len, figures.contended_pools),
        scheduling_algorithm=ALGORITHM,
    )


def _execution(figures: Figures, gaps: Gaps) -> ExecutionMetrics:
    return gaps.fill(
        ExecutionMetrics,
        "/execution",
        completed_workflows=figures.runs_ended("success"),
        failed_workflows=figures.runs_ended("failed"),
        canceled_workflows=Missing("Airflow has no canceled runs: one marked by hand has failed"),
        retried_tasks=estimated(figures.retried),
        avg_duration=figures.mean_run_ms,
        interval_s=over(lambda window: window.seconds, figures.snapshot.runs),
    )


def _details(figures: Figures) -> dict[str, Any]:
    """What Airflow tells beyond the shared vocabulary."""
    snapshot = figures.snapshot
    live = over(lambda found: dict(found.counts), snapshot.live)
    ended = over(lambda rows: dict(Counter(row.state for row in rows)), figures.ended)
    return {
        "clockSkewS": (snapshot.at - snapshot.now).total_seconds(),
        "capacityBasis": "pools" if isinstance(figures.executor_slots, Missing) else "executor",
        "liveByState": known_or(live, None),
        "endedByState": known_or(ended, None),
        "sampled": not isinstance(snapshot.live, Missing) and not snapshot.live.whole,
        "latencySamples": known_or(over(lambda waits: len(waits.samples_ms), figures.waits), None),
        "latency": latency_by_cause(figures),
        "heartbeatAgeS": heartbeat_ages_s(figures),
        "schedulers": scheduler_heartbeats(figures),
        "importErrors": known_or(snapshot.facts.import_errors, None),
        "dags": known_or(snapshot.facts.dags, None),
        "activeDags": known_or(snapshot.facts.active_dags, None),
        "infinitePools": [pool.name for pool in known_or(snapshot.pools, ()) if pool.slots < 0],
        "pools": {
            pool.name: {
                "slots": pool.slots,
                "occupied": pool.occupied_slots,
                "queued": pool.queued_slots,
                "scheduled": pool.scheduled_slots,
                "deferred": pool.deferred_slots,
            }
            for pool in known_or(snapshot.pools, ())
        },
    }
