"""Workers: from ListWorkers where they send heartbeats, else from who polls the queues.

A worker is listed from its first heartbeat on, which comes at its start without any slots or,
to some servers, a whole period (60 s) later, until about six minutes after its last. One that
was killed keeps the status of that last heartbeat, so
only the heartbeat's age tells; `elapsed_since_last_heartbeat` is what the worker itself said.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from temporalio.api.enums.v1 import WorkerStatus as WireStatus
from temporalio.api.worker.v1 import WorkerHeartbeat, WorkerSlotsInfo

from agents.missing import Missing
from agents.temporal.config import TemporalConfig
from agents.temporal.queues import QueueView, TaskKind
from contracts.worker_pool import WorkerInstance, WorkerStatus

__all__ = ["ALIVE", "POLLER", "Slots", "Worker", "read_workers", "unlisted_workers"]

ALIVE = frozenset({WorkerStatus.IDLE, WorkerStatus.ACTIVE, WorkerStatus.BUSY})
"""Statuses of workers that take new work."""

HEARTBEAT, POLLER = "heartbeat", "poller"
"""Values of the label `source`: how a worker is known."""

LONGEST_ID = 255
FIXED = "Fixed"
SLOT_FIELDS = {
    "workflow_task_slots_info": TaskKind.WORKFLOW.value,
    "activity_task_slots_info": TaskKind.ACTIVITY.value,
    "nexus_task_slots_info": "nexus",
    "local_activity_slots_info": "local_activity",
}
LEAVING = (WireStatus.WORKER_STATUS_SHUTTING_DOWN, WireStatus.WORKER_STATUS_SHUTDOWN)


@dataclass(frozen=True)
class Slots:
    """Slots of one kind of work. `total` is null when their number is not fixed."""

    used: int
    total: int | None
    processed: int
    failed: int
    recent_processed: int
    recent_failed: int


@dataclass(frozen=True)
class Worker:
    """One worker on one queue. `slots` is empty for one that has not told them (yet)."""

    queue: str
    identity: str
    instance: WorkerInstance
    slots: Mapping[str, Slots] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        return self.instance.status in ALIVE


def read_workers(
    heartbeats: Iterable[WorkerHeartbeat], config: TemporalConfig, now: datetime
) -> tuple[Worker, ...]:
    """The listed workers, without those that left in order and are only still remembered."""
    read = (_worker(heartbeat, config, now) for heartbeat in heartbeats)
    return tuple(worker for worker in read if worker is not None)


def unlisted_workers(
    views: Sequence[QueueView],
    heartbeats: Sequence[WorkerHeartbeat] | None,
    config: TemporalConfig,
    now: datetime,
) -> tuple[Worker, ...]:
    """Pollers that no heartbeat explains: too young for the first one, or sending none.

    Without `heartbeats` the server lists no workers at all: a poller that fell silent then
    counts as failed; otherwise it is left out. Workers that share an identity count as one.
    """
    explained = {(each.task_queue, each.worker_identity) for each in heartbeats or ()}
    last_access: dict[tuple[str, str], datetime] = {}
    for view in views:
        if isinstance(view.reading, Missing):
            continue
        for poller in view.reading.pollers:
            key = (view.key.queue, poller.identity)
            if key not in explained:
                last_access[key] = max(poller.last_access, last_access.get(key, poller.last_access))
    found = []
    for (queue, identity), seen in sorted(last_access.items()):
        silent_s = (now - seen).total_seconds()
        if silent_s <= config.poller_fresh_s or heartbeats is None:
            failed = silent_s > config.worker_stale_after_s
            found.append(_poller(queue, identity, seen, failed=failed))
    return tuple(found)


def _worker(heartbeat: WorkerHeartbeat, config: TemporalConfig, now: datetime) -> Worker | None:
    seen = heartbeat.heartbeat_time.ToDatetime(tzinfo=UTC)
    stale = (now - seen).total_seconds() > config.worker_stale_after_s
    leaving = heartbeat.status in LEAVING
    if leaving and stale:
        return None
    slots = _all_slots(heartbeat)
    if stale:
        status = WorkerStatus.FAILED
    elif leaving:
        status = WorkerStatus.TERMINATING
    else:
        status = _load(slots)
    return Worker(
        heartbeat.task_queue,
        heartbeat.worker_identity,
        _instance(heartbeat, status, slots, seen, now),
        slots,
    )


def _instance(
    heartbeat: WorkerHeartbeat,
    status: WorkerStatus,
    slots: Mapping[str, Slots],
    seen: datetime,
    now: datetime,
) -> WorkerInstance:
    activity = slots.get(TaskKind.ACTIVITY)
    failed = sum(each.failed for each in slots.values())
    processed = sum(each.processed for each in slots.values())
    host = heartbeat.host_info
    # A host without any memory in use is one whose worker does not measure.
    measured = heartbeat.HasField("host_info") and host.current_host_mem_usage > 0
    started = heartbeat.start_time
    return WorkerInstance(
        id=heartbeat.worker_instance_key[:LONGEST_ID],
        hostname=host.host_name or None,
        status=status,
        tasks_completed=max(0, processed - failed) if slots else None,
        tasks_failed=failed if slots else None,
        cpu_usage=host.current_host_cpu_usage if measured else None,
        memory_usage=host.current_host_mem_usage if measured else None,
        uptime=max(0.0, (now - started.ToDatetime(tzinfo=UTC)).total_seconds())
        if heartbeat.HasField("start_time")
        else None,
        last_heartbeat=seen,
        used_slots=activity.used if activity else None,
        total_slots=activity.total if activity else None,
        labels=_labels(heartbeat, measured=measured),
    )


def _labels(heartbeat: WorkerHeartbeat, *, measured: bool) -> dict[str, str]:
    host, version = heartbeat.host_info, heartbeat.deployment_version
    pollers = {
        "workflow_pollers": heartbeat.workflow_poller_info,
        "activity_pollers": heartbeat.activity_poller_info,
    }
    labels = {
        "source": HEARTBEAT,
        "task_queue": heartbeat.task_queue,
        "identity": heartbeat.worker_identity,
        "process": host.worker_grouping_key,
        "process_id": host.process_id,
        "sdk": heartbeat.sdk_name,
        "sdk_version": heartbeat.sdk_version,
        "deployment": version.deployment_name,
        "build_id": version.build_id,
        "usage_scope": "host" if measured else "",
        "temporal_status": _status_name(heartbeat.status),
    }
    labels |= {name: str(info.current_pollers) for name, info in pollers.items()}
    return {name: value for name, value in labels.items() if value}


def _status_name(status: int) -> str:
    """The server's word; a number for one that a newer server has and this client has not."""
    if status not in WireStatus.values():
        return str(status)
    return WireStatus.Name(WireStatus.ValueType(status)).removeprefix("WORKER_STATUS_").lower()


def _all_slots(heartbeat: WorkerHeartbeat) -> dict[str, Slots]:
    """By kind; empty for a worker's very first heartbeat, which has no slots of any kind."""
    slots = {
        SLOT_FIELDS[descriptor.name]: _slots(info)
        for descriptor, info in heartbeat.ListFields()
        if isinstance(info, WorkerSlotsInfo) and descriptor.name in SLOT_FIELDS
    }
    return slots if any(each.used or each.total != 0 for each in slots.values()) else {}


def _slots(info: WorkerSlotsInfo) -> Slots:
    used, free = info.current_used_slots, info.current_available_slots
    return Slots(
        used=used,
        total=used + free if info.slot_supplier_kind == FIXED else None,
        processed=info.total_processed_tasks,
        failed=info.total_failed_tasks,
        recent_processed=info.last_interval_processed_tasks,
        recent_failed=info.last_interval_failure_tasks,
    )


def _load(slots: Mapping[str, Slots]) -> WorkerStatus:
    """`busy` when it is full for workflow tasks or for activities, whichever it does.

    One that has not told its slots is alive and counts as `active`.
    """
    mains = [slots[kind] for kind in (TaskKind.WORKFLOW, TaskKind.ACTIVITY) if kind in slots]
    if any(each.used and each.used == each.total for each in mains):
        return WorkerStatus.BUSY
    if not slots or any(each.used for each in slots.values()):
        return WorkerStatus.ACTIVE
    return WorkerStatus.IDLE


def _poller(queue: str, identity: str, seen: datetime, *, failed: bool) -> Worker:
    instance = WorkerInstance(
        id=identity[:LONGEST_ID] or "unnamed",
        status=WorkerStatus.FAILED if failed else WorkerStatus.ACTIVE,
        last_heartbeat=seen,
        labels={"source": POLLER, "task_queue": queue, "identity": identity},
    )
    return Worker(queue, identity, instance)
