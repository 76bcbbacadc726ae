"""The scorecard: how orchestrators did by the specification's success metrics."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from analytics.scorecard import scorecard, together
from api.analyses import period_of
from api.models import ScorecardItem, ScorecardList
from api.paging import ByTriple, PageQuery, decode_cursor, encode_cursor
from api.responses import PROBLEMS, conditional
from api.routes import PREFIX
from api.services import Services
from api.time_range import MONTH_DAYS, parse_time_range, time_range_field

__all__ = ["router"]

router = APIRouter(prefix=f"{PREFIX}/scorecard", tags=["scorecard"], responses=PROBLEMS)


class ScorecardQuery(PageQuery):
    """Over what, and which part of the list."""

    time_range: str = time_range_field("7d", MONTH_DAYS, ", to the full hour")


@router.get("", response_model=ScorecardList)
async def get_scorecard(
    request: Request, services: Services, query: Annotated[ScorecardQuery, Query()]
) -> Response:
    """Each metric with its target, its definition and its ground; unknown is not a miss."""
    seconds = parse_time_range(query.time_range, MONTH_DAYS)
    since = (services.clock() - timedelta(seconds=seconds)).replace(
        minute=0, second=0, microsecond=0
    )
    found = await services.reads.orchestrators(query.limit, decode_cursor(query.cursor, ByTriple))
    ids = [latest.record.orchestrator_id for latest in found.items]
    sums = await services.reads.sums(ids, since)
    periods = {each: period_of(of_it) for each, of_it in sums.items()}
    items = [
        ScorecardItem(
            orchestrator_id=latest.record.orchestrator_id,
            simulated=latest.simulated,
            scorecard=scorecard(periods[latest.record.orchestrator_id]),
        )
        for latest in found.items
    ]
    real = [each.orchestrator_id for each in items if not each.simulated]
    body = ScorecardList(
        since=since,
        items=items,
        together=scorecard(together(periods[each] for each in real)),
        next_cursor=encode_cursor(found.next_after),
    )
    return conditional(request, body)
