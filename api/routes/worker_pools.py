"""Worker pools: the list, one, its workers, what it needs, what could be better, other policies."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from analytics.forecasting.names import ModelName, ModelNotInstalledError
from analytics.pool_optimization.findings import PoolOptimization
from analytics.replay_findings import WhatIf
from analytics.scaling_findings import ScalingNeeds
from analytics.scaling_plan import ScalingGoal
from api.analyses import anomalies_of, pool_optimization_of, scaling_needs_of, what_if_of
from api.models import WorkerAnomalies, WorkerList, WorkerPoolItem, WorkerPoolList
from api.paging import (
    ByName,
    ByOwner,
    OwnedPageQuery,
    PageQuery,
    decode_cursor,
    encode_cursor,
)
from api.present import worker_anomalies, worker_item, worker_pool_item
from api.problems import bad_parameter, not_found
from api.responses import PROBLEMS, conditional
from api.routes import PREFIX
from api.services import ApiServices, Services, require_orchestrator
from api.time_range import MONTH_DAYS, parse_time_range, time_range_field
from contracts.worker_pool import WorkerPoolMetrics, WorkerStatus
from store.rows import PoolRow

__all__ = ["router"]

router = APIRouter(prefix=f"{PREFIX}/worker-pools", tags=["worker pools"], responses=PROBLEMS)


class WorkersQuery(PageQuery):
    """Which workers of a pool."""

    status: WorkerStatus | None = Field(default=None, description="Only workers of this status.")


class WhatIfBody(BaseModel):
    """Which policies to replay, and over what."""

    model_config = ConfigDict(extra="forbid", strict=True)

    policies: list[dict[str, Any]] = Field(
        default=[{"kind": "spec"}, {"kind": "default"}],
        min_length=1,
        max_length=8,
        description="Settings of each: `kind` is spec, hpa, keda or default.",
    )
    time_range: str = time_range_field("14d", MONTH_DAYS, ", as far as minutes are kept")
    delay_s: float = Field(
        default=300, gt=0, le=86_400, description="Seconds from an order to a ready worker."
    )


class OptimizeQuery(BaseModel):
    """Over what, and how fast workers come."""

    model_config = ConfigDict(extra="forbid")

    time_range: str = time_range_field("14d", MONTH_DAYS, ", as far as minutes are kept")
    delay_s: float = Field(
        default=300, gt=0, le=86_400, description="Seconds from an order to a ready worker."
    )


MOST_WORKERS = 20_000


@router.get("", response_model=WorkerPoolList)
async def list_worker_pools(
    request: Request, services: Services, query: Annotated[OwnedPageQuery, Query()]
) -> Response:
    """Worker pools by orchestrator and name, on demand those of one orchestrator."""
    now = services.clock()
    after = decode_cursor(query.cursor, ByOwner)
    found = await services.reads.pools(query.orchestrator_id, query.limit, after)
    if not found.items and query.orchestrator_id is not None:
        await require_orchestrator(services, query.orchestrator_id)
    items = [worker_pool_item(row, now) for row in found.items]
    return conditional(
        request, WorkerPoolList(items=items, next_cursor=encode_cursor(found.next_after))
    )


@router.get("/{pool_id}", response_model=WorkerPoolItem)
async def get_worker_pool(request: Request, services: Services, pool_id: UUID) -> Response:
    """One worker pool."""
    row = await _pool(services, pool_id)
    return conditional(request, worker_pool_item(row, services.clock()))


@router.get("/{pool_id}/workers", response_model=WorkerList)
async def get_pool_workers(
    request: Request,
    services: Services,
    pool_id: UUID,
    query: Annotated[WorkersQuery, Query()],
) -> Response:
    """Workers of a pool by their own id, on demand those of one status."""
    now = services.clock()
    after = decode_cursor(query.cursor, ByName)
    found = await services.reads.workers(pool_id, query.status, query.limit, after)
    if not found.items:
        await _pool(services, pool_id)
    items = [worker_item(pool_id, row, now) for row in found.items]
    return conditional(
        request, WorkerList(items=items, next_cursor=encode_cursor(found.next_after))
    )


@router.post("/{pool_id}/what-if", response_model=WhatIf)
async def replay_scaling_policies(
    request: Request, services: Services, pool_id: UUID, body: WhatIfBody
) -> Response:
    """What scaling policies would have done for a pool, replayed over its own history.

    Nothing is changed.
    """
    seconds = parse_time_range(body.time_range, MONTH_DAYS)
    row = await _pool(services, pool_id)
    minutes = max(1, seconds // 60)
    history = await services.reads.pool_by_minute(
        row.pool.orchestrator_id, pool_id, minutes, services.clock()
    )
    found = await asyncio.to_thread(what_if_of, history, body.policies, body.delay_s)
    return conditional(request, found)


@router.post("/{pool_id}/optimize", response_model=PoolOptimization)
async def optimize_worker_pool(
    request: Request,
    services: Services,
    pool_id: UUID,
    query: Annotated[OptimizeQuery, Query()],
) -> Response:
    """Size, resources, scaling policy, placement and health checks of a pool, as measured.

    It is a recommendation by the pool's own minutes and by one look at its workers; what is
    unknown has a reason in its place. Nothing is changed.
    """
    seconds = parse_time_range(query.time_range, MONTH_DAYS)
    row = await _pool(services, pool_id)
    pool = await _with_workers(services, row)
    history = await services.reads.pool_by_minute(
        pool.orchestrator_id, pool_id, max(1, seconds // 60), services.clock()
    )
    found = await asyncio.to_thread(pool_optimization_of, pool, history, query.delay_s)
    return conditional(request, found)


@router.get("/{pool_id}/anomalies", response_model=WorkerAnomalies)
async def detect_worker_anomalies(request: Request, services: Services, pool_id: UUID) -> Response:
    """Workers that behave unlike their peers now, the oddest first.

    By one look at all workers: it takes five that tell the same of themselves, and confidence is
    low, for what a worker did before is not kept. Who cannot be judged is told with the reason.
    """
    row = await _pool(services, pool_id)
    pool = await _with_workers(services, row)
    found = await asyncio.to_thread(anomalies_of, pool)
    return conditional(request, worker_anomalies(row, found, services.clock()))


async def _with_workers(services: ApiServices, row: PoolRow) -> WorkerPoolMetrics:
    """The pool's record with its workers; null where they are not known, or too many."""
    found = await services.reads.workers(row.pool.pool_id, None, MOST_WORKERS)
    known = found.next_after is None and (found.items or row.pool.total_workers == 0)
    listed = tuple(each.at(services.clock()) for each in found.items) if known else None
    return row.pool.model_copy(update={"workers": listed})


class ScalingNeedsQuery(BaseModel):
    """What the size of a pool is chosen for."""

    model_config = ConfigDict(extra="forbid")

    target_wait_s: float = Field(
        default=300, gt=0, le=86_400, description="Seconds that work may wait on average."
    )
    provisioning_s: float = Field(
        default=300, ge=0, le=3_600, description="Seconds from an order to a ready worker."
    )
    shortage_cost: float = Field(
        default=9,
        gt=0,
        le=1e6,
        description="What a missing worker costs, in what one too many costs in the same time.",
    )
    worker_hour_price: float | None = Field(
        default=None, ge=0, le=1e9, description="Of a worker's hour; unset: costs are unknown."
    )
    model: ModelName = Field(default=ModelName.ENSEMBLE, description="What forecasts arrivals.")


LEARNT_STEPS, STEP_S = 21 * 288, 300


@router.post("/{pool_id}/predict-scaling-needs", response_model=ScalingNeeds)
async def predict_scaling_needs(
    request: Request,
    services: Services,
    pool_id: UUID,
    query: Annotated[ScalingNeedsQuery, Query()],
) -> Response:
    """The workers that keep the wait of a pool's work at the target for the next hour.

    Learnt from the last three weeks, as far as they are stored by the minute; what is not known
    gives the reason instead of numbers. Nothing is changed.
    """
    row = await _pool(services, pool_id)
    work = await services.reads.pool_work(row, LEARNT_STEPS, STEP_S, services.clock())
    goal = ScalingGoal(
        target_wait_s=query.target_wait_s,
        provisioning_s=query.provisioning_s,
        shortage_cost=query.shortage_cost,
    )
    price, model = query.worker_hour_price, query.model
    try:
        found = await asyncio.to_thread(scaling_needs_of, work, goal, price, model)
    except ModelNotInstalledError as error:
        raise bad_parameter("model", str(error)) from error
    return conditional(request, found)


async def _pool(services: ApiServices, pool_id: UUID) -> PoolRow:
    row = await services.reads.pool(pool_id)
    if row is None:
        raise not_found("worker_pool", pool_id)
    return row
