"""Coordination: what went wrong among the parts of an orchestrator."""

import asyncio
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.analyses import issues_of
from api.models import CoordinationIssueList
from api.responses import PROBLEMS, conditional
from api.routes import PREFIX
from api.services import Services, require_orchestrator
from api.time_range import parse_time_range, time_range_field
from store.records import EventSpan

__all__ = ["router"]

router = APIRouter(prefix=f"{PREFIX}/orchestrators", tags=["coordination"], responses=PROBLEMS)

MOST_EVENTS = 20_000


class IssuesQuery(BaseModel):
    """Over what, and how far the clocks may be apart."""

    model_config = ConfigDict(extra="forbid")

    time_range: str = time_range_field("24h")
    max_clock_skew_s: float = Field(
        default=1.0, ge=0, le=3_600, description="How far the clocks of the parts may be apart."
    )


@router.get("/{orchestrator_id}/coordination/issues", response_model=CoordinationIssueList)
async def detect_coordination_issues(
    request: Request,
    services: Services,
    orchestrator_id: UUID,
    query: Annotated[IssuesQuery, Query()],
) -> Response:
    """Split brains, deadlocks, contended locks, storms of elections or restarts, slow consensus.

    Found in the events that the orchestrator's agent published; of more than 20,000 in the range
    the newest are looked at, and `truncated` says so.
    """
    since = services.clock() - timedelta(seconds=parse_time_range(query.time_range))
    page = await services.records.coordination_events(
        orchestrator_id, EventSpan(since, MOST_EVENTS)
    )
    if not page.items:
        await require_orchestrator(services, orchestrator_id)
    issues = await asyncio.to_thread(issues_of, page.items, query.max_clock_skew_s)
    body = CoordinationIssueList(
        items=list(issues), events=len(page.items), truncated=page.next_before is not None
    )
    return conditional(request, body)
