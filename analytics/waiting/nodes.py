"""From pods without a node to the reasons of the scheduler and the groups of nodes."""

from collections.abc import Mapping, Sequence

from analytics.waiting.details import KubernetesDetails, details_of
from analytics.waiting.findings import Layer
from analytics.waiting.fleet import NODE_POOL, Watched
from analytics.waiting.parts import Part, count, link
from contracts.orchestrator import OrchestratorType, QueueInfo
from contracts.worker_pool import WorkerPoolMetrics, WorkerStatus

__all__ = ["for_nodes", "kubernetes"]

SHORT = ("Insufficient", "Too many pods")
REASONS_SHOWN = 3
KUEUE = "kueue/"


def kubernetes(own: Watched, queue: QueueInfo) -> Part:
    """Pods wait for nodes, workloads of Kueue for quota."""
    if not queue.name.startswith(KUEUE):
        return for_nodes(own, queue.size or 0, (), None)
    name = queue.name.removeprefix(KUEUE)
    if queue.in_flight is None:
        return Part(unknown=f"what holds the quota of {name}")
    if not queue.in_flight:
        return Part(unknown=f"why {name} lets nothing in though nothing holds its quota")
    clause = f"the quota of {name} is held by {count(queue.in_flight, 'workload')}"
    measured = {"holding_workloads": queue.in_flight}
    return Part((link(own, (Layer.QUOTA, name), clause, measured),))


def for_nodes(
    cluster: Watched, waiting: int, groups: Sequence[WorkerPoolMetrics], joined_by: str | None
) -> Part:
    """Why `waiting` pods have no node. `groups`: where such pods lie; empty: anywhere.

    The scheduler's reasons are known of all waiting pods of the cluster together.
    """
    if cluster.old is not None:
        return Part(unknown=f"the present of {cluster.name} ({cluster.old})")
    scheduling, queuing = cluster.record.scheduling, cluster.record.queuing
    depth = scheduling.queue_depth if scheduling else None
    if depth == 0:
        stuck = queuing.poison_message_count if queuing else None
        return Part(unknown=_starting(stuck), loose=True)
    told = details_of(KubernetesDetails, cluster.record.metadata, OrchestratorType.KUBERNETES)
    if not told.pending_reasons:
        return Part(unknown="why no node suits them: the scheduler has not said")
    loose = depth is None or depth > waiting
    pods = "them" if not loose else f"the {depth} pods of the cluster that wait"
    if depth is None:
        pods = "pods of the cluster that wait"
    reasons = link(
        cluster,
        (Layer.NODES, "scheduler"),
        f"no node suits {pods} ({_told(told.pending_reasons)})",
        {"waiting_pods": depth, **told.pending_reasons},
        joined_by,
    )
    found = Part((reasons,), loose=loose)
    if not any(reason.startswith(SHORT) for reason in told.pending_reasons):
        return found
    chosen = groups or [each for each in cluster.pools if each.worker_type == NODE_POOL]
    if not chosen:
        return found.then(Part(unknown="the groups of nodes"))
    grown = [_group(cluster, each, known=bool(groups)) for each in chosen]
    unknown = [each.unknown for each in grown if each.unknown is not None]
    links = tuple(inner for each in grown for inner in each.links)
    return found.then(Part(links, " and ".join(unknown) or None))


def _told(reasons: Mapping[str, int]) -> str:
    most = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{reason}: {number}" for reason, number in most[:REASONS_SHOWN])


def _starting(stuck: int | None) -> str:
    why = "why they do not start on the nodes that they have"
    if stuck:
        return f"{why} ({count(stuck, 'pod')} of the cluster cannot start a container)"
    return why


def _group(cluster: Watched, group: WorkerPoolMetrics, *, known: bool) -> Part:
    """How full a group is, and how far it may grow."""
    total, most, scaling = group.total_workers, group.scaling.max_workers, group.scaling
    nodes = "an unknown number of nodes" if total is None else count(total, "node")
    unknown = None
    if total is not None and most is not None and total >= most:
        growth = f"is at the {most} it may have"
    elif total is not None and (scaling.current_target or 0) > total:
        growth = f"waits for {count((scaling.current_target or 0) - total, 'node')} asked for"
    elif scaling.enabled is False:
        growth = "has a fixed size"
    elif scaling.enabled:
        limit = "has no limit in nodes" if most is None else f"may have {most}"
        growth, unknown = limit, f"why {group.pool_name} does not grow"
    else:
        growth = "is not seen to be scaled"
        unknown = f"whether {group.pool_name} may grow"
    clause = f"the node group {group.pool_name} ({nodes}{_full(group)}) {growth}"
    found = link(
        cluster,
        (Layer.NODES, group.pool_name),
        clause,
        {
            "nodes": total,
            "most_nodes": most,
            "wanted_nodes": scaling.current_target,
            "used_pods": group.resource_usage.used_slots,
            "pod_places": group.resource_usage.total_slots,
        },
        "pods of the same workload lie on its nodes" if known else None,
    )
    return Part((found,), unknown)


def _full(group: WorkerPoolMetrics) -> str:
    statuses = [each.status for each in group.workers or ()]
    full = statuses.count(WorkerStatus.BUSY)
    if not full:
        return ""
    return ", all full" if full == len(statuses) else f", {full} full"
