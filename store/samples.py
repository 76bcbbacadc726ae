"""What the rollups take from a record, beside the columns that history has. Pure."""

from collections.abc import Sequence

from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    OrchestratorMetrics,
    QueueMetrics,
    SchedulingPerformance,
)
from contracts.worker_pool import WorkerPoolMetrics

__all__ = ["ORCHESTRATOR_SAMPLES", "POOL_SAMPLES", "orchestrator_samples", "pool_samples"]

Values = tuple[object, ...]

ORCHESTRATOR_SAMPLES = (
    *("status", "health_score", "restarts", "interval_s"),
    *("total_slots", "used_slots", "capacity_utilization", "running_workflows"),
    *("pending_workflows", "completed_workflows", "failed_workflows"),
    *("scheduling_throughput", "queue_depth", "scheduling_latency_ms"),
    *("latency_bounds_ms", "latency_counts", "latency_sum_ms"),
    *("queue_wait_ms", "execution_completed_workflows", "execution_failed_workflows"),
)
"""The staged columns of `orchestrator_samples`."""

POOL_SAMPLES = (
    *("utilization", "used_slots", "total_slots", "throughput", "avg_task_duration_ms"),
    *("error_rate", "restart_count"),
)
"""The staged columns of `pool_samples`."""


def orchestrator_samples(record: OrchestratorMetrics) -> Values:
    """A value for each of `ORCHESTRATOR_SAMPLES`."""
    health = record.health
    queuing = record.queuing or QueueMetrics()
    execution = record.execution or ExecutionMetrics()
    return (
        health.status.value,
        health.health_score,
        health.restarts,
        record.metadata.interval_s,
        *_of_capacity(record.capacity or CapacityMetrics()),
        *_of_scheduling(record.scheduling or SchedulingPerformance()),
        queuing.avg_wait_time,
        execution.completed_workflows,
        execution.failed_workflows,
    )


def pool_samples(record: WorkerPoolMetrics) -> Values:
    """A value for each of `POOL_SAMPLES`."""
    performance, usage = record.performance, record.resource_usage
    return (
        performance.utilization,
        usage.used_slots,
        usage.total_slots,
        performance.throughput,
        performance.avg_task_duration,
        performance.error_rate,
        record.pool_health.restart_count,
    )


def _of_capacity(capacity: CapacityMetrics) -> Values:
    return (
        capacity.total_slots,
        capacity.used_slots,
        capacity.capacity_utilization,
        capacity.running_workflows,
        capacity.pending_workflows,
        capacity.completed_workflows,
        capacity.failed_workflows,
    )


def _of_scheduling(scheduling: SchedulingPerformance) -> Values:
    histogram = scheduling.latency_histogram
    return (
        scheduling.scheduling_throughput,
        scheduling.queue_depth,
        scheduling.avg_scheduling_latency,
        _array(histogram.bounds_ms) if histogram else None,
        _array(histogram.counts) if histogram else None,
        histogram.sum_ms if histogram else None,
    )


def _array(numbers: Sequence[float]) -> str:
    """As PostgreSQL reads it."""
    return f"{{{','.join(map(repr, numbers))}}}"
