"""What an announcement is about, looked up: many at once."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from api.live.feeds import Value
from api.live.topics import Topic, TopicKind
from contracts.events import CoordinationEvent, ScalingEvent
from contracts.live import (
    LiveType,
    OrchestratorUpdate,
    WorkerPoolUpdate,
    orchestrator_topic,
    worker_pool_topic,
)
from store.outbox import Announcement
from store.reads import Reads
from store.records import Records
from store.rows import PoolRow, WorkerRow

__all__ = ["EVENTS", "events", "states"]

EVENTS = frozenset({LiveType.SCALING_EVENT, LiveType.COORDINATION_EVENT})
"""Announcements that are each told."""


async def states(reads: Reads, topics: Collection[Topic], now: datetime) -> dict[str, Value]:
    """The states that there are of these topics. Raises `StoreUnavailableError`."""
    found: dict[str, Value] = {}
    orchestrators = _subjects(topics, TopicKind.ORCHESTRATOR)
    if orchestrators:
        for subject, latest in (await reads.latest_of(orchestrators)).items():
            update = OrchestratorUpdate(metrics=latest.published())
            head = update.model_dump_json(by_alias=True, exclude={"snapshot"})
            name = orchestrator_topic(subject)
            found[name] = Value(LiveType.ORCHESTRATOR_UPDATE, head)
    pools = _subjects(topics, TopicKind.WORKER_POOL)
    if pools:
        for subject, (row, workers) in (await reads.pools_whole(pools)).items():
            name = worker_pool_topic(subject)
            found[name] = _pool(row, workers, now)
    return found


async def events(records: Records, announced: Sequence[Announcement]) -> dict[UUID, str]:
    """The events that there are of these announcements, as JSON by their id.

    Raises `StoreUnavailableError`.
    """
    scaling = {_key(each) for each in announced if each.kind == LiveType.SCALING_EVENT}
    coordination = {
        (orchestrator, _time(each), identity)
        for each in announced
        if each.kind == LiveType.COORDINATION_EVENT
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
    update = WorkerPoolUpdate(pool_id=row.pool.pool_id, pool=row.pool)
    left_out: Any = {"snapshot": True, "workers": True, "gone_workers": True, "pool": {"workers"}}
    return Value(
        LiveType.WORKER_UPDATE,
        update.model_dump_json(by_alias=True, exclude=left_out),
        {each.worker.id: each.at(now).model_dump_json(by_alias=True) for each in workers},
    )


def _key(announced: Announcement) -> tuple[UUID, UUID]:
    return UUID(announced.payload["orchestratorId"]), UUID(announced.payload["id"])


def _time(announced: Announcement) -> datetime:
    return datetime.fromisoformat(announced.payload["eventTime"]).astimezone(UTC)
