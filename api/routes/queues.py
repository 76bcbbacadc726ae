"""Queues: the list, one over time, how it does, why and how long its items wait, its settings."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from analytics.queue_analysis.plans import QueueOptimization
from analytics.waiting.chain import waiting_causes
from analytics.waiting.findings import WaitingCauses
from api.analyses import attempts_of, queue_analysis_of, queue_optimization_of
from api.bodies import QueueOptimizeBody
from api.fleet import fleet_around
from api.models import QueueAnalysis, QueueFrame, QueueList
from api.paging import ByOwner, OwnedPageQuery, decode_cursor, encode_cursor
from api.present import queue_analysis, queue_frame, queue_item
from api.problems import not_found
from api.responses import PROBLEMS, conditional
from api.routes import PREFIX
from api.services import Services, require_orchestrator
from api.time_range import SeriesQuery

__all__ = ["router"]

router = APIRouter(prefix=f"{PREFIX}/queues", tags=["queues"], responses=PROBLEMS)

WEEK_MINUTES = 7 * 24 * 60


@router.get("", response_model=QueueList)
async def list_queues(
    request: Request, services: Services, query: Annotated[OwnedPageQuery, Query()]
) -> Response:
    """Queues by orchestrator and name, on demand those of one orchestrator."""
    now = services.clock()
    after = decode_cursor(query.cursor, ByOwner)
    found = await services.reads.queues(query.orchestrator_id, query.limit, after)
    if not found.items and query.orchestrator_id is not None:
        await require_orchestrator(services, query.orchestrator_id)
    items = [queue_item(row, now) for row in found.items]
    return conditional(request, QueueList(items=items, next_cursor=encode_cursor(found.next_after)))


@router.get("/{queue_id}/metrics", response_model=QueueFrame)
async def get_queue_metrics(
    request: Request,
    services: Services,
    queue_id: UUID,
    query: Annotated[SeriesQuery, Query()],
) -> Response:
    """One queue, now and over the range."""
    row = await services.reads.queue(queue_id)
    if row is None:
        raise not_found("queue", queue_id)
    now = services.clock()
    series = await services.reads.queue_series(row.orchestrator_id, queue_id, query.range(now))
    return conditional(request, queue_frame(row, series, now))


@router.get("/{queue_id}/analysis", response_model=QueueAnalysis)
async def analyze_queue(
    request: Request,
    services: Services,
    queue_id: UUID,
    ahead: Annotated[
        int | None,
        Query(ge=0, description="Items taken before the one asked about; unset: all but the last."),
    ] = None,
) -> Response:
    """How one queue does, and when an item that waits is taken, from its last week's minutes.

    Estimates come with a range and how often such ranges held on the queue's own past; where
    that does not carry one, with the reason.
    """
    row = await services.reads.queue(queue_id)
    if row is None:
        raise not_found("queue", queue_id)
    now = services.clock()
    history = await services.reads.queue_by_minute(row.orchestrator_id, queue_id, WEEK_MINUTES, now)
    found = await asyncio.to_thread(queue_analysis_of, row, history, ahead)
    return conditional(request, queue_analysis(row, found, now))


@router.get("/{queue_id}/waiting-causes", response_model=WaitingCauses)
async def get_waiting_causes_of_queue(
    request: Request, services: Services, queue_id: UUID
) -> Response:
    """Why what waits in one queue waits: a chain over limits, workers and pods to nodes."""
    row = await services.reads.queue(queue_id)
    if row is None:
        raise not_found("queue", queue_id)
    fleet = await fleet_around(services, row.orchestrator_id)
    return conditional(request, waiting_causes(fleet, row.orchestrator_id, queue_id))


@router.post("/{queue_id}/optimize", response_model=QueueOptimization)
async def optimize_queue(
    request: Request, services: Services, queue_id: UUID, body: QueueOptimizeBody | None = None
) -> Response:
    """Batch size, consumers and retry policy that reach a mean wait and drain a backlog.

    By the queue's minutes of the last week; what is fine or unknown is kept, and why. Batches are
    not recorded, so a batch size is never recommended here. Nothing is changed.
    """
    row = await services.reads.queue(queue_id)
    if row is None:
        raise not_found("queue", queue_id)
    now, asked = services.clock(), body or QueueOptimizeBody()
    history = await services.reads.queue_by_minute(row.orchestrator_id, queue_id, WEEK_MINUTES, now)
    attempts = attempts_of(await services.reads.latest_record(row.orchestrator_id))
    target = (asked.target_wait_s, asked.drain_s)
    found = await asyncio.to_thread(
        queue_optimization_of, row, history, asked.config, target, attempts
    )
    return conditional(request, found)
