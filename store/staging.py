"""Records and dead letters as rows of the staging tables. Pure: no connection, no clock."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid5

from psycopg.types.json import Jsonb
from pydantic import BaseModel

from contracts.coordination import CoordinationMetrics
from contracts.dead_letter import dead_letter_id
from contracts.events import CoordinationEvent, ScalingEvent, SchedulingDecision
from contracts.identity import queue_id, sample_id
from contracts.load_balancing import LoadBalancingMetrics
from contracts.orchestrator import OrchestratorMetrics, QueueInfo, QueueMetrics
from contracts.topics import PublishedRecord, time_of
from contracts.worker_pool import WorkerInstance, WorkerPage, WorkerPoolMetrics
from contracts.worker_usage import WorkerUsage
from store.samples import (
    ORCHESTRATOR_SAMPLES,
    POOL_SAMPLES,
    orchestrator_samples,
    pool_samples,
)

__all__ = ["COLUMNS", "DeadLetter", "Staged", "dead_letter_row", "stage"]

Row = tuple[object, ...]
SingleRow = (
    WorkerUsage
    | LoadBalancingMetrics
    | CoordinationMetrics
    | SchedulingDecision
    | CoordinationEvent
    | ScalingEvent
)

COLUMNS: dict[str, tuple[str, ...]] = {
    "staged_orchestrators": (
        *("id", "orchestrator_id", "orchestrator_type", "instance_id", "cluster_name"),
        *("health", "capacity", "scheduling", "queuing", "execution", "resources"),
        *("networking", "persistence", "metadata", "collected_at"),
        *ORCHESTRATOR_SAMPLES,
    ),
    "staged_queues": (
        *("id", "queue_id", "orchestrator_id", "queue_name", "queue_type", "size", "consumers"),
        *("processing_rate", "arrival_rate", "error_rate", "avg_processing_time_ms"),
        *("oldest_message_time", "in_flight", "priority_levels", "collected_at"),
    ),
    "staged_pools": (
        *("id", "pool_id", "pool_name", "orchestrator_id", "worker_type", "total_workers"),
        *("active_workers", "idle_workers", "busy_workers", "failed_workers"),
        *("terminating_workers", "pool_health", "resource_usage", "performance", "scaling"),
        *("metadata", "collected_at"),
        *POOL_SAMPLES,
    ),
    "staged_workers": (
        *("id", "pool_id", "orchestrator_id", "worker_id", "hostname", "status", "current_task"),
        *("tasks_completed", "tasks_failed", "cpu_usage", "memory_usage", "disk_usage"),
        *("network_usage", "uptime_seconds", "last_heartbeat", "used_slots", "total_slots"),
        *("labels", "collected_at"),
    ),
    "staged_worker_pages": ("id", "pool_id", "number", "after_id", "up_to_id", "collected_at"),
    "staged_worker_usage": (
        *("id", "orchestrator_id", "worker_id", "cpu_usage", "memory_usage", "disk_usage"),
        *("network_usage", "metadata", "collected_at"),
    ),
    "staged_load_balancing": (
        *("id", "orchestrator_id", "scope_id", "pool_id", "algorithm", "distribution"),
        *("efficiency", "health_checks", "failover", "metadata", "collected_at"),
    ),
    "staged_coordination": (
        *("id", "orchestrator_id", "consensus_protocol", "leader_election"),
        *("distributed_locking", "state_management", "message_ordering", "conflict_resolution"),
        *("partition_tolerance", "metadata", "collected_at"),
    ),
    "staged_scheduling_decisions": (
        *("id", "orchestrator_id", "workflow_id", "decision_time", "scheduling_latency_ms"),
        *("selected_worker", "placement_constraints", "resource_requirements", "priority"),
        *("queue_time_ms", "decision_factors", "outcome"),
    ),
    "staged_coordination_events": (
        *("id", "orchestrator_id", "event_type", "event_time", "details", "participants"),
        *("consensus_time_ms", "outcome", "errors"),
    ),
    "staged_scaling_events": (
        *("id", "orchestrator_id", "pool_id", "event_time", "action", "from_count", "to_count"),
        *("reason", "trigger_metrics", "success", "duration_ms", "cost_impact", "command_id"),
        "dry_run",
    ),
}
"""The columns of each staging table, in the order of its rows."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that is no record, as it came: a person may look at it and send it again."""

    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    headers: Mapping[str, str]
    payload: bytes


@dataclass(frozen=True)
class Staged:
    """The rows of a batch; a sample that is in it twice has one row."""

    orchestrators: dict[Row, Row] = field(default_factory=dict)
    queues: list[Row] = field(default_factory=list)
    pools: dict[Row, Row] = field(default_factory=dict)
    worker_pages: dict[Row, Row] = field(default_factory=dict)
    """What the workers of a record are: a page of the pool's, or its only one."""
    workers: list[Row] = field(default_factory=list)
    others: dict[str, dict[Row, Row]] = field(default_factory=dict)
    """Records of one row each, by their staging table."""

    @property
    def further_pages(self) -> int:
        """Records that hold workers only: the history has the first page of their sample."""
        return sum(key not in self.pools for key in self.worker_pages)


def stage(records: Sequence[PublishedRecord]) -> Staged:
    """The rows of these records."""
    staged = Staged()
    for record in records:
        if isinstance(record, OrchestratorMetrics):
            _stage_orchestrator(staged, record)
        elif isinstance(record, WorkerPoolMetrics):
            _stage_pool(staged, record)
        else:
            table, row = _row_of(record)
            staged.others.setdefault(table, {})[_key(record)] = row
    return staged


def dead_letter_row(letter: DeadLetter) -> Row:
    """Its row of `dead_letters`. The id follows from topic and payload: the same poison, sent
    again, is there once. What PostgreSQL cannot hold is replaced in everything but the payload.
    """
    headers = {_storable(name): _storable(value) for name, value in letter.headers.items()}
    return (
        dead_letter_id(letter.topic, letter.payload),
        _storable(letter.topic),
        letter.partition,
        letter.offset,
        _storable(letter.reason),
        _storable(letter.detail),
        Jsonb(headers),
        letter.payload,
    )


def _stage_orchestrator(staged: Staged, record: OrchestratorMetrics) -> None:
    key = (record.orchestrator_id, record.collected_at, record.id)
    if key in staged.orchestrators:
        return
    staged.orchestrators[key] = (
        record.id,
        record.orchestrator_id,
        record.orchestrator_type.value,
        record.instance_id,
        record.cluster_name,
        _json(record.health),
        _json(record.capacity),
        _json(record.scheduling),
        _queuing_json(record.queuing),
        _json(record.execution),
        _json(record.resources),
        _json(record.networking),
        _json(record.persistence),
        _json(record.metadata),
        record.collected_at,
        *orchestrator_samples(record),
    )
    queues = (record.queuing.queues if record.queuing else None) or ()
    # A queue has one row a record, even where a source names it twice.
    rows = {row[1]: row for row in (_queue_row(record, queue) for queue in reversed(queues))}
    staged.queues.extend(rows.values())


def _queue_row(record: OrchestratorMetrics, queue: QueueInfo) -> Row:
    identity = queue.id or queue_id(record.orchestrator_id, queue.name)
    return (
        sample_id(identity, "queue", record.collected_at),
        identity,
        record.orchestrator_id,
        queue.name,
        queue.type.value,
        queue.size,
        queue.consumers,
        queue.processing_rate,
        queue.arrival_rate,
        queue.error_rate,
        queue.avg_processing_time,
        queue.oldest_message,
        queue.in_flight,
        None if queue.priority_levels is None else json.dumps(queue.priority_levels),
        record.collected_at,
    )


def _stage_pool(staged: Staged, record: WorkerPoolMetrics) -> None:
    key = (record.pool_id, record.collected_at, record.id)
    page = record.page or WorkerPage(number=1, pages=1)
    if page.number == 1:
        if key in staged.pools:
            return
        staged.pools[key] = _pool_row(record)
    if record.workers is not None and key not in staged.worker_pages:
        staged.worker_pages[key] = (
            record.id,
            record.pool_id,
            page.number,
            page.after,
            page.up_to,
            record.collected_at,
        )
        rows = {worker.id: _worker_row(record, worker) for worker in reversed(record.workers)}
        staged.workers.extend(rows.values())


def _pool_row(record: WorkerPoolMetrics) -> Row:
    return (
        record.id,
        record.pool_id,
        record.pool_name,
        record.orchestrator_id,
        record.worker_type,
        record.total_workers,
        record.active_workers,
        record.idle_workers,
        record.busy_workers,
        record.failed_workers,
        record.terminating_workers,
        _json(record.pool_health),
        _json(record.resource_usage),
        _json(record.performance),
        _json(record.scaling),
        _json(record.metadata),
        record.collected_at,
        *pool_samples(record),
    )


def _worker_row(record: WorkerPoolMetrics, worker: WorkerInstance) -> Row:
    return (
        uuid5(record.pool_id, worker.id),
        record.pool_id,
        record.orchestrator_id,
        worker.id,
        worker.hostname,
        worker.status.value,
        worker.current_task,
        worker.tasks_completed,
        worker.tasks_failed,
        worker.cpu_usage,
        worker.memory_usage,
        worker.disk_usage,
        worker.network_usage,
        worker.uptime,
        worker.last_heartbeat,
        worker.used_slots,
        worker.total_slots,
        json.dumps(worker.labels),
        record.collected_at,
    )


def _row_of(record: SingleRow) -> tuple[str, Row]:
    """Its staging table, and its row there."""
    match record:
        case WorkerUsage():
            return "staged_worker_usage", _worker_usage_row(record)
        case LoadBalancingMetrics():
            return "staged_load_balancing", _load_balancing_row(record)
        case CoordinationMetrics():
            return "staged_coordination", _coordination_row(record)
        case SchedulingDecision():
            return "staged_scheduling_decisions", _scheduling_decision_row(record)
        case CoordinationEvent():
            return "staged_coordination_events", _coordination_event_row(record)
        case ScalingEvent():
            return "staged_scaling_events", _scaling_event_row(record)


def _key(record: SingleRow) -> Row:
    return (record.orchestrator_id, record.id, time_of(record))


def _worker_usage_row(record: WorkerUsage) -> Row:
    return (
        record.id,
        record.orchestrator_id,
        record.worker_id,
        record.cpu_usage,
        record.memory_usage,
        record.disk_usage,
        record.network_usage,
        _json(record.metadata),
        record.collected_at,
    )


def _load_balancing_row(record: LoadBalancingMetrics) -> Row:
    return (
        record.id,
        record.orchestrator_id,
        record.scope_id,
        record.pool_id,
        record.algorithm.value,
        _json(record.distribution),
        _json(record.efficiency),
        _json(record.health_checks),
        _json(record.failover),
        _json(record.metadata),
        record.collected_at,
    )


def _coordination_row(record: CoordinationMetrics) -> Row:
    return (
        record.id,
        record.orchestrator_id,
        record.consensus_protocol,
        _json(record.leader_election),
        _json(record.distributed_locking),
        _json(record.state_management),
        _json(record.message_ordering),
        _json(record.conflict_resolution),
        _json(record.partition_tolerance),
        _json(record.metadata),
        record.collected_at,
    )


def _scheduling_decision_row(event: SchedulingDecision) -> Row:
    return (
        event.id,
        event.orchestrator_id,
        event.workflow_id,
        event.decision_time,
        event.scheduling_latency,
        event.selected_worker,
        json.dumps(event.placement_constraints),
        json.dumps(event.resource_requirements),
        event.priority,
        event.queue_time,
        json.dumps(event.decision_factors),
        event.outcome.value,
    )


def _coordination_event_row(event: CoordinationEvent) -> Row:
    return (
        event.id,
        event.orchestrator_id,
        event.event_type,
        event.event_time,
        json.dumps(event.details),
        list(event.participants),
        event.consensus_time,
        event.outcome,
        json.dumps(event.errors),
    )


def _scaling_event_row(event: ScalingEvent) -> Row:
    return (
        event.id,
        event.orchestrator_id,
        event.pool_id,
        event.event_time,
        event.action.value,
        event.from_count,
        event.to_count,
        event.reason,
        json.dumps(event.trigger_metrics),
        event.success,
        event.duration,
        event.cost_impact,
        event.command_id,
        event.dry_run,
    )


def _json(section: BaseModel | None) -> str | None:
    return None if section is None else section.model_dump_json()


def _queuing_json(queuing: QueueMetrics | None) -> str | None:
    """Without the queues, which have rows of their own; the key stays where they are unknown."""
    if queuing is None or queuing.queues is None:
        return _json(queuing)
    return queuing.model_dump_json(exclude={"queues"})


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
