"""The tables as readers see them. schema.sql is the truth; a test holds each column to it."""

from collections.abc import Iterator
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnClause,
    DateTime,
    Double,
    LargeBinary,
    TableClause,
    Text,
    Uuid,
    column,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

from store.rollups import STEPS

__all__ = [
    "API_TOKENS",
    "COORDINATION_EVENTS",
    "COORDINATION_LATEST",
    "DECLARED",
    "LATENCY_ROLLUPS",
    "LOAD_BALANCING_LATEST",
    "ORCHESTRATORS",
    "ORCHESTRATOR_LATEST",
    "ORCHESTRATOR_METRICS",
    "ORCHESTRATOR_ROLLUPS",
    "QUEUES",
    "QUEUE_LATEST",
    "QUEUE_METRICS",
    "QUEUE_ROLLUPS",
    "SCALING_EVENTS",
    "SCHEDULING_DECISIONS",
    "SECTIONS",
    "WORKER_INSTANCES",
    "WORKER_POOLS",
    "WORKER_POOL_LATEST",
    "WORKER_POOL_ROLLUPS",
    "WORKER_USAGE_LATEST",
]

SECTIONS = (
    "capacity",
    "scheduling",
    "queuing",
    "execution",
    "resources",
    "networking",
    "persistence",
)
"""The sections of a record that a source may be unable to give."""

T = TypeVar("T")
TIME = DateTime(timezone=True)


def _columns(kind: TypeEngine[T], *names: str) -> Iterator[ColumnClause[T]]:
    return (column(name, kind) for name in names)


def _last(*names: str) -> Iterator[ColumnClause[Any]]:
    """Metrics of a rollup with the times of their last values."""
    yield from _columns(Double(), *names)
    yield from _columns(TIME, *(f"{name}_at" for name in names))


def _mean(*metrics: str) -> Iterator[ColumnClause[Any]]:
    """The sum and the number of a rollup's known values."""
    yield from _columns(Double(), *(f"{metric}_sum" for metric in metrics))
    yield from _columns(BigInteger(), *(f"{metric}_samples" for metric in metrics))


def _queue_values() -> Iterator[ColumnClause[Any]]:
    yield from _columns(BigInteger(), "size", "consumers", "in_flight")
    yield from _columns(Double(), "processing_rate", "arrival_rate", "error_rate")
    yield from _columns(Double(), "avg_processing_time_ms")
    yield from _columns(TIME, "oldest_message_time", "collected_at")
    yield from _columns(JSONB(), "priority_levels")


ORCHESTRATORS = table(
    "orchestrators",
    *_columns(Uuid(), "id"),
    *_columns(Text(), "orchestrator_type", "instance_id", "cluster_name"),
    *_columns(Boolean(), "simulated"),
    *_columns(TIME, "first_seen", "last_seen"),
)

WORKER_POOLS = table(
    "worker_pools",
    *_columns(Uuid(), "id", "orchestrator_id"),
    *_columns(Text(), "pool_name", "worker_type"),
)

QUEUES = table(
    "queues",
    *_columns(Uuid(), "id", "orchestrator_id"),
    *_columns(Text(), "queue_name", "queue_type"),
)

ORCHESTRATOR_METRICS = table(
    "orchestrator_metrics",
    *_columns(Uuid(), "orchestrator_id"),
    *_columns(TIME, "collected_at"),
    *_columns(JSONB(), "metadata", *SECTIONS),
)

ORCHESTRATOR_LATEST = table(
    "orchestrator_latest",
    *_columns(Uuid(), "orchestrator_id", "id"),
    *_columns(JSONB(), "health", "metadata", *SECTIONS),
    *_columns(TIME, "collected_at", *(f"{section}_at" for section in SECTIONS)),
)

WORKER_POOL_LATEST = table(
    "worker_pool_latest",
    *_columns(Uuid(), "pool_id", "orchestrator_id", "id"),
    *_columns(TIME, "collected_at", "workers_at"),
    *_columns(BigInteger(), "total_workers", "active_workers", "idle_workers", "busy_workers"),
    *_columns(BigInteger(), "failed_workers", "terminating_workers"),
    *_columns(JSONB(), "pool_health", "resource_usage", "performance", "scaling", "metadata"),
)

WORKER_INSTANCES = table(
    "worker_instances",
    *_columns(Uuid(), "pool_id", "orchestrator_id"),
    *_columns(Text(), "worker_id", "hostname", "status", "current_task"),
    *_columns(BigInteger(), "tasks_completed", "tasks_failed"),
    *_columns(Double(), "cpu_usage", "memory_usage", "disk_usage", "network_usage"),
    *_columns(Double(), "uptime_seconds"),
    *_columns(BigInteger(), "used_slots", "total_slots"),
    *_columns(TIME, "last_heartbeat"),
    *_columns(JSONB(), "labels"),
)

WORKER_USAGE_LATEST = table(
    "worker_usage_latest",
    *_columns(Uuid(), "orchestrator_id"),
    *_columns(Text(), "worker_id"),
    *_columns(Double(), "cpu_usage", "memory_usage", "disk_usage", "network_usage"),
    *_columns(JSONB(), "metadata"),
    *_columns(TIME, "collected_at"),
)

QUEUE_LATEST = table(
    "queue_latest", *_columns(Uuid(), "queue_id", "orchestrator_id"), *_queue_values()
)

QUEUE_METRICS = table(
    "queue_metrics", *_columns(Uuid(), "queue_id", "orchestrator_id"), *_queue_values()
)

ORCHESTRATOR_ROLLUPS = {
    step: table(
        f"orchestrator_rollup_{step}",
        *_columns(Uuid(), "orchestrator_id"),
        *_columns(TIME, "time_bucket"),
        *_last("total_slots", "used_slots", "capacity_utilization"),
        *_last("running_workflows", "pending_workflows", "scheduling_throughput", "queue_depth"),
        *_columns(Double(), "completed_workflows", "failed_workflows", "interval_s_min"),
        *_columns(Text(), "status"),
        *_mean("used_slots", "pending_workflows", "health_score", "capacity_utilization"),
        *_mean("scheduling_latency_ms", "queue_wait_ms"),
    )
    for step in STEPS
}

WORKER_POOL_ROLLUPS = {
    step: table(
        f"worker_pool_rollup_{step}",
        *_columns(Uuid(), "orchestrator_id", "pool_id"),
        *_columns(TIME, "time_bucket"),
        *_last("total_workers", "total_slots"),
        *_columns(Double(), "used_slots_max"),
        *_mean("utilization", "throughput", "avg_task_duration_ms", "used_slots", "busy_workers"),
    )
    for step in STEPS
}

QUEUE_ROLLUPS = {
    step: table(
        f"queue_rollup_{step}",
        *_columns(Uuid(), "orchestrator_id", "queue_id"),
        *_columns(TIME, "time_bucket"),
        *_last("size", "consumers", "processing_rate", "arrival_rate", "error_rate"),
        *_last("oldest_age_s"),
        *_mean("arrival_rate", "size"),
    )
    for step in STEPS
}

LATENCY_ROLLUPS = {
    step: table(
        f"scheduling_latency_rollup_{step}",
        *_columns(Uuid(), "orchestrator_id"),
        *_columns(TIME, "time_bucket"),
        *_columns(ARRAY(Double), "bounds_ms", "counts"),
        *_columns(Double(), "sum_ms"),
    )
    for step in STEPS
}

LOAD_BALANCING_LATEST = table(
    "load_balancing_latest",
    *_columns(Uuid(), "id", "orchestrator_id", "scope_id", "pool_id"),
    *_columns(Text(), "algorithm"),
    *_columns(JSONB(), "distribution", "efficiency", "health_checks", "failover", "metadata"),
    *_columns(TIME, "collected_at"),
)

COORDINATION_LATEST = table(
    "coordination_latest",
    *_columns(Uuid(), "id", "orchestrator_id"),
    *_columns(Text(), "consensus_protocol"),
    *_columns(JSONB(), "leader_election", "distributed_locking", "state_management"),
    *_columns(JSONB(), "message_ordering", "conflict_resolution", "partition_tolerance"),
    *_columns(JSONB(), "metadata"),
    *_columns(TIME, "collected_at"),
)

SCHEDULING_DECISIONS = table(
    "scheduling_decisions",
    *_columns(Uuid(), "id", "orchestrator_id", "workflow_id"),
    *_columns(TIME, "decision_time"),
    *_columns(Double(), "scheduling_latency_ms", "queue_time_ms"),
    *_columns(Text(), "selected_worker", "outcome"),
    *_columns(BigInteger(), "priority"),
    *_columns(JSONB(), "placement_constraints", "resource_requirements", "decision_factors"),
)

COORDINATION_EVENTS = table(
    "coordination_events",
    *_columns(Uuid(), "id", "orchestrator_id"),
    *_columns(Text(), "event_type", "outcome"),
    *_columns(TIME, "event_time"),
    *_columns(JSONB(), "details", "errors"),
    column("participants", ARRAY(Text())),
    *_columns(Double(), "consensus_time_ms"),
)

SCALING_EVENTS = table(
    "scaling_events",
    *_columns(Uuid(), "id", "orchestrator_id", "pool_id", "command_id"),
    *_columns(TIME, "event_time"),
    *_columns(Text(), "action", "reason"),
    *_columns(BigInteger(), "from_count", "to_count"),
    *_columns(JSONB(), "trigger_metrics"),
    *_columns(Boolean(), "success", "dry_run"),
    *_columns(Double(), "duration_ms", "cost_impact"),
)

API_TOKENS = table(
    "api_tokens",
    *_columns(Uuid(), "id"),
    *_columns(Text(), "kind", "name"),
    *_columns(LargeBinary(), "secret_hash"),
    *_columns(TIME, "created_at", "expires_at", "last_used_at", "revoked_at"),
)

DECLARED: tuple[TableClause, ...] = (
    ORCHESTRATORS,
    WORKER_POOLS,
    QUEUES,
    ORCHESTRATOR_METRICS,
    ORCHESTRATOR_LATEST,
    WORKER_POOL_LATEST,
    WORKER_INSTANCES,
    WORKER_USAGE_LATEST,
    QUEUE_LATEST,
    QUEUE_METRICS,
    LOAD_BALANCING_LATEST,
    COORDINATION_LATEST,
    SCHEDULING_DECISIONS,
    COORDINATION_EVENTS,
    SCALING_EVENTS,
    API_TOKENS,
)
