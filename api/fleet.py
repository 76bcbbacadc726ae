"""The records that a chain of causes may lead through: one orchestrator, and what it may run on."""

from datetime import datetime
from uuid import UUID

from analytics.waiting.fleet import Fleet, Watched
from api.present import whole_reason
from api.problems import not_found
from api.services import ApiServices
from contracts.orchestrator import OrchestratorType
from store.freshness import SectionState
from store.whole import Whole

__all__ = ["fleet_around"]

MOST_CLUSTERS = 20
MOST_WORKERS = 20_000


async def fleet_around(services: ApiServices, orchestrator_id: UUID) -> Fleet:
    """It and the first 20 Kubernetes clusters by name, each with at most 20,000 workers.

    Raises `ApiError` (404) where there is no such orchestrator.
    """
    reads, now = services.reads, services.clock()
    own = await reads.whole(orchestrator_id, MOST_WORKERS)
    if own is None:
        raise not_found("orchestrator", orchestrator_id)
    found = [own]
    for cluster in await reads.of_type(OrchestratorType.KUBERNETES, MOST_CLUSTERS):
        if cluster != orchestrator_id:
            whole = await reads.whole(cluster, MOST_WORKERS)
            found += [] if whole is None else [whole]
    return Fleet([_watched(each, now) for each in found])


def _watched(whole: Whole, now: datetime) -> Watched:
    """As it was published last. Pools that are not reported any more while others are, are gone."""
    state = whole.latest.whole().state(now)
    current = state is SectionState.OK
    pools = [
        row.pool for row in whole.pools if not current or row.seen.state(now) is SectionState.OK
    ]
    return Watched(whole.latest.record, pools, whole_reason(whole.latest, state))
