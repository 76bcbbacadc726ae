"""Argo: workflows wait for the limit, a lock or the controller, their pods for nodes."""

from collections.abc import Callable

from analytics.waiting.details import ArgoDetails, details_of
from analytics.waiting.findings import Layer
from analytics.waiting.fleet import Fleet, Watched
from analytics.waiting.nodes import for_nodes
from analytics.waiting.parts import Part, count, link
from contracts.orchestrator import OrchestratorType, QueueInfo

__all__ = ["argo"]

LOCK, NAMESPACE = "lock/", "namespace/"


def argo(fleet: Fleet, own: Watched, queue: QueueInfo) -> Part:
    """Why workflows wait, or those of a lock, or pods."""
    if queue.name == "workflows":
        return _workflows(fleet, own)
    if queue.name == "pods":
        return _pods(fleet, own, queue)
    if queue.name.startswith(LOCK):
        return _lock(own, queue)
    if queue.name.startswith(NAMESPACE):
        return _namespace(own, queue)
    return Part(unknown=f"why the controller does not take from {queue.name}")


def _workflows(fleet: Fleet, own: Watched) -> Part:
    """By what most of them wait for."""
    told = details_of(ArgoDetails, own.record.metadata, OrchestratorType.ARGO)
    causes = {name: number for name, number in (told.waiting_by_cause or {}).items() if number}
    if not causes:
        return Part(unknown="what they wait for")
    cause = max(causes, key=lambda each: (causes[each], each))
    before = Part(loose=len(causes) > 1)
    if cause == "lock":
        return before.then(_busiest(own, LOCK, _lock, "which lock they wait for"))
    if cause == "namespace-limit":
        return before.then(_busiest(own, NAMESPACE, _namespace, "of which namespace they are"))
    if cause == "limit":
        return before.then(_limit(fleet, own))
    return before.then(_controller(own))


def _queues(own: Watched) -> tuple[QueueInfo, ...]:
    queuing = own.record.queuing
    return queuing.queues or () if queuing else ()


def _pods(fleet: Fleet, own: Watched, queue: QueueInfo) -> Part:
    cluster = fleet.cluster_of(own)
    if cluster is None:
        return Part(unknown="which Kubernetes they are pods of (no agent tells of that cluster)")
    return for_nodes(cluster, queue.size or 0, (), "the cluster's own id")


def _limit(fleet: Fleet, own: Watched) -> Part:
    """The workflows that run may themselves wait for nodes."""
    capacity = own.record.capacity
    used, total = (capacity.used_slots, capacity.total_slots) if capacity else (None, None)
    clause = "as many workflows as may run have their place (parallelism)"
    if total is not None:
        clause = f"{used} of {total} places for workflows are taken (parallelism)"
    measured = {"used_slots": used, "total_slots": total}
    found = Part((link(own, (Layer.LIMIT, "parallelism"), clause, measured),))
    pods = next((each for each in _queues(own) if each.name == "pods" and each.size), None)
    if pods is None:
        return found
    clause = f"{count(pods.size or 0, 'pod')} of those have no node"
    waiting = link(own, (Layer.PODS, "pods"), clause, {"waiting_pods": pods.size})
    return found.then(Part((waiting,))).then(_pods(fleet, own, pods))


def _busiest(
    own: Watched, prefix: str, why: Callable[[Watched, QueueInfo], Part], unknown: str
) -> Part:
    """Of the queues called so, the one for which most wait."""
    found = [each for each in _queues(own) if each.name.startswith(prefix) and each.size]
    if not found:
        return Part(unknown=unknown)
    worst = max(found, key=lambda each: (each.size or 0, each.name))
    return Part(loose=len(found) > 1).then(why(own, worst))


def _namespace(own: Watched, queue: QueueInfo) -> Part:
    name, most = queue.name.removeprefix(NAMESPACE), queue.consumers
    if most is None:
        return Part(unknown=f"how many workflows the namespace {name} may run")
    taken = "all" if queue.in_flight is None else f"{queue.in_flight}"
    clause = f"{taken} of {count(most, 'place')} of the namespace {name} are taken"
    measured = {"used_slots": queue.in_flight, "total_slots": most}
    return Part((link(own, (Layer.LIMIT, name), clause, measured),))


def _lock(own: Watched, queue: QueueInfo) -> Part:
    name = queue.name.removeprefix(LOCK)
    if queue.in_flight is None:
        return Part(unknown=f"who holds the lock {name}")
    if not queue.in_flight:
        return Part(unknown=f"why nobody takes the lock {name}, which nobody holds")
    most = "" if queue.consumers is None else f" of at most {queue.consumers}"
    clause = f"the lock {name} is held by {count(queue.in_flight, 'workflow')}{most}"
    measured = {"holders": queue.in_flight, "most_holders": queue.consumers}
    return Part((link(own, (Layer.LOCK, name), clause, measured),))


def _controller(own: Watched) -> Part:
    ailing = [
        issue.message
        for component in own.record.health.components
        for issue in component.issues
        if "controller" in component.name
    ]
    clause = "the controller has not begun them"
    if ailing:
        clause += f" ({ailing[0]})"
    found = link(own, (Layer.CONTROLLER, "controller"), clause)
    return Part((found,), None if ailing else "what keeps the controller")
