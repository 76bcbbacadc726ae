"""Records as they were published: the whole of one, coordination, load balancing, events."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from api.exports import MEDIA_TYPES, ExportFormat, lines
from api.models import (
    CoordinationFrame,
    EventList,
    LoadBalancingList,
    OrchestratorFrame,
    ScalingEventList,
)
from api.paging import ByTime, PageQuery, decode_cursor, encode_cursor
from api.present import coordination_frame, load_balancing_item, orchestrator_frame
from api.problems import not_found
from api.responses import PROBLEMS, conditional
from api.routes import PREFIX
from api.services import ApiServices, Services, require_orchestrator
from api.time_range import parse_time_range, time_range_field
from contracts.events import CoordinationEvent, SchedulingDecision
from store.records import Before, EventPage, EventSpan

__all__ = ["router"]

router = APIRouter(prefix=PREFIX, tags=["records"], responses=PROBLEMS)


EXPORTED_AT_ONCE = 1000
FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {each: {"schema": {"type": "string"}} for each in MEDIA_TYPES.values()}}
}


class OrchestratorEvents(StrEnum):
    """Kinds of events that belong to an orchestrator as a whole."""

    SCHEDULING_DECISION = "scheduling_decision"
    COORDINATION_EVENT = "coordination_event"


RECORDS: dict[OrchestratorEvents, type[BaseModel]] = {
    OrchestratorEvents.SCHEDULING_DECISION: SchedulingDecision,
    OrchestratorEvents.COORDINATION_EVENT: CoordinationEvent,
}


class ExportQuery(BaseModel):
    """Which events, and how they are written."""

    model_config = ConfigDict(extra="forbid")

    kind: OrchestratorEvents = Field(
        default=OrchestratorEvents.SCHEDULING_DECISION, description="Which kind of events."
    )
    time_range: str = time_range_field("1h")
    format: ExportFormat = Field(
        default=ExportFormat.NDJSON, description="ndjson: a JSON object a line; csv."
    )


class EventsQuery(PageQuery):
    """Which events."""

    time_range: str = time_range_field("1h")

    def span(self, services: ApiServices) -> EventSpan:
        """What is asked of the store. Raises `ApiError` (422) for a bad parameter."""
        since = services.clock() - timedelta(seconds=parse_time_range(self.time_range))
        return EventSpan(since, self.limit, decode_cursor(self.cursor, ByTime))


class OrchestratorEventsQuery(EventsQuery):
    """Which events of an orchestrator."""

    kind: OrchestratorEvents = Field(
        default=OrchestratorEvents.SCHEDULING_DECISION, description="Which kind of events."
    )


@router.get("/orchestrators/{orchestrator_id}", response_model=OrchestratorFrame)
async def get_orchestrator(request: Request, services: Services, orchestrator_id: UUID) -> Response:
    """All that is known of one orchestrator, each section with its own freshness."""
    latest = await services.reads.latest(orchestrator_id, queues=True)
    if latest is None:
        raise not_found("orchestrator", orchestrator_id)
    return conditional(request, orchestrator_frame(latest, services.clock()))


@router.get("/orchestrators/{orchestrator_id}/coordination", response_model=CoordinationFrame)
async def get_coordination(request: Request, services: Services, orchestrator_id: UUID) -> Response:
    """How the parts of the orchestrator agree, as it was last reported."""
    record = await services.records.coordination(orchestrator_id)
    if record is None:
        await require_orchestrator(services, orchestrator_id)
    return conditional(request, coordination_frame(orchestrator_id, record, services.clock()))


@router.get("/orchestrators/{orchestrator_id}/load-balancing", response_model=LoadBalancingList)
async def get_load_balancing(
    request: Request, services: Services, orchestrator_id: UUID
) -> Response:
    """How evenly work lies on the workers, pool by pool, as it was last reported."""
    records = await services.records.load_balancing(orchestrator_id)
    if not records:
        await require_orchestrator(services, orchestrator_id)
    now = services.clock()
    items = [load_balancing_item(record, now) for record in records]
    return conditional(request, LoadBalancingList(items=items))


@router.get("/orchestrators/{orchestrator_id}/events", response_model=EventList)
async def get_orchestrator_events(
    request: Request,
    services: Services,
    orchestrator_id: UUID,
    query: Annotated[OrchestratorEventsQuery, Query()],
) -> Response:
    """Scheduling decisions or coordination events, the newest first."""
    page = await _events(services, orchestrator_id, query.kind, query.span(services))
    if not page.items:
        await require_orchestrator(services, orchestrator_id)
    body = EventList(items=page.items, next_cursor=encode_cursor(page.next_before))
    return conditional(request, body)


@router.get(
    "/orchestrators/{orchestrator_id}/events/export",
    response_class=StreamingResponse,
    responses=PROBLEMS | FILES,
)
async def export_orchestrator_events(
    services: Services, orchestrator_id: UUID, query: Annotated[ExportQuery, Query()]
) -> StreamingResponse:
    """All of them as a file, the newest first; it is written while they are read."""
    since = services.clock() - timedelta(seconds=parse_time_range(query.time_range))

    async def read(before: Before | None) -> EventPage:
        span = EventSpan(since, EXPORTED_AT_ONCE, before)
        return await _events(services, orchestrator_id, query.kind, span)

    first = await read(None)
    if not first.items:
        await require_orchestrator(services, orchestrator_id)
    columns = [str(each.alias) for each in RECORDS[query.kind].model_fields.values()]
    name = f"{query.kind}s-{orchestrator_id}.{query.format}"
    return StreamingResponse(
        lines(first, read, columns, query.format),
        media_type=MEDIA_TYPES[query.format],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


async def _events(
    services: ApiServices, orchestrator_id: UUID, kind: OrchestratorEvents, span: EventSpan
) -> EventPage:
    if kind is OrchestratorEvents.SCHEDULING_DECISION:
        return await services.records.scheduling_decisions(orchestrator_id, span)
    return await services.records.coordination_events(orchestrator_id, span)


@router.get("/worker-pools/{pool_id}/scaling-events", response_model=ScalingEventList)
async def get_scaling_events(
    request: Request,
    services: Services,
    pool_id: UUID,
    query: Annotated[EventsQuery, Query()],
) -> Response:
    """What happened to the size of the pool, the newest first."""
    page = await services.records.scaling_events(pool_id, query.span(services))
    if not page.items and await services.reads.pool(pool_id) is None:
        raise not_found("worker_pool", pool_id)
    body = ScalingEventList(items=page.items, next_cursor=encode_cursor(page.next_before))
    return conditional(request, body)
