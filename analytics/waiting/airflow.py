"""Airflow: tasks wait for slots of a pool, and then for a worker."""

from analytics.waiting.details import AirflowDetails, AirflowPool, details_of
from analytics.waiting.findings import Layer
from analytics.waiting.fleet import Fleet, Watched
from analytics.waiting.parts import Part, link
from analytics.waiting.workers import for_workers
from contracts.orchestrator import OrchestratorType, QueueInfo
from contracts.worker_pool import WorkerPoolMetrics

__all__ = ["POOL", "airflow"]

POOL = "pool:"
"""How the queues begin that stand for pools of slots."""


def airflow(fleet: Fleet, own: Watched, queue: QueueInfo) -> Part:
    """Why tasks of a queue, or of a pool, wait."""
    pools = details_of(AirflowDetails, own.record.metadata, OrchestratorType.AIRFLOW).pools
    name = queue.name.removeprefix(POOL)
    if queue.name.startswith(POOL):
        pool = pools.get(name)
        return _pool(fleet, own, name, pool) if pool else Part(unknown=f"the slots of {name}")
    full = {each: pool for each, pool in pools.items() if _full(pool)}
    if not full:
        return for_workers(fleet, own, _workers(own, name))
    worst = max(full, key=lambda each: (full[each].scheduled, each))
    # Which of the queue's tasks are in that pool is not told.
    return Part(loose=True).then(_pool(fleet, own, worst, full[worst]))


def _full(pool: AirflowPool) -> bool:
    return 0 <= pool.slots <= pool.occupied and pool.scheduled > 0


def _pool(fleet: Fleet, own: Watched, name: str, pool: AirflowPool) -> Part:
    measured = {
        "slots": pool.slots,
        "occupied_slots": pool.occupied,
        "queued_slots": pool.queued,
        "scheduled_slots": pool.scheduled,
    }
    if pool.slots == 0:
        clause = f"the pool {name} has no slots"
        return Part((link(own, (Layer.LIMIT, name), clause, measured),))
    if _full(pool):
        holders = (
            f", {pool.queued} of them by tasks that have not begun"
            if pool.queued
            else " by tasks that have begun"
        )
        clause = f"{_all(pool.slots)} of the pool {name} {_is(pool.slots)} taken{holders}"
        limit = Part((link(own, (Layer.LIMIT, name), clause, measured),))
        return limit.then(for_workers(fleet, own, _workers(own, name))) if pool.queued else limit
    if pool.queued:
        return for_workers(fleet, own, _workers(own, name))
    return _parallelism(own, name)


def _parallelism(own: Watched, name: str) -> Part:
    capacity = own.record.capacity
    used, total = (capacity.used_slots, capacity.total_slots) if capacity else (None, None)
    if used is not None and total is not None and 0 < total <= used:
        clause = f"{_all(total)} of the executor {_is(total)} taken"
        measured = {"used_slots": used, "total_slots": total}
        return Part((link(own, (Layer.LIMIT, "parallelism"), clause, measured),))
    return Part(unknown=f"why the scheduler leaves the free slots of the pool {name}")


def _workers(own: Watched, name: str) -> list[WorkerPoolMetrics]:
    """Those of the queue; a pool's tasks may go to any queue."""
    mine = own.pool(name)
    if mine is not None:
        return [mine]
    return [each for each in own.pools if each.worker_type != "triggerer"]


def _all(slots: int) -> str:
    return "the only slot" if slots == 1 else f"all {slots} slots"


def _is(slots: int) -> str:
    return "is" if slots == 1 else "are"
