"""Prefect: runs wait for a pause, a pool, a limit or a worker."""

from analytics.waiting.details import PrefectDetails, PrefectPool, details_of
from analytics.waiting.findings import Layer
from analytics.waiting.fleet import Fleet, Watched
from analytics.waiting.parts import Part, count, link
from analytics.waiting.workers import for_workers
from contracts.orchestrator import OrchestratorType, QueueInfo

__all__ = ["prefect"]


def prefect(fleet: Fleet, own: Watched, queue: QueueInfo) -> Part:
    """A pause, a full pool, a full limit; else the workers of the pool."""
    kind = OrchestratorType.PREFECT
    told = details_of(PrefectDetails, own.record.metadata, kind)
    name = queue.name.rpartition("/")[0]
    pool = own.pool(name)
    if pool is None:
        return Part(unknown=f"the work pool of the queue {queue.name}")
    if details_of(PrefectPool, pool.metadata, kind).paused:
        return Part((link(own, (Layer.LIMIT, name), f"the work pool {name} is paused"),))
    used, total = pool.resource_usage.used_slots, pool.resource_usage.total_slots
    if used is not None and total is not None and used >= total:
        clause = f"the {count(total, 'slot')} of the work pool {name} are taken"
        measured = {"used_slots": used, "total_slots": total}
        return Part((link(own, (Layer.LIMIT, name), clause, measured),))
    # From here on what is known is of the runs of all queues together.
    causes = {each: number for each, number in (told.waiting_by_cause or {}).items() if number}
    worst = max(causes, key=lambda each: (causes[each], each), default=None)
    several = Part(loose=len(causes) > 1)
    if worst == "limit":
        return several.then(_limits(own, told, causes[worst]))
    if worst == "paused":
        clause = f"queues are paused in which {count(causes[worst], 'run')} wait"
        measured = {"paused_runs": causes[worst]}
        return several.then(Part((link(own, (Layer.LIMIT, "queues"), clause, measured),)))
    return several.then(for_workers(fleet, own, [pool]))


def _limits(own: Watched, told: PrefectDetails, waiting: int) -> Part:
    full = {
        name: each
        for name, each in sorted(told.limits.items())
        if each.limit is not None and each.used is not None and each.used >= each.limit
    }
    links = tuple(
        link(
            own,
            (Layer.LIMIT, name),
            f"the {count(each.limit or 0, 'slot')} of the limit {name} are taken",
            {"used_slots": each.used, "total_slots": each.limit, "runs_at_limits": waiting},
        )
        for name, each in full.items()
    )
    return Part(links, None if links else "which limit they wait for", loose=len(links) > 1)
