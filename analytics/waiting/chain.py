"""Chains of causes for what waits: `waiting_causes`."""

from collections.abc import Sequence
from uuid import UUID

from analytics.findings import Confidence
from analytics.queue_findings import oldest_age_s
from analytics.reasons import why_unknown
from analytics.waiting.airflow import POOL, airflow
from analytics.waiting.argo import argo
from analytics.waiting.findings import ChainLink, WaitingCause, WaitingCauses
from analytics.waiting.fleet import Fleet, Watched
from analytics.waiting.nodes import kubernetes
from analytics.waiting.parts import Part, some
from analytics.waiting.prefect import prefect
from analytics.waiting.workers import by_workers
from contracts.orchestrator import OrchestratorType, QueueInfo

__all__ = ["waiting_causes"]

MOST_CAUSES = 10
METHOD = (
    "From a queue over limits and workers to pods and nodes, each step by what the newest records "
    "say. A worker is the pod that is called like its host (or like itself, for Prefect), Argo is "
    "in the cluster of its id, a pod is on the node of its hostname. What is not known ends it."
)
NOUNS = {
    OrchestratorType.PREFECT: "run",
    OrchestratorType.AIRFLOW: "task",
    OrchestratorType.TEMPORAL: "task",
    OrchestratorType.KUBERNETES: "pod",
}


def waiting_causes(
    fleet: Fleet, orchestrator_id: UUID, queue_id: UUID | None = None
) -> WaitingCauses:
    """Why work of an orchestrator waits, or of one of its queues.

    At most ten, those with the most items first; a task of Airflow counts in its pool only.
    """
    own = fleet.one(orchestrator_id)
    if own is None:
        return WaitingCauses(causes=(), reason="The orchestrator is not among those watched.")
    queuing = own.record.queuing
    if queuing is None or queuing.queues is None:
        reason = why_unknown(own.record, "/queuing/queues")
        return WaitingCauses(causes=(), reason=f"The queues are not known: {reason}")
    chosen = [each for each in queuing.queues if queue_id in {None, each.id}]
    unknown = [each.name for each in chosen if each.size is None]
    waiting = [each for each in chosen if each.size]
    if queue_id is None and any(each.name.startswith(POOL) for each in waiting):
        waiting = [each for each in waiting if each.name.startswith(POOL)]
    waiting.sort(key=lambda each: (-(each.size or 0), each.name))
    causes = tuple(_cause(fleet, own, each) for each in waiting[:MOST_CAUSES])
    return WaitingCauses(causes=causes, reason=None if causes else _none(unknown))


def _none(unknown: Sequence[str]) -> str:
    return f"How much waits in {', '.join(unknown)} is not known." if unknown else "Nothing waits."


def _cause(fleet: Fleet, own: Watched, queue: QueueInfo) -> WaitingCause:
    part = _part(fleet, own, queue)
    age_s = oldest_age_s(queue, own.record.collected_at)
    return WaitingCause(
        orchestrator_id=own.id,
        queue_id=queue.id,
        queue=queue.name,
        waiting=queue.size,
        oldest_wait_s=age_s,
        sentence=_sentence(own, queue, age_s, part),
        links=part.links,
        unknown=part.unknown,
        evidence=tuple(map(_evidence, part.links)),
        confidence=_confidence(own, part),
        method=METHOD,
    )


def _part(fleet: Fleet, own: Watched, queue: QueueInfo) -> Part:
    """By what the agent tells beyond the shared vocabulary; without that, by workers alone."""
    kind = own.record.orchestrator_type
    told = kind.value in (own.record.metadata.model_extra or {})
    match kind:
        case OrchestratorType.AIRFLOW if told:
            return airflow(fleet, own, queue)
        case OrchestratorType.ARGO if told:
            return argo(fleet, own, queue)
        case OrchestratorType.KUBERNETES if told:
            return kubernetes(own, queue)
        case OrchestratorType.PREFECT if told:
            return prefect(fleet, own, queue)
        case _:
            return by_workers(fleet, own, queue)


def _sentence(own: Watched, queue: QueueInfo, age_s: float | None, part: Part) -> str:
    noun = NOUNS.get(own.record.orchestrator_type, "item")
    verb = "waits" if queue.size == 1 else "wait"
    oldest = "" if age_s is None else f", the oldest for {age_s:.4g} s"
    head = f"{some(queue.size, noun)} {verb} in {queue.name} of {own.name}{oldest}"
    because = "".join(f", because {each.clause}" for each in part.links)
    unknown = "" if part.unknown is None else f"; not known: {part.unknown}"
    return f"{head}{because}{unknown}."


def _evidence(link: ChainLink) -> str:
    said = ", ".join(f"{name} {value}" for name, value in link.measured.items()) or "no numbers"
    joined = "" if link.joined_by is None else f"; found by {link.joined_by}"
    return f"{link.orchestrator}, {link.layer} {link.subject}: {said}{joined}"


def _confidence(own: Watched, part: Part) -> Confidence:
    if own.old is not None or not part.links:
        return Confidence.LOW
    return Confidence.MEDIUM if part.loose or part.unknown is not None else Confidence.HIGH
