"""The tables as readers see them. schema.sql is the truth; a test holds each column to it."""

from collections.abc import Iterator
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnClause,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    TableClause,
    Text,
    Uuid,
    column,
    table,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

__all__ = [
    "API_TOKENS",
    "DECLARED",
    "ORCHESTRATORS",
    "ORCHESTRATOR_LATEST",
    "ORCHESTRATOR_METRICS",
    "QUEUES",
    "QUEUE_LATEST",
    "QUEUE_METRICS",
    "SECTIONS",
    "WORKER_INSTANCES",
    "WORKER_POOLS",
    "WORKER_POOL_LATEST",
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
    *_columns(Integer(), "total_workers", "active_workers", "idle_workers", "busy_workers"),
    *_columns(Integer(), "failed_workers", "terminating_workers"),
    *_columns(JSONB(), "pool_health", "resource_usage", "performance", "scaling", "metadata"),
)

WORKER_INSTANCES = table(
    "worker_instances",
    *_columns(Uuid(), "pool_id", "orchestrator_id"),
    *_columns(Text(), "worker_id", "hostname", "status", "current_task"),
    *_columns(BigInteger(), "tasks_completed", "tasks_failed"),
    *_columns(Double(), "cpu_usage", "memory_usage", "disk_usage", "network_usage"),
    *_columns(Double(), "uptime_seconds"),
    *_columns(Integer(), "used_slots", "total_slots"),
    *_columns(TIME, "last_heartbeat"),
    *_columns(JSONB(), "labels"),
)

QUEUE_LATEST = table(
    "queue_latest", *_columns(Uuid(), "queue_id", "orchestrator_id"), *_queue_values()
)

QUEUE_METRICS = table(
    "queue_metrics", *_columns(Uuid(), "queue_id", "orchestrator_id"), *_queue_values()
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
    QUEUE_LATEST,
    QUEUE_METRICS,
    API_TOKENS,
)
