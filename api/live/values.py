"""What an announcement is about, looked up: many at once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from api.live.feeds import Value
from api.live.topics import Topic, TopicKind
from api.models import WorkerPoolUpdate
from api.present import orchestrator_frame, worker_pool_item
from contracts.events import CoordinationEvent, ScalingEvent
from store.outbox import Announcement
from store.reads import Reads
from store.records import Records
from store.rows import PoolRow, WorkerRow

__all__ = ["EVENTS", "events", "states"]

EVENTS = frozenset({"scaling_event", "coordination_event"})
"""Kinds of announcements that are each told."""


async def states(reads: Reads, topics: Collection[Topic], now: datetime) -> dict[str, Value]:
    """The states that there are of these topics. Raises `StoreUnavailableError`."""
    found: dict[str, Value] = {}
    orchestrators = _subjects(topics, TopicKind.ORCHESTRATOR)
    if orchestrators:
        for subject, latest in (await reads.latest_of(orchestrators)).items():
            body = orchestrator_frame(latest, now).model_dump_json(by_alias=True)
            name = str(Topic(TopicKind.ORCHESTRATOR, subject))
            found[name] = Value("orchestrator_update", body)
    pools = _subjects(topics, TopicKind.WORKER_POOL)
    if pools:
        for subject, (row, workers) in (await reads.pools_whole(pools)).items():
            name = str(Topic(TopicKind.WORKER_POOL, subject))
            found[name] = _pool(row, workers, now)
    return found


async def events(records: Records, announced: Sequence[Announcement]) -> dict[UUID, str]:
    """The events that there are of these announcements, as JSON by their id.

    Raises `StoreUnavailableError`.
    """
    scaling = {_key(each) for each in announced if each.kind == "scaling_event"}
    coordination = {
        (orchestrator, _time(each), identity)
        for each in announced
        if each.kind == "coordination_event"
        for orchestrator, identity in [_key(each)]
    }
    found: dict[UUID, ScalingEvent | CoordinationEvent] = {}
    if scaling:
        found |= await records.scaling_events_of(scaling)
    if coordination:
        found |= await records.coordination_events_of(coordination)
    return {identity: each.model_dump_json(by_alias=True) for identity, each in found.items()}


def _subjects(topics: Collection[Topic], kind: TopicKind) -> list[UUID]:
    return [each.subject for each in topics if each.kind is kind and each.subject is not None]


def _pool(row: PoolRow, workers: Sequence[WorkerRow], now: datetime) -> Value:
    head = WorkerPoolUpdate(pool_id=row.pool.pool_id, pool=worker_pool_item(row, now))
    parts: Mapping[str, str] = {
        each.worker.id: each.at(now).model_dump_json(by_alias=True) for each in workers
    }
    body = head.model_dump_json(by_alias=True, exclude={"workers", "removed"})
    return Value("worker_update", body, parts, "workers")


def _key(announced: Announcement) -> tuple[UUID, UUID]:
    return UUID(announced.payload["orchestratorId"]), UUID(announced.payload["id"])


def _time(announced: Announcement) -> datetime:
    return datetime.fromisoformat(announced.payload["eventTime"]).astimezone(UTC)
