"""The statements of the present, each with what a reader needs to judge how fresh it is."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Double,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from contracts.worker_usage import USAGES
from store.tables import (
    ORCHESTRATOR_LATEST,
    ORCHESTRATORS,
    QUEUE_LATEST,
    QUEUES,
    SECTIONS,
    WORKER_INSTANCES,
    WORKER_POOL_LATEST,
    WORKER_POOLS,
    WORKER_USAGE_LATEST,
)

__all__ = [
    "ORCHESTRATOR_KEY",
    "ORCHESTRATOR_NOW",
    "POOL_KEY",
    "POOL_NOW",
    "QUEUE_KEY",
    "QUEUE_NOW",
    "WORKER_KEY",
    "WORKER_NOW",
    "After",
    "Key",
    "paged",
    "queues_of",
]

After = tuple[str | UUID, ...]
"""The sort key of the last item of a page."""
Key = tuple[ColumnClause[Any], ...]
"""Columns that a list is sorted by; together they are unique, so paging skips nothing."""

latest, pool, worker = ORCHESTRATOR_LATEST.c, WORKER_POOL_LATEST.c, WORKER_INSTANCES.c
usage = WORKER_USAGE_LATEST.c

ORCHESTRATOR_KEY: Key = (
    ORCHESTRATORS.c.orchestrator_type,
    ORCHESTRATORS.c.cluster_name,
    ORCHESTRATORS.c.instance_id,
)
QUEUE_KEY: Key = (QUEUES.c.orchestrator_id, QUEUES.c.queue_name)
POOL_KEY: Key = (WORKER_POOLS.c.orchestrator_id, WORKER_POOLS.c.pool_name)
WORKER_KEY: Key = (WORKER_INSTANCES.c.worker_id,)


def queues_of(orchestrator_id: UUID, pool_name: str) -> Select[UUID]:
    """The ids of the queues that a pool takes its work from, as far as names tell.

    Those called as the pool, or as the pool and `/activity` (a task queue of Temporal is two, and
    the slots that are told are those of activities); else, where the orchestrator has no other
    pool, all of its queues.
    """
    mine = QUEUES.c.orchestrator_id == orchestrator_id
    named = and_(mine, QUEUES.c.queue_name.in_([pool_name, f"{pool_name}/activity"]))
    pools = select(func.count()).where(WORKER_POOLS.c.orchestrator_id == orchestrator_id)
    none_named = ~exists().where(named)
    only = and_(mine, none_named, pools.scalar_subquery() == 1)
    return select(QUEUES.c.id).where(or_(named, only)).order_by(QUEUES.c.id)


def paged(statement: Select[Any], key: Key, after: After | None) -> Select[Any]:
    """The statement in the order of `key`, from behind `after`."""
    ordered = statement.order_by(*key)
    if after is None:
        return ordered
    bound = (literal(value, column.type) for value, column in zip(after, key, strict=True))
    return ordered.where(tuple_(*key) > tuple_(*bound))


def _outage() -> ColumnElement[bool]:
    """The newest record read nothing: it is critical, says why, and carries no section."""
    last_read_at = func.greatest(*(latest[f"{section}_at"] for section in SECTIONS))
    return and_(
        latest.health["status"].astext == "critical",
        func.jsonb_array_length(latest.health["errors"]) > 0,
        func.coalesce(last_read_at < latest.collected_at, True),
    )


def _interval_s(metadata: ColumnElement[Any]) -> ColumnElement[float]:
    return cast(metadata["intervalS"].astext, Double)


ORCHESTRATOR_NOW: Select[Any] = select(
    *ORCHESTRATORS.c,
    latest.id.label("sample_id"),
    *(column for column in latest if column.name not in {"id", "orchestrator_id"}),
    _outage().label("outage"),
).join(ORCHESTRATOR_LATEST, latest.orchestrator_id == ORCHESTRATORS.c.id)

QUEUE_NOW: Select[Any] = (
    select(
        *QUEUE_LATEST.c,
        QUEUES.c.queue_name,
        QUEUES.c.queue_type,
        latest.collected_at.label("newest_at"),
        _interval_s(latest.metadata).label("interval_s"),
    )
    .join(QUEUES, QUEUES.c.id == QUEUE_LATEST.c.queue_id)
    .join(ORCHESTRATOR_LATEST, latest.orchestrator_id == QUEUES.c.orchestrator_id)
)

OUTAGE_AT = case((_outage(), latest.collected_at))

POOL_NOW: Select[Any] = (
    select(
        *(column for column in pool if column.name != "id"),
        pool.id.label("sample_id"),
        WORKER_POOLS.c.pool_name,
        WORKER_POOLS.c.worker_type,
        OUTAGE_AT.label("outage_at"),
    )
    .join(WORKER_POOLS, WORKER_POOLS.c.id == pool.pool_id)
    .outerjoin(ORCHESTRATOR_LATEST, latest.orchestrator_id == pool.orchestrator_id)
)

WORKER_NOW: Select[Any] = (
    select(
        *WORKER_INSTANCES.c,
        pool.workers_at,
        pool.collected_at.label("pool_at"),
        _interval_s(pool.metadata).label("interval_s"),
        OUTAGE_AT.label("outage_at"),
        *(usage[name].label(f"told_{name}") for name in (*USAGES, "metadata", "collected_at")),
    )
    .join(WORKER_POOL_LATEST, pool.pool_id == worker.pool_id)
    .outerjoin(
        WORKER_USAGE_LATEST,
        and_(usage.orchestrator_id == worker.orchestrator_id, usage.worker_id == worker.worker_id),
    )
    .outerjoin(ORCHESTRATOR_LATEST, latest.orchestrator_id == worker.orchestrator_id)
)
