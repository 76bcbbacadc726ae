"""How long work waited under each scheduling algorithm, hour by hour, of the raw records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Double, Text, case, cast, column, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import ORCHESTRATOR_METRICS

__all__ = ["AlgorithmHour", "algorithm_hours"]


@dataclass(frozen=True, slots=True)
class AlgorithmHour:
    """The records of one hour that name one algorithm; null: none of them knew it."""

    hour: datetime
    algorithm: str | None
    latency_sum_ms: float | None
    decisions: float | None
    throughput_per_s: float | None
    failures: float | None


async def algorithm_hours(
    connection: AsyncConnection, orchestrator_id: UUID, since: datetime
) -> Sequence[AlgorithmHour]:
    """By hour and algorithm, as far back as raw records are kept."""
    record = ORCHESTRATOR_METRICS.c
    object_only = case((func.jsonb_typeof(record.scheduling) == "object", record.scheduling))
    leaves = (
        func.jsonb_to_record(object_only)
        .table_valued(
            column("schedulingAlgorithm", Text()),
            column("schedulingThroughput", Double()),
            column("schedulingFailures", Double()),
            column("latencyHistogram", JSONB()),
        )
        .render_derived(name="leaves", with_types=True)
    )
    histogram = leaves.c.latencyHistogram
    each = func.jsonb_array_elements_text(histogram["counts"]).table_valued("value")
    decisions = select(func.sum(cast(each.c.value, Double))).scalar_subquery()
    hour = func.date_trunc("hour", record.collected_at, "UTC")
    statement = (
        select(
            hour,
            leaves.c.schedulingAlgorithm,
            func.sum(cast(histogram["sumMs"].astext, Double)),
            func.sum(decisions),
            func.avg(leaves.c.schedulingThroughput),
            func.sum(leaves.c.schedulingFailures),
        )
        .select_from(ORCHESTRATOR_METRICS.join(leaves, onclause=hour.is_not(None)))
        .where(record.orchestrator_id == orchestrator_id, record.collected_at >= since)
        .group_by(hour, leaves.c.schedulingAlgorithm)
        .order_by(hour, leaves.c.schedulingAlgorithm)
    )
    return [AlgorithmHour(*row) for row in await connection.execute(statement)]
