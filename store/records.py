"""Records of one row each, as they were published: coordination, load balancing, events."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnClause, RowMapping, Select, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.coordination import CoordinationMetrics
from contracts.events import CoordinationEvent, ScalingEvent, SchedulingDecision
from contracts.load_balancing import LoadBalancingMetrics
from store.engine import connected
from store.tables import (
    COORDINATION_EVENTS,
    COORDINATION_LATEST,
    LOAD_BALANCING_LATEST,
    SCALING_EVENTS,
    SCHEDULING_DECISIONS,
)

__all__ = ["Before", "EventPage", "EventSpan", "Records"]

E = TypeVar("E", SchedulingDecision, CoordinationEvent, ScalingEvent)

Before = tuple[datetime, UUID]
"""Time and id of the last event of a page."""


@dataclass(frozen=True, slots=True)
class EventSpan:
    """Which events: not older than `since`, the newest first, from behind `before`."""

    since: datetime
    limit: int
    before: Before | None = None


@dataclass(frozen=True)
class EventPage:
    """Some events, the newest first, and where the next page begins; null at the end."""

    items: list[SchedulingDecision | CoordinationEvent | ScalingEvent]
    next_before: Before | None


class Records:
    """Each call is one read-only transaction.

    Every method raises `StoreUnavailableError` when PostgreSQL does not answer in time.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(postgresql_readonly=True)

    async def coordination(self, orchestrator_id: UUID) -> CoordinationMetrics | None:
        """The newest record; null where there never was one."""
        table = COORDINATION_LATEST
        async with connected(self._engine) as connection:
            statement = select(*table.c).where(table.c.orchestrator_id == orchestrator_id)
            row = (await connection.execute(statement)).mappings().one_or_none()
        return CoordinationMetrics.model_validate(dict(row)) if row else None

    async def load_balancing(self, orchestrator_id: UUID) -> list[LoadBalancingMetrics]:
        """The newest record of each pool, and of the whole where an agent sends one."""
        table = LOAD_BALANCING_LATEST
        statement = (
            select(*table.c)
            .where(table.c.orchestrator_id == orchestrator_id)
            .order_by(table.c.scope_id)
        )
        async with connected(self._engine) as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return [LoadBalancingMetrics.model_validate(dict(row)) for row in rows]

    async def scheduling_decisions(self, orchestrator_id: UUID, span: EventSpan) -> EventPage:
        """Samples of what was placed where."""
        table = SCHEDULING_DECISIONS
        statement = select(*table.c).where(table.c.orchestrator_id == orchestrator_id)
        return await self._page(statement, table.c.decision_time, span, _scheduling_decision)

    async def coordination_events(self, orchestrator_id: UUID, span: EventSpan) -> EventPage:
        """Elections, moved shards, lost leases."""
        table = COORDINATION_EVENTS
        statement = select(*table.c).where(table.c.orchestrator_id == orchestrator_id)
        return await self._page(statement, table.c.event_time, span, _coordination_event)

    async def scaling_events(self, pool_id: UUID, span: EventSpan) -> EventPage:
        """What happened to the size of a pool."""
        table = SCALING_EVENTS
        statement = select(*table.c).where(table.c.pool_id == pool_id)
        return await self._page(statement, table.c.event_time, span, _scaling_event)

    async def scaling_events_of(
        self, keys: Collection[tuple[UUID, UUID]]
    ) -> dict[UUID, ScalingEvent]:
        """Those that there are of these, by orchestrator and id."""
        table = SCALING_EVENTS
        named = tuple_(table.c.orchestrator_id, table.c.id).in_(keys)
        return await self._named(select(*table.c).where(named), _scaling_event)

    async def coordination_events_of(
        self, keys: Collection[tuple[UUID, datetime, UUID]]
    ) -> dict[UUID, CoordinationEvent]:
        """Those that there are of these, by orchestrator, time and id."""
        table = COORDINATION_EVENTS
        named = tuple_(table.c.orchestrator_id, table.c.event_time, table.c.id).in_(keys)
        return await self._named(select(*table.c).where(named), _coordination_event)

    async def _named(
        self, statement: Select[Any], read: Callable[[RowMapping], E]
    ) -> dict[UUID, E]:
        async with connected(self._engine) as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return {row["id"]: read(row) for row in rows}

    async def _page(
        self,
        statement: Select[Any],
        time: ColumnClause[datetime],
        span: EventSpan,
        read: Callable[[RowMapping], E],
    ) -> EventPage:
        identity = statement.selected_columns["id"]
        asked = statement.where(time >= span.since).order_by(time.desc(), identity.desc())
        if span.before is not None:
            bound = (
                literal(value, column.type)
                for value, column in zip(span.before, (time, identity), strict=True)
            )
            asked = asked.where(tuple_(time, identity) < tuple_(*bound))
        async with connected(self._engine) as connection:
            rows = (await connection.execute(asked.limit(span.limit + 1))).mappings().all()
        more = len(rows) > span.limit
        last = rows[span.limit - 1] if more else None
        return EventPage(
            [read(row) for row in rows[: span.limit]],
            (last[time.name], last["id"]) if last is not None else None,
        )


def _scheduling_decision(row: RowMapping) -> SchedulingDecision:
    return SchedulingDecision.model_validate(
        {
            **row,
            "scheduling_latency": row["scheduling_latency_ms"],
            "queue_time": row["queue_time_ms"],
        }
    )


def _coordination_event(row: RowMapping) -> CoordinationEvent:
    return CoordinationEvent.model_validate({**row, "consensus_time": row["consensus_time_ms"]})


def _scaling_event(row: RowMapping) -> ScalingEvent:
    return ScalingEvent.model_validate({**row, "duration": row["duration_ms"]})
