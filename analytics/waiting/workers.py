"""From a pool of workers to the pods that they are, and on to nodes."""

from collections.abc import Sequence

from analytics.waiting.details import WorkloadDetails, details_of
from analytics.waiting.findings import Layer
from analytics.waiting.fleet import Fleet, Watched, WorkloadFound, hosts_of
from analytics.waiting.nodes import for_nodes
from analytics.waiting.parts import Part, count, link, some
from contracts.orchestrator import OrchestratorType, QueueInfo
from contracts.worker_pool import WorkerInstance, WorkerPoolMetrics, WorkerStatus

__all__ = ["by_workers", "for_workers"]

GONE = (WorkerStatus.FAILED, WorkerStatus.TERMINATING)


def by_workers(fleet: Fleet, own: Watched, queue: QueueInfo) -> Part:
    """Temporal and others: a task queue has a pool of its name; `/KIND` may follow it."""
    pool = own.pool(queue.name) or own.pool(queue.name.rpartition("/")[0])
    if pool is not None:
        return for_workers(fleet, own, [pool])
    return for_workers(fleet, own, own.pools if len(own.pools) == 1 else [])


def for_workers(fleet: Fleet, own: Watched, pools: Sequence[WorkerPoolMetrics]) -> Part:
    """Why the workers of `pools` do not take more."""
    known = [each for each in pools if each.workers is not None]
    if not known:
        names = ", ".join(each.pool_name for each in pools)
        return Part(unknown=f"the workers of {names}" if names else "which workers take it")
    workers = [worker for pool in known for worker in pool.workers or ()]
    name = ", ".join(each.pool_name for each in known)
    free = _free(workers)
    if free:
        return Part(unknown=f"why {count(free, 'worker')} of {name} with room do not take them")
    first = _state(own, name, workers)
    hosts = hosts_of(workers)
    found = fleet.workload_of(hosts, own.record.cluster_name)
    if isinstance(found, str):
        return first.then(Part(unknown=f"what the workers of {name} run on ({found})"))
    if found.cluster.old is not None:
        old = f"the present of {found.cluster.name} ({found.cluster.old})"
        return first.then(Part(unknown=old))
    # Where some of the workers are pods of something else, that may be short, too.
    return Part(first.links, loose=found.pods < len(hosts)).then(_workload(found))


def _free(workers: Sequence[WorkerInstance]) -> int:
    """How many are known to have room."""
    return sum(
        each.status is WorkerStatus.IDLE
        or (
            each.status is WorkerStatus.ACTIVE
            and each.used_slots is not None
            and each.total_slots is not None
            and each.used_slots < each.total_slots
        )
        for each in workers
    )


def _state(own: Watched, name: str, workers: Sequence[WorkerInstance]) -> Part:
    """What they do, where none is known to have room."""
    alive = [each for each in workers if each.status not in GONE]
    slots = [(each.used_slots, each.total_slots) for each in alive]
    told = [(used, total) for used, total in slots if used is not None and total is not None]
    used, total = sum(each[0] for each in told), sum(each[1] for each in told)
    whole = bool(alive) and len(told) == len(alive)
    busy = sum(each.status is WorkerStatus.BUSY for each in alive)
    if not alive:
        clause = f"no worker of {name} is alive"
    elif busy == len(alive) or whole:
        slots_told = f" ({used} of {total} slots)" if whole else ""
        clause = f"{_all_of(name, len(alive))} full{slots_told}"
    else:
        clause = f"the {count(len(alive), 'worker')} seen in {name} did not begin them"
    part = link(
        own,
        (Layer.WORKERS, name),
        clause,
        {
            "workers_alive": len(alive),
            "workers_gone": len(workers) - len(alive),
            "workers_full": busy,
            "used_slots": used if whole else None,
            "total_slots": total if whole else None,
        },
    )
    return Part((part,))


def _all_of(name: str, number: int) -> str:
    return f"the only worker of {name} is" if number == 1 else f"all {number} workers of {name} are"


def _workload(found: WorkloadFound) -> Part:
    """Whether the Deployment or StatefulSet has the pods it wants."""
    cluster, pool = found.cluster, found.pool
    told = details_of(WorkloadDetails, pool.metadata, OrchestratorType.KUBERNETES)
    wanted, ready = told.wanted, told.ready
    pending = (told.pods_by_phase or {}).get("Pending", 0)
    joined = f"{count(found.pods, 'worker')} named like its pods"
    measured = {
        "wanted_pods": wanted,
        "ready_pods": ready,
        "pending_pods": None if told.pods_by_phase is None else pending,
        "most_pods": pool.scaling.max_workers,
    }

    def part(clause: str, unknown: str | None = None) -> Part:
        made = link(cluster, (Layer.PODS, pool.pool_name), clause, measured, joined)
        return Part((made,), unknown)

    have = f"{pool.pool_name} has {'?' if ready is None else ready} of {some(wanted, 'pod')} ready"
    if pending:
        groups = _groups(found)
        return part(f"{have} and {pending} pending").then(for_nodes(cluster, pending, groups, None))
    if told.pods_by_phase is None or wanted is None or ready is None:
        return part(have, f"what the other pods of {pool.pool_name} do")
    if ready < wanted:
        failed = count(pool.failed_workers or 0, "failed pod")
        return part(f"{have} and {failed}", f"why pods of {pool.pool_name} are not ready")
    if pool.scaling.max_workers is not None and wanted >= pool.scaling.max_workers:
        return part(f"{pool.pool_name} has all {wanted} pods that its autoscaler may give it")
    if pool.scaling.enabled is False:
        return part(f"{pool.pool_name} has all {count(wanted, 'pod')} it is set to")
    return part(
        f"{pool.pool_name} has all {count(wanted, 'pod')} it wants",
        f"why {pool.pool_name} does not want more",
    )


def _groups(found: WorkloadFound) -> list[WorkerPoolMetrics]:
    """The groups of nodes on which pods of the workload lie."""
    nodes = found.cluster.nodes
    hosts = [each.hostname for each in found.pool.workers or () if each.hostname in nodes]
    return list({nodes[host].pool_id: nodes[host] for host in hosts if host}.values())
