"""All that is known of one orchestrator at present: its record, its pools and their workers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.worker_pool import WorkerInstance
from store.queries import POOL_KEY, POOL_NOW, WORKER_NOW
from store.rows import Latest, PoolRow, pool_of, worker_of
from store.tables import WORKER_INSTANCES, WORKER_POOLS

__all__ = ["Whole", "pools_with_workers"]


@dataclass(frozen=True)
class Whole:
    """An orchestrator with its queues, and its pools with their workers, of one moment."""

    latest: Latest
    pools: Sequence[PoolRow]


async def pools_with_workers(
    connection: AsyncConnection, orchestrator_id: UUID, most_workers: int
) -> list[PoolRow]:
    """By name. Workers are null where they were never known, or not all of them were read."""
    asked = POOL_NOW.where(WORKER_POOLS.c.orchestrator_id == orchestrator_id).order_by(*POOL_KEY)
    pools = (await connection.execute(asked)).mappings().all()
    worker = WORKER_INSTANCES.c
    members = (
        WORKER_NOW.where(worker.orchestrator_id == orchestrator_id)
        .order_by(worker.pool_id, worker.worker_id)
        .limit(most_workers + 1)
    )
    found = (await connection.execute(members)).mappings().all()
    # The one beyond the limit tells which pool is the first that is not read whole.
    cut = found[most_workers]["pool_id"] if len(found) > most_workers else None
    workers: dict[UUID, list[WorkerInstance]] = defaultdict(list)
    for row in found:
        workers[row["pool_id"]].append(worker_of(row).worker)
    return [_with(row, workers, cut) for row in pools]


def _with(row: RowMapping, workers: dict[UUID, list[WorkerInstance]], cut: UUID | None) -> PoolRow:
    found, identity = pool_of(row), row["pool_id"]
    # PostgreSQL orders UUIDs by their bytes, as Python does.
    known = row["workers_at"] is not None and (cut is None or identity < cut)
    mine = tuple(workers.get(identity, ())) if known else None
    return PoolRow(found.pool.model_copy(update={"workers": mine}), found.seen)
