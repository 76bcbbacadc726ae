"""What a simulation showed, as the records that an agent would have made of it. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from agents.collector import Batch
from analytics.histogram import percentile
from cli.demo.simulated_sites import CLUSTER, Site
from cli.demo.simulation import (
    WAIT_BOUNDS_MS,
    IncidentKind,
    Observation,
    QueueObservation,
    WorkerObservation,
)
from contracts.health import (
    ComponentHealth,
    ComponentIssue,
    ComponentStatus,
    ComponentType,
    HealthStatus,
    OrchestratorHealth,
)
from contracts.identity import pool_id, queue_id, sample_id
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    LatencyHistogram,
    Metadata,
    OrchestratorMetrics,
    QueueInfo,
    QueueMetrics,
    QueueType,
    SchedulingPerformance,
)
from contracts.worker_pool import (
    PoolHealth,
    PoolPerformance,
    PoolResourceUsage,
    WorkerInstance,
    WorkerPoolMetrics,
    WorkerStatus,
)

__all__ = ["batch_of"]

NOT_SIMULATED = "not_simulated: the simulation has no such thing"
UNAVAILABLE = {f"/{section}": NOT_SIMULATED for section in ("resources", "networking")} | {
    f"/{section}/{leaf}": NOT_SIMULATED
    for section, leaves in {
        "scheduling": ("schedulingFailures", "affinityViolations", "resourceContentions"),
        "queuing": ("deadLetterCount", "poisonMessageCount"),
    }.items()
    for leaf in leaves
}


def batch_of(site: Site, owner: UUID, seen: Observation) -> Batch:
    """The orchestrator's record and its pool's."""
    return Batch(_orchestrator(site, owner, seen), (_pool(site, owner, seen),))


def _orchestrator(site: Site, owner: UUID, seen: Observation) -> OrchestratorMetrics:
    queues = tuple(seen.queues.values())
    slots = site.plan.slots * sum(worker.alive for worker in seen.workers)
    used = sum(worker.used_slots for worker in seen.workers)
    waiting = sum(queue.waiting for queue in queues)
    completed = sum(queue.completed for queue in queues)
    failed = sum(queue.failed for queue in queues)
    started = sum(queue.started for queue in queues)
    attempts = completed + sum(queue.attempts_failed for queue in queues)
    histogram = LatencyHistogram(
        bounds_ms=WAIT_BOUNDS_MS, counts=tuple(seen.wait_counts), sum_ms=seen.wait_sum_ms
    )
    wait_ms = seen.wait_sum_ms / started if started else None
    interval_s = seen.interval_s
    return OrchestratorMetrics(
        id=sample_id(owner, "orchestrator", seen.at),
        orchestrator_id=owner,
        orchestrator_type=site.orchestrator_type,
        instance_id=site.instance_id,
        cluster_name=CLUSTER,
        collected_at=seen.at,
        health=OrchestratorHealth(
            status=HealthStatus.HEALTHY,
            health_score=None,
            components=tuple(_components(seen)),
            last_health_check=seen.at,
            restarts=seen.restarts,
        ),
        capacity=CapacityMetrics(
            total_slots=slots,
            used_slots=used,
            available_slots=slots - used,
            running_workflows=sum(queue.running for queue in queues),
            pending_workflows=waiting,
            completed_workflows=completed,
            failed_workflows=failed,
            capacity_utilization=used / slots if slots else None,
            active_workers=sum(worker.alive for worker in seen.workers),
        ),
        scheduling=SchedulingPerformance(
            avg_scheduling_latency=wait_ms,
            p50_scheduling_latency=percentile(histogram, 0.5),
            p95_scheduling_latency=percentile(histogram, 0.95),
            p99_scheduling_latency=percentile(histogram, 0.99),
            latency_histogram=histogram,
            scheduling_throughput=started / interval_s if interval_s else None,
            queue_depth=waiting,
            scheduling_algorithm="first come, first served",
        ),
        queuing=QueueMetrics(
            queues=tuple(_queue(owner, name, queue, seen) for name, queue in seen.queues.items()),
            total_messages=waiting + sum(queue.running for queue in queues),
            processing_rate=attempts / interval_s if interval_s else None,
            backlog_size=waiting,
            avg_wait_time=wait_ms,
            max_wait_time=_longest_wait_ms(queues, seen),
            throughput=completed / interval_s if interval_s else None,
        ),
        execution=ExecutionMetrics(
            completed_workflows=completed,
            failed_workflows=failed,
            canceled_workflows=0,
            retried_tasks=seen.retried,
            avg_duration=_mean(sum(queue.work_s for queue in queues) * 1_000, attempts),
            interval_s=interval_s,
        ),
        resources=None,
        metadata=Metadata(unavailable=UNAVAILABLE, simulated=True),
    )


def _components(seen: Observation) -> Iterable[ComponentHealth]:
    slow = IncidentKind.SLOW_DATABASE in seen.incidents
    lost = sum(not worker.alive for worker in seen.workers)
    issues: dict[ComponentType, tuple[ComponentIssue, ...]] = {
        ComponentType.DATABASE: (
            (ComponentIssue(code="slow_queries", message="queries take a multiple of their time"),)
            if slow
            else ()
        ),
        ComponentType.EXECUTOR: (
            (ComponentIssue(code="worker_lost", message=f"{lost} worker(s) do not answer"),)
            if lost
            else ()
        ),
        ComponentType.SCHEDULER: (),
    }
    for kind, found in issues.items():
        yield ComponentHealth(
            name=kind.value,
            type=kind,
            status=ComponentStatus.DEGRADED if found else ComponentStatus.HEALTHY,
            last_check=seen.at,
            issues=found,
        )


def _queue(owner: UUID, name: str, queue: QueueObservation, seen: Observation) -> QueueInfo:
    attempts = queue.completed + queue.attempts_failed
    return QueueInfo(
        id=queue_id(owner, name),
        name=name,
        type=QueueType.FIFO,
        size=queue.waiting,
        consumers=sum(worker.alive for worker in seen.workers),
        processing_rate=attempts / seen.interval_s if seen.interval_s else None,
        arrival_rate=queue.arrived / seen.interval_s if seen.interval_s else None,
        error_rate=_mean(queue.attempts_failed, attempts),
        avg_processing_time=_mean(queue.work_s * 1_000, attempts),
        oldest_message=queue.oldest,
        in_flight=queue.running,
    )


def _pool(site: Site, owner: UUID, seen: Observation) -> WorkerPoolMetrics:
    pool = pool_id(owner, site.plan.pool)
    workers = tuple(_worker(site, worker, seen.at) for worker in seen.workers)
    statuses = [worker.status for worker in workers]
    alive = len(workers) - statuses.count(WorkerStatus.FAILED)
    queues = seen.queues.values()
    ended = sum(queue.completed + queue.attempts_failed for queue in queues)
    used = sum(worker.used_slots for worker in seen.workers)
    return WorkerPoolMetrics(
        id=sample_id(pool, "pool", seen.at),
        pool_id=pool,
        orchestrator_id=owner,
        pool_name=site.plan.pool,
        worker_type="simulated",
        collected_at=seen.at,
        total_workers=len(workers),
        active_workers=statuses.count(WorkerStatus.ACTIVE),
        idle_workers=statuses.count(WorkerStatus.IDLE),
        busy_workers=statuses.count(WorkerStatus.BUSY),
        failed_workers=statuses.count(WorkerStatus.FAILED),
        terminating_workers=0,
        workers=workers,
        pool_health=PoolHealth(
            healthy_workers=alive,
            unhealthy_workers=len(workers) - alive,
            restart_count=seen.restarts,
        ),
        resource_usage=PoolResourceUsage(used_slots=used, total_slots=site.plan.slots * alive),
        performance=PoolPerformance(
            throughput=ended / seen.interval_s if seen.interval_s else None,
            avg_task_duration=_mean(sum(queue.work_s for queue in queues) * 1_000, ended),
            error_rate=_mean(sum(queue.attempts_failed for queue in queues), ended),
            utilization=_mean(used, site.plan.slots * alive),
        ),
        metadata=Metadata(simulated=True),
    )


def _worker(site: Site, worker: WorkerObservation, at: datetime) -> WorkerInstance:
    return WorkerInstance(
        id=worker.name,
        hostname=f"{worker.name}.{CLUSTER}",
        status=_status(worker, site.plan.slots),
        tasks_completed=worker.completed,
        tasks_failed=worker.failed,
        uptime=(at - worker.since).total_seconds() if worker.alive else None,
        last_heartbeat=at if worker.alive else None,
        used_slots=worker.used_slots,
        total_slots=site.plan.slots,
    )


def _status(worker: WorkerObservation, slots: int) -> WorkerStatus:
    if not worker.alive:
        return WorkerStatus.FAILED
    if worker.used_slots == 0:
        return WorkerStatus.IDLE
    return WorkerStatus.BUSY if worker.used_slots >= slots else WorkerStatus.ACTIVE


def _longest_wait_ms(queues: Sequence[QueueObservation], seen: Observation) -> float:
    ages = ((seen.at - queue.oldest).total_seconds() * 1_000 for queue in queues if queue.oldest)
    return max(ages, default=0.0)


def _mean(total: float, number: int) -> float | None:
    return total / number if number else None
