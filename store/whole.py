"""All that is known of one orchestrator at present: its record, its pools and their workers."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.orchestrator import OrchestratorType
from contracts.worker_pool import WorkerInstance
from store.queries import ORCHESTRATOR_KEY, POOL_KEY, POOL_NOW, WORKER_NOW
from store.rows import Latest, PoolRow, pool_of, worker_of
from store.tables import (
    ORCHESTRATOR_LATEST,
    ORCHESTRATORS,
    WORKER_INSTANCES,
    WORKER_POOLS,
)

__all__ = ["Whole", "clusters_with", "pools_with_workers"]


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
    # Thousands of workers take a while to be read: nobody else shall wait for it.
    return await asyncio.to_thread(_joined, pools, found, most_workers)


def _joined(
    pools: Sequence[RowMapping], found: Sequence[RowMapping], most_workers: int
) -> list[PoolRow]:
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


async def clusters_with(
    connection: AsyncConnection, pods: Sequence[str], cluster_id: str | None, limit: int
) -> list[UUID]:
    """Kubernetes orchestrators that tell of a pod of one of these names, or have this id."""
    pod = func.split_part(WORKER_INSTANCES.c.labels["pod"].astext, "/", 2)
    having = select(WORKER_INSTANCES.c.orchestrator_id).where(pod.in_(list(pods)), pod != "")
    own_id = ORCHESTRATOR_LATEST.c.metadata["kubernetes"]["clusterId"].astext
    statement = (
        select(ORCHESTRATORS.c.id)
        .join(ORCHESTRATOR_LATEST, ORCHESTRATOR_LATEST.c.orchestrator_id == ORCHESTRATORS.c.id)
        .where(ORCHESTRATORS.c.orchestrator_type == OrchestratorType.KUBERNETES.value)
        .where(or_(ORCHESTRATORS.c.id.in_(having), own_id == cluster_id))
        .order_by(*ORCHESTRATOR_KEY)
        .limit(limit)
    )
    return list((await connection.execute(statement)).scalars())
