"""What readers get: contract records put together from rows, with their observation times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping

from contracts.orchestrator import Metadata, OrchestratorMetrics, QueueInfo
from contracts.worker_pool import WorkerInstance, WorkerPoolMetrics
from contracts.worker_usage import USAGES
from store.freshness import Observation, SectionState
from store.tables import SECTIONS

__all__ = [
    "Latest",
    "PoolRow",
    "QueueRow",
    "UsageRow",
    "WorkerRow",
    "latest_of",
    "pool_of",
    "queue_of",
    "worker_of",
]

POOL_COUNTS = (
    "total_workers",
    "active_workers",
    "idle_workers",
    "busy_workers",
    "failed_workers",
    "terminating_workers",
)


@dataclass(frozen=True)
class Latest:
    """An orchestrator as it was last seen."""

    record: OrchestratorMetrics
    """The newest record, its missing sections filled with their last good values."""
    section_times: Mapping[str, datetime | None]
    """When each section's value was observed; null when there never was one."""
    outage: bool
    """The newest record says that the orchestrator could not be read at all."""
    simulated: bool
    first_seen: datetime
    last_seen: datetime

    @property
    def last_read_at(self) -> datetime | None:
        """When anything but the health was last read."""
        return max((at for at in self.section_times.values() if at is not None), default=None)

    def is_current(self, section: str) -> bool:
        """Whether the newest record itself carries the section."""
        return self.section_times[section] == self.record.collected_at

    def observation(self, section: str) -> Observation:
        """When the section was observed, and what became of the newest attempt."""
        return Observation(
            observed_at=self.section_times[section],
            newest_at=self.record.collected_at,
            interval_s=self.record.metadata.interval_s,
            failed=self.outage or self.record.metadata.partial,
        )

    def whole(self) -> Observation:
        """The same for the orchestrator as a whole, which only an outage makes an error."""
        collected_at = self.record.collected_at
        return Observation(
            observed_at=self.last_read_at if self.outage else collected_at,
            newest_at=collected_at,
            interval_s=self.record.metadata.interval_s,
            failed=self.outage,
        )

    def published(self) -> OrchestratorMetrics:
        """The newest record as its agent published it: a section it lacked is null again."""
        missing = {section: None for section in SECTIONS if not self.is_current(section)}
        return self.record.model_copy(update=missing)


@dataclass(frozen=True)
class QueueRow:
    """A queue as it was last seen."""

    info: QueueInfo
    queue_id: UUID
    orchestrator_id: UUID
    seen: Observation


@dataclass(frozen=True)
class PoolRow:
    """A worker pool as it was last seen, without its workers."""

    pool: WorkerPoolMetrics
    seen: Observation


@dataclass(frozen=True)
class UsageRow:
    """What an agent beside a worker told last. `unavailable`: JSON pointer -> why it is null."""

    told: Mapping[str, float]
    unavailable: Mapping[str, str]
    seen: Observation


@dataclass(frozen=True)
class WorkerRow:
    """A worker as it was last seen."""

    worker: WorkerInstance
    """As the record of its pool has it."""
    seen: Observation
    usage: UsageRow | None
    """null: no agent beside it ever told of it."""

    def at(self, now: datetime) -> WorkerInstance:
        """With what is told beside it in the place of the pool's, unless that is too old."""
        if self.usage is None or self.usage.seen.state(now) is SectionState.STALE:
            return self.worker
        return self.worker.model_copy(update=dict(self.usage.told))


def latest_of(row: RowMapping, queues: tuple[QueueInfo, ...] | None) -> Latest:
    """`queues` are those seen with the queuing section; null where not asked for."""
    sections = {section: row[section] for section in SECTIONS}
    queuing = sections["queuing"]
    if queuing is not None and "queues" not in queuing:
        sections["queuing"] = {**queuing, "queues": queues}
    record = OrchestratorMetrics.model_validate(
        {
            "id": row["sample_id"],
            "orchestrator_id": row["id"],
            "orchestrator_type": row["orchestrator_type"],
            "instance_id": row["instance_id"],
            "cluster_name": row["cluster_name"],
            "collected_at": row["collected_at"],
            "health": row["health"],
            "metadata": row["metadata"],
            **sections,
        }
    )
    return Latest(
        record=record,
        section_times={section: row[f"{section}_at"] for section in SECTIONS},
        outage=row["outage"],
        simulated=row["simulated"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
    )


def queue_of(row: RowMapping) -> QueueRow:
    """The queues of the newest record that knew them; a newer record failed to."""
    seen = Observation(row["collected_at"], row["newest_at"], row["interval_s"], failed=True)
    return QueueRow(queue_info(row), row["queue_id"], row["orchestrator_id"], seen)


def queue_info(row: RowMapping) -> QueueInfo:
    """The contract's part of a queue row."""
    return QueueInfo(
        id=row["queue_id"],
        name=row["queue_name"],
        type=row["queue_type"],
        size=row["size"],
        consumers=row["consumers"],
        processing_rate=row["processing_rate"],
        arrival_rate=row["arrival_rate"],
        error_rate=row["error_rate"],
        avg_processing_time=row["avg_processing_time_ms"],
        oldest_message=row["oldest_message_time"],
        in_flight=row["in_flight"],
        priority_levels=row["priority_levels"],
    )


def pool_of(row: RowMapping) -> PoolRow:
    """Pools have records of their own; an outage of their orchestrator stops these."""
    pool = WorkerPoolMetrics.model_validate(
        {
            "id": row["sample_id"],
            "pool_id": row["pool_id"],
            "orchestrator_id": row["orchestrator_id"],
            "pool_name": row["pool_name"],
            "worker_type": row["worker_type"],
            "collected_at": row["collected_at"],
            "pool_health": row["pool_health"],
            "resource_usage": row["resource_usage"],
            "performance": row["performance"],
            "scaling": row["scaling"] or {},
            "metadata": row["metadata"],
            **{name: row[name] for name in POOL_COUNTS},
        }
    )
    seen = Observation(
        observed_at=pool.collected_at,
        newest_at=_newest(pool.collected_at, row["outage_at"]),
        interval_s=pool.metadata.interval_s,
        failed=row["outage_at"] is not None,
    )
    return PoolRow(pool, seen)


def worker_of(row: RowMapping) -> WorkerRow:
    """The workers of the pool's newest record that knew them; a newer one failed to."""
    worker = WorkerInstance(
        id=row["worker_id"],
        hostname=row["hostname"],
        status=row["status"],
        current_task=row["current_task"],
        tasks_completed=row["tasks_completed"],
        tasks_failed=row["tasks_failed"],
        cpu_usage=row["cpu_usage"],
        memory_usage=row["memory_usage"],
        disk_usage=row["disk_usage"],
        network_usage=row["network_usage"],
        uptime=row["uptime_seconds"],
        last_heartbeat=row["last_heartbeat"],
        used_slots=row["used_slots"],
        total_slots=row["total_slots"],
        labels=row["labels"],
    )
    seen = Observation(
        observed_at=row["workers_at"],
        newest_at=_newest(row["pool_at"], row["outage_at"]),
        interval_s=row["interval_s"],
        failed=True,
    )
    return WorkerRow(worker, seen, _usage_of(row))


def _usage_of(row: RowMapping) -> UsageRow | None:
    if row["told_collected_at"] is None:
        return None
    metadata = Metadata.model_validate(row["told_metadata"])
    told = {name: row[f"told_{name}"] for name in USAGES if row[f"told_{name}"] is not None}
    seen = Observation(
        observed_at=row["told_collected_at"] if told else None,
        newest_at=row["told_collected_at"],
        interval_s=metadata.interval_s,
        failed=True,
    )
    return UsageRow(told, metadata.unavailable, seen)


def _newest(reported_at: datetime, outage_at: datetime | None) -> datetime:
    return reported_at if outage_at is None else max(reported_at, outage_at)
