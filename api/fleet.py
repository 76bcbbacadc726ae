"""The records that a chain of causes may lead through: one orchestrator, and what it runs on."""

from datetime import datetime
from uuid import UUID

from analytics.waiting.details import ArgoDetails, details_of
from analytics.waiting.fleet import Fleet, Watched, hosts_of
from api.present import whole_reason
from api.problems import not_found
from api.services import ApiServices
from contracts.orchestrator import OrchestratorType
from store.freshness import SectionState
from store.whole import Whole

__all__ = ["fleet_around"]

MOST_CLUSTERS = 5
MOST_WORKERS = 20_000


async def fleet_around(services: ApiServices, orchestrator_id: UUID) -> Fleet:
    """It, and the Kubernetes clusters that its workers are pods of, or that it is in.

    Raises `ApiError` (404) where there is no such orchestrator.
    """
    reads, now = services.reads, services.clock()
    whole = await reads.whole(orchestrator_id, MOST_WORKERS)
    if whole is None:
        raise not_found("orchestrator", orchestrator_id)
    own = _watched(whole, now)
    hosts = hosts_of([worker for pool in own.pools for worker in pool.workers or ()])
    argo = details_of(ArgoDetails, own.record.metadata, OrchestratorType.ARGO)
    found = [own]
    for cluster in await reads.clusters_with(hosts, argo.cluster_id, MOST_CLUSTERS):
        below = None if cluster == own.id else await reads.whole(cluster, MOST_WORKERS)
        found += [] if below is None else [_watched(below, now)]
    return Fleet(found, elsewhere=await reads.watches(OrchestratorType.KUBERNETES))


def _watched(whole: Whole, now: datetime) -> Watched:
    """As it was published last. Pools that are not reported any more while others are, are gone."""
    state = whole.latest.whole().state(now)
    current = state is SectionState.OK
    pools = [
        row.pool for row in whole.pools if not current or row.seen.state(now) is SectionState.OK
    ]
    return Watched(whole.latest.published(), pools, whole_reason(whole.latest, state))
