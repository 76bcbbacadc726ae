"""Load balancing: how evenly work lies."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.models import BalanceList
from api.present import balance_item
from api.responses import PROBLEMS, conditional
from api.routes import PREFIX
from api.services import Services, require_orchestrator

__all__ = ["router"]

router = APIRouter(prefix=f"{PREFIX}/load-balancing", tags=["load balancing"], responses=PROBLEMS)


@router.get("/analysis", response_model=BalanceList)
async def analyze_load_balancing(
    request: Request, services: Services, orchestrator_id: UUID
) -> Response:
    """How even the loads of each pool are, who has far too much or too little, and what to do."""
    records = await services.records.load_balancing(orchestrator_id)
    if not records:
        await require_orchestrator(services, orchestrator_id)
    now = services.clock()
    return conditional(request, BalanceList(items=[balance_item(each, now) for each in records]))
