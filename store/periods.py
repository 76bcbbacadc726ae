"""What was recorded of orchestrators in a period, as sums that a reader may add further."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Double, Label, Select, TableClause, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import LOAD_BALANCING_LATEST, ORCHESTRATOR_ROLLUPS, WORKER_POOL_ROLLUPS

__all__ = ["Sums", "sums_of"]

Sums = Mapping[str, tuple[float, int]]
"""Name -> sum and number of the known samples."""

MEANS = ("health_score", "capacity_utilization", "scheduling_latency_ms", "queue_wait_ms")


async def sums_of(
    connection: AsyncConnection, ids: Sequence[UUID], since: datetime
) -> dict[UUID, Sums]:
    """For each orchestrator: `MEANS`, `up`, `utilization` of its pools, `load_variation`."""
    found: dict[UUID, dict[str, tuple[float, int]]] = {each: {} for each in ids}
    for statement in (_means(ids, since), _up(ids, since), _pools(ids, since), _balance(ids)):
        for row in (await connection.execute(statement)).mappings():
            names = {name.rpartition("_")[0] for name in row if name != "orchestrator_id"}
            found[row["orchestrator_id"]] |= {
                name: (float(row[f"{name}_sum"] or 0), int(row[f"{name}_samples"] or 0))
                for name in names
            }
    return dict(found)


def _summed(table: TableClause, *metrics: str) -> list[Label[Any]]:
    ends = ("sum", "samples")
    names = [f"{metric}_{end}" for metric in metrics for end in ends]
    return [func.sum(table.c[name]).label(name) for name in names]


def _means(ids: Sequence[UUID], since: datetime) -> Select[*tuple[Any, ...]]:
    hours = ORCHESTRATOR_ROLLUPS["1h"]
    owner = hours.c.orchestrator_id
    return (
        select(owner, *_summed(hours, *MEANS))
        .where(owner.in_(ids), hours.c.time_bucket >= since)
        .group_by(owner)
    )


def _up(ids: Sequence[UUID], since: datetime) -> Select[*tuple[Any, ...]]:
    minutes = ORCHESTRATOR_ROLLUPS["1m"]
    owner, status = minutes.c.orchestrator_id, minutes.c.status
    up = func.count(status).filter(status != "critical").label("up_sum")
    return (
        select(owner, up, func.count(status).label("up_samples"))
        .where(owner.in_(ids), minutes.c.time_bucket >= since)
        .group_by(owner)
    )


def _pools(ids: Sequence[UUID], since: datetime) -> Select[*tuple[Any, ...]]:
    hours = WORKER_POOL_ROLLUPS["1h"]
    owner = hours.c.orchestrator_id
    return (
        select(owner, *_summed(hours, "utilization"))
        .where(owner.in_(ids), hours.c.time_bucket >= since)
        .group_by(owner)
    )


def _balance(ids: Sequence[UUID]) -> Select[*tuple[Any, ...]]:
    latest = LOAD_BALANCING_LATEST
    owner = latest.c.orchestrator_id
    variation = cast(latest.c.distribution["imbalanceScore"].astext, Double)
    return (
        select(
            owner,
            func.sum(variation).label("load_variation_sum"),
            func.count(variation).label("load_variation_samples"),
        )
        .where(owner.in_(ids))
        .group_by(owner)
    )
