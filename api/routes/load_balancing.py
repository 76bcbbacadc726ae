"""Load balancing: how evenly work lies, and which algorithm would spread it better."""

import asyncio
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.analyses import balancing_choice_of
from api.bodies import Characteristics
from api.models import BalanceChoiceList, BalanceList
from api.present import balance_choice, balance_item
from api.problems import bad_parameter, not_found
from api.responses import PROBLEMS, conditional
from api.routes import PREFIX
from api.services import ApiServices, Services, require_orchestrator
from contracts.load_balancing import LoadBalancingMetrics

__all__ = ["router"]

router = APIRouter(prefix=f"{PREFIX}/load-balancing", tags=["load balancing"], responses=PROBLEMS)

MOST_POOLS = 8


class OptimizeQuery(BaseModel):
    """Whose work is spread."""

    model_config = ConfigDict(extra="forbid")

    orchestrator_id: UUID
    pool_id: UUID | None = Field(default=None, description="Only this pool.")


@router.get("/analysis", response_model=BalanceList)
async def analyze_load_balancing(
    request: Request, services: Services, orchestrator_id: UUID
) -> Response:
    """How even the loads of each pool are, who has far too much or too little, and what to do."""
    records = await _records(services, orchestrator_id)
    now = services.clock()
    return conditional(request, BalanceList(items=[balance_item(each, now) for each in records]))


@router.post("/optimize", response_model=BalanceChoiceList)
async def optimize_load_balancing(
    request: Request,
    services: Services,
    query: Annotated[OptimizeQuery, Query()],
    body: Characteristics,
) -> Response:
    """The algorithm under which jobs wait the least, for each pool, by simulation.

    The current one is kept unless another is surely better. An orchestrator of more than eight
    pools is asked about one at a time. Nothing is changed.
    """
    records = await _records(services, query.orchestrator_id)
    chosen = [each for each in records if query.pool_id in {None, each.pool_id}]
    if query.pool_id is not None and not chosen:
        raise not_found("worker_pool", query.pool_id)
    if len(chosen) > MOST_POOLS:
        raise bad_parameter("pool_id", f"there are {len(chosen)} pools: say which")
    now, items = services.clock(), []
    for record in chosen:
        row = None if record.pool_id is None else await services.reads.pool(record.pool_id)
        pool = row.pool if row else None
        choice = await asyncio.to_thread(balancing_choice_of, record, pool, body)
        items.append(balance_choice(record, choice, now))
    return conditional(request, BalanceChoiceList(items=items))


async def _records(services: ApiServices, orchestrator_id: UUID) -> Sequence[LoadBalancingMetrics]:
    records = await services.records.load_balancing(orchestrator_id)
    if not records:
        await require_orchestrator(services, orchestrator_id)
    return records
