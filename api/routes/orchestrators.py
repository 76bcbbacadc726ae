"""Orchestrators: the list, and health, capacity, scheduling of one, and why its work waits."""

import asyncio
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from analytics.capacity_findings import CapacityForecast
from analytics.forecasting.names import ModelName, ModelNotInstalledError
from analytics.scheduling.findings import SchedulingOptimization
from analytics.waiting.chain import waiting_causes
from analytics.waiting.findings import WaitingCauses
from api.analyses import HISTORY_H, LONGEST_WINDOW_H, forecast_of, scheduling_optimization_of
from api.bodies import Work
from api.fleet import fleet_around
from api.models import CapacityFrame, HealthFrame, OrchestratorList, SchedulingFrame
from api.paging import ByTriple, PageQuery, decode_cursor, encode_cursor
from api.present import capacity_frame, health_frame, orchestrator_item, scheduling_frame
from api.problems import bad_parameter, not_found
from api.responses import PROBLEMS, conditional
from api.routes import PREFIX
from api.services import ApiServices, Services, require_orchestrator
from api.time_range import MONTH_DAYS, SeriesQuery, parse_time_range, time_range_field
from store.rows import Latest

__all__ = ["router"]

router = APIRouter(prefix=f"{PREFIX}/orchestrators", tags=["orchestrators"], responses=PROBLEMS)


class OptimizeQuery(BaseModel):
    """Over what."""

    model_config = ConfigDict(extra="forbid")

    time_range: str = time_range_field("14d", MONTH_DAYS, ", as far as records are kept")


@router.get("", response_model=OrchestratorList)
async def list_orchestrators(
    request: Request, services: Services, query: Annotated[PageQuery, Query()]
) -> Response:
    """All orchestrators by type, cluster and instance, with the numbers of their newest record."""
    now = services.clock()
    found = await services.reads.orchestrators(query.limit, decode_cursor(query.cursor, ByTriple))
    items = [orchestrator_item(latest, now) for latest in found.items]
    body = OrchestratorList(items=items, next_cursor=encode_cursor(found.next_after))
    return conditional(request, body)


@router.get("/{orchestrator_id}/health", response_model=HealthFrame)
async def get_orchestrator_health(
    request: Request, services: Services, orchestrator_id: UUID
) -> Response:
    """Health as the newest record has it, and what explains its score."""
    latest = await _latest(services, orchestrator_id, queues=True)
    return conditional(request, health_frame(latest, services.clock()))


@router.get("/{orchestrator_id}/capacity", response_model=CapacityFrame)
async def get_orchestrator_capacity(
    request: Request,
    services: Services,
    orchestrator_id: UUID,
    query: Annotated[SeriesQuery, Query()],
) -> Response:
    """Slots and the work that uses or wants them, now and over the range."""
    latest = await _latest(services, orchestrator_id)
    now = services.clock()
    series = await services.reads.capacity_series(orchestrator_id, query.range(now))
    return conditional(request, capacity_frame(latest, series, now))


@router.get("/{orchestrator_id}/scheduling", response_model=SchedulingFrame)
async def get_scheduling_performance(
    request: Request,
    services: Services,
    orchestrator_id: UUID,
    query: Annotated[SeriesQuery, Query()],
) -> Response:
    """How long work waits for a place, now and over the range."""
    latest = await _latest(services, orchestrator_id)
    now = services.clock()
    series = await services.reads.scheduling_series(orchestrator_id, query.range(now))
    return conditional(request, scheduling_frame(latest, series, now))


@router.post("/{orchestrator_id}/predict-capacity", response_model=CapacityForecast)
async def predict_capacity_requirements(
    request: Request,
    services: Services,
    orchestrator_id: UUID,
    forecast_window: Annotated[
        int, Query(ge=1, le=LONGEST_WINDOW_H, description="Hours to look ahead.")
    ] = 24,
    model: Annotated[
        ModelName, Query(description="What forecasts, where it beats both naive ones on the past.")
    ] = ModelName.ENSEMBLE,
) -> Response:
    """What will be demanded in each hour ahead, and the capacity that it takes.

    It is learnt from the hours of the last eight weeks, each time anew; a history that is too
    short, or has too many gaps, gives the reason instead of numbers. Nothing is changed.
    """
    await require_orchestrator(services, orchestrator_id)
    now = services.clock()
    demand = await services.reads.demand_by_hour(orchestrator_id, HISTORY_H, now)
    try:
        forecast = await asyncio.to_thread(forecast_of, demand, forecast_window, model)
    except ModelNotInstalledError as error:
        raise bad_parameter("model", str(error)) from error
    return conditional(request, forecast)


@router.post("/{orchestrator_id}/optimize-scheduling", response_model=SchedulingOptimization)
async def optimize_scheduling_algorithm(
    request: Request,
    services: Services,
    orchestrator_id: UUID,
    query: Annotated[OptimizeQuery, Query()],
    body: Work | None = None,
) -> Response:
    """The scheduling algorithm under which work waits less, if what was measured carries that.

    Latencies are compared in the same hours, or hours of the week; otherwise there is
    insufficient evidence and the current one is kept. The body's work is simulated beside, which
    recommends nothing. Nothing is changed.
    """
    seconds = parse_time_range(query.time_range, MONTH_DAYS)
    latest = await _latest(services, orchestrator_id)
    since = services.clock() - timedelta(seconds=seconds)
    hours = await services.reads.algorithm_hours(orchestrator_id, since)
    scheduling = latest.record.scheduling
    current = scheduling.scheduling_algorithm if scheduling else None
    found = await asyncio.to_thread(scheduling_optimization_of, current, hours, body)
    return conditional(request, found)


@router.get("/{orchestrator_id}/waiting-causes", response_model=WaitingCauses)
async def get_waiting_causes(
    request: Request, services: Services, orchestrator_id: UUID
) -> Response:
    """Why work waits, queue by queue: a chain over limits, workers and pods to nodes.

    It goes through the newest records of this orchestrator and of the Kubernetes clusters that
    its workers run on, each as far as it is known.
    """
    fleet = await fleet_around(services, orchestrator_id)
    return conditional(request, waiting_causes(fleet, orchestrator_id))


async def _latest(services: ApiServices, orchestrator_id: UUID, *, queues: bool = False) -> Latest:
    latest = await services.reads.latest(orchestrator_id, queues=queues)
    if latest is None:
        raise not_found("orchestrator", orchestrator_id)
    return latest
