"""From a snapshot to the records. Pure: the same snapshot gives the same batch.

agents/temporal/README.md lists every field with its source; `Gaps` collects the reasons of
those that stay null. Scores and trailing windows are left to the runner.
"""

from typing import Any
from uuid import UUID

from temporalio.api.workflowservice.v1 import DescribeNamespaceResponse

from agents.collector import Batch
from agents.missing import Gaps, Missing, known_or, over
from agents.temporal.balance import build_balances
from agents.temporal.components import (
    build_components,
    database_traffic,
    orphaned,
)
from agents.temporal.config import TemporalConfig
from agents.temporal.coordination import build_coordination, build_coordination_events
from agents.temporal.counts import RUNNING
from agents.temporal.decisions import SAMPLING, build_decisions
from agents.temporal.figures import Figures
from agents.temporal.pools import NO_SCALING, build_pools
from agents.temporal.queue_records import build_queuing
from agents.temporal.snapshot import ClosedWindow, Snapshot
from contracts.health import HealthStatus, OrchestratorHealth
from contracts.identity import sample_id
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    Metadata,
    NetworkMetrics,
    OrchestratorMetrics,
    OrchestratorType,
    PersistenceMetrics,
    ResourceAllocation,
    SchedulingPerformance,
    SourceInfo,
)

__all__ = ["translate"]


def translate(snapshot: Snapshot, config: TemporalConfig, orchestrator: UUID) -> Batch:
    """The record of the namespace and one record for each task queue's workers."""
    figures = Figures(snapshot, config)
    gaps = Gaps()
    record = OrchestratorMetrics(
        id=sample_id(orchestrator, "orchestrator", snapshot.now),
        orchestrator_id=orchestrator,
        orchestrator_type=OrchestratorType.TEMPORAL,
        instance_id=config.instance_id,
        cluster_name=config.cluster_name,
        collected_at=snapshot.now,
        health=_health(figures, gaps),
        capacity=_capacity(figures, gaps),
        scheduling=_scheduling(figures, gaps),
        queuing=build_queuing(figures, orchestrator, gaps),
        execution=_execution(snapshot, figures, gaps),
        resources=_resources(snapshot, gaps),
        networking=_networking(snapshot, gaps),
        persistence=_persistence(snapshot, gaps),
    )
    metadata = _metadata(figures, gaps)
    return Batch(
        record.model_copy(update={"metadata": metadata}),
        build_pools(figures, orchestrator, metadata),
        build_balances(figures, orchestrator, metadata),
        build_coordination(figures, orchestrator, metadata),
        (
            *build_decisions(known_or(snapshot.placements, ()), orchestrator),
            *build_coordination_events(figures, orchestrator),
        ),
    )


def _health(figures: Figures, gaps: Gaps) -> OrchestratorHealth:
    snapshot = figures.snapshot
    restarts = over(lambda _: snapshot.resets, snapshot.metrics)
    uptime = Missing("Temporal does not tell when its processes started")
    return OrchestratorHealth(
        status=HealthStatus.HEALTHY,
        health_score=None,
        components=build_components(figures, gaps),
        last_health_check=snapshot.now,
        uptime=gaps.take("/health/uptime", uptime),
        restarts=gaps.take("/health/restarts", restarts, estimated=True),
        errors=snapshot.log.errors(snapshot.now),
        warnings=_warnings(figures),
    )


def _warnings(figures: Figures) -> tuple[str, ...]:
    snapshot = figures.snapshot
    warnings = [*snapshot.log.unsupported.values()]
    for view in orphaned(figures):
        waiting = known_or(over(lambda stats: stats.backlog, view.stats), "some")
        warnings.append(f"{view.key}: tasks wait and nobody polls ({waiting})")
    if not isinstance(snapshot.poisoned, Missing) and snapshot.poisoned:
        warnings.append(f"open workflows keep failing their workflow task ({snapshot.poisoned})")
    warnings += [
        f"metrics show a backlog of {backlog} under the label {label}, which no known queue has"
        for label, backlog in figures.unnamed_labels.items()
    ]
    return tuple(warnings)


def _capacity(figures: Figures, gaps: Gaps) -> CapacityMetrics:
    snapshot, slots = figures.snapshot, figures.slots
    by_metrics = figures.slots_by_metrics  # of the workers whose endpoints are given
    closed = snapshot.closed
    alive = over(lambda found: sum(worker.alive for worker in found), snapshot.workers)
    running = over(lambda counts: counts[RUNNING], snapshot.statuses)
    for leaf in ("minSlots", "maxSlots", "autoscaled"):
        gaps.take(f"/capacity/scalingMetrics/{leaf}", NO_SCALING)
    return CapacityMetrics(
        total_slots=gaps.take("/capacity/totalSlots", slots.total, estimated=by_metrics),
        available_slots=gaps.take("/capacity/availableSlots", slots.free, estimated=by_metrics),
        used_slots=gaps.take("/capacity/usedSlots", slots.used, estimated=by_metrics),
        pending_workflows=gaps.take(
            "/capacity/pendingWorkflows", figures.waiting_workflows, estimated=True
        ),
        running_workflows=gaps.take("/capacity/runningWorkflows", running),
        completed_workflows=gaps.take("/capacity/completedWorkflows", over(_completed, closed)),
        failed_workflows=gaps.take("/capacity/failedWorkflows", over(_failed, closed)),
        capacity_utilization=gaps.take(
            "/capacity/capacityUtilization", slots.utilization, estimated=by_metrics
        ),
        active_workers=gaps.take("/capacity/activeWorkers", alive),
    )


def _completed(closed: ClosedWindow) -> int:
    return closed.counts.get("Completed", 0)


def _failed(closed: ClosedWindow) -> int:
    return closed.counts.get("Failed", 0) + closed.counts.get("TimedOut", 0)


def _scheduling(figures: Figures, gaps: Gaps) -> SchedulingPerformance:
    place = "/scheduling"
    no_affinity = Missing("Temporal does not place tasks by affinity")
    return SchedulingPerformance(
        avg_scheduling_latency=gaps.take(
            f"{place}/avgSchedulingLatency", figures.events.mean_wait_ms
        ),
        p50_scheduling_latency=gaps.take(
            f"{place}/p50SchedulingLatency", figures.events.wait_percentile_ms(0.5)
        ),
        p95_scheduling_latency=gaps.take(
            f"{place}/p95SchedulingLatency", figures.events.wait_percentile_ms(0.95)
        ),
        p99_scheduling_latency=gaps.take(
            f"{place}/p99SchedulingLatency", figures.events.wait_percentile_ms(0.99)
        ),
        latency_histogram=gaps.take(f"{place}/latencyHistogram", figures.events.waits),
        scheduling_throughput=gaps.take(f"{place}/schedulingThroughput", figures.dispatch_rate),
        scheduling_failures=gaps.take(
            f"{place}/schedulingFailures", figures.events.scheduling_failures
        ),
        queue_depth=gaps.take(f"{place}/queueDepth", figures.backlog, estimated=True),
        priority_distribution=gaps.take(f"{place}/priorityDistribution", figures.by_priority),
        affinity_violations=gaps.take(f"{place}/affinityViolations", no_affinity),
        resource_contentions=gaps.take(f"{place}/resourceContentions", figures.contentions),
        scheduling_algorithm="matching-pull",
    )


def _execution(snapshot: Snapshot, figures: Figures, gaps: Gaps) -> ExecutionMetrics:
    place, closed = "/execution", snapshot.closed
    canceled = over(lambda window: window.counts.get("Canceled", 0), closed)
    return ExecutionMetrics(
        completed_workflows=gaps.take(f"{place}/completedWorkflows", over(_completed, closed)),
        failed_workflows=gaps.take(f"{place}/failedWorkflows", over(_failed, closed)),
        canceled_workflows=gaps.take(f"{place}/canceledWorkflows", canceled),
        retried_tasks=gaps.take(f"{place}/retriedTasks", figures.events.retried_attempts),
        avg_duration=gaps.take(f"{place}/avgDuration", figures.events.workflow_duration_ms),
        interval_s=gaps.take(f"{place}/intervalS", over(lambda window: window.seconds, closed)),
    )


def _resources(snapshot: Snapshot, gaps: Gaps) -> ResourceAllocation | None:
    metrics = gaps.take("/resources", snapshot.metrics)
    if metrics is None:
        return None
    heap = over(round, metrics.process_sum_of("memory_heapinuse"))
    goroutines = over(round, metrics.process_sum_of("num_goroutines"))
    no_cpu = Missing("the server exports no CPU time")
    return ResourceAllocation(
        cpu_cores=gaps.take("/resources/cpuCores", no_cpu),
        memory_bytes=gaps.take("/resources/memoryBytes", heap, estimated=True),
        tasks=gaps.take("/resources/tasks", goroutines),
    )


def _networking(snapshot: Snapshot, gaps: Gaps) -> NetworkMetrics | None:
    metrics = gaps.take("/networking", snapshot.metrics)
    if metrics is None:
        return None
    connections = over(round, metrics.sum_of("service_grpc_conn_active"))
    pending = over(round, metrics.sum_of("service_pending_requests"))
    no_bytes = Missing("the server does not count bytes on its connections")
    return NetworkMetrics(
        open_connections=gaps.take("/networking/openConnections", connections),
        pending_requests=gaps.take("/networking/pendingRequests", pending),
        bytes_per_s=gaps.take("/networking/bytesPerS", no_bytes),
    )


def _persistence(snapshot: Snapshot, gaps: Gaps) -> PersistenceMetrics:
    place, cluster = "/persistence", snapshot.cluster
    traffic = database_traffic(snapshot.gains)
    return PersistenceMetrics(
        store=gaps.take(f"{place}/store", over(lambda it: it.persistence_store, cluster)),
        visibility_store=gaps.take(
            f"{place}/visibilityStore", over(lambda it: it.visibility_store, cluster)
        ),
        latency=gaps.take(f"{place}/latency", traffic.latency_ms),
        request_rate=gaps.take(f"{place}/requestRate", traffic.throughput),
        error_rate=gaps.take(f"{place}/errorRate", traffic.error_rate),
        shards=gaps.take(f"{place}/shards", over(lambda it: it.history_shard_count, cluster)),
        retention_s=gaps.take(f"{place}/retentionS", over(_retention_s, snapshot.namespace)),
    )


def _retention_s(namespace: DescribeNamespaceResponse) -> float:
    return namespace.config.workflow_execution_retention_ttl.ToTimedelta().total_seconds()


def _metadata(figures: Figures, gaps: Gaps) -> Metadata:
    snapshot = figures.snapshot
    versions = over(lambda version: {"temporal": version}, snapshot.probe.version)
    return Metadata(
        unavailable=gaps.reasons,
        estimated=tuple(gaps.estimates),
        partial=bool(snapshot.log.failures),
        interval_s=figures.config.interval_s,
        source=SourceInfo(
            versions=known_or(versions, {}),
            calls=snapshot.log.calls,
            scrape_time=snapshot.took_ms,
        ),
    ).model_copy(update={"temporal": _details(figures)})


def _details(figures: Figures) -> dict[str, Any]:
    """What Temporal tells beyond the shared vocabulary. Sums here may be partial."""
    snapshot = figures.snapshot
    gaps = [*snapshot.coverage.gaps]
    gaps += [f"no known queue has the label {label}" for label in figures.unnamed_labels]
    cluster, metrics = snapshot.cluster, snapshot.metrics
    return {
        "namespace": figures.config.namespace,
        "clusterId": known_or(over(lambda it: it.cluster_id, cluster), None),
        "clusterName": known_or(over(lambda it: it.cluster_name, cluster), None),
        "queueDiscovery": "partial" if gaps else "complete",
        "queueDiscoveryGaps": gaps,
        "queueSources": snapshot.coverage.sources,
        "queuesCarried": sum(view.carried for view in snapshot.views),
        "decisionsSampled": known_or(over(len, snapshot.placements), None),
        "decisionSampling": SAMPLING
        if not isinstance(snapshot.placements, Missing)
        else snapshot.placements.reason,
        "knownBacklog": figures.known_backlog,
        "statusCounts": known_or(over(dict, snapshot.statuses), None),
        "closedCounts": known_or(over(lambda it: dict(it.counts), snapshot.closed), None),
        "slots": _slots_by_kind(figures),
        "slotSource": "worker metrics" if figures.slots_by_metrics else "heartbeats",
        "latencySource": "worker metrics" if figures.events.by_workers else "server metrics",
        "cacheHitRatio": known_or(figures.events.cache_hit_ratio, None),
        "gomaxprocs": known_or(over(lambda it: it.process_sum_of("gomaxprocs"), metrics), None),
    }


def _slots_by_kind(figures: Figures) -> dict[str, dict[str, int | None]]:
    return {
        kind: {"used": known_or(slots.used, None), "total": known_or(slots.total, None)}
        for kind in ("workflow", "activity", "local_activity", "nexus")
        for slots in [figures.slots_of(kind)]
    }
