"""What to do about a health analysis: each with its evidence, its effect and its risk."""

from collections.abc import Iterator, Mapping
from math import ceil, isfinite

from analytics.findings import Recommendation
from analytics.health_bands import is_outage
from analytics.health_parts import (
    TARGET_HIGH_RATIO,
    TARGET_LOW_RATIO,
    core_down,
    slots_for,
    waiting_work,
)
from analytics.health_sections import missing_slots
from analytics.queue_findings import outpaced, unattended
from contracts.health import ScorePart
from contracts.orchestrator import OrchestratorMetrics, QueueInfo

__all__ = ["recommend"]

Parts = Mapping[str, ScorePart]


def recommend(record: OrchestratorMetrics, parts: Parts) -> tuple[Recommendation, ...]:
    """What restores service first, then the largest known gain; `parts` are the score's.

    Nothing is recommended on missing data, least of all to give up capacity.
    """
    if is_outage(record):
        return (_reconnect(record),)
    found = [
        *_capacity(record, parts),
        *_queues(record, parts),
        *_scheduling(parts),
        *_failures(parts),
    ]
    found.sort(key=lambda item: -(item.score_gain or 0.0))
    return (*_core(record, parts), *found)


def _reconnect(record: OrchestratorMetrics) -> Recommendation:
    error = record.health.errors[0]
    return Recommendation(
        action="Make the orchestrator answer, or correct the agent's address and credentials.",
        evidence=f"{error.code}: {error.message}",
        effect="Everything about it is known again.",
        risk="None.",
    )


def _core(record: OrchestratorMetrics, parts: Parts) -> Iterator[Recommendation]:
    for item in core_down(record):
        issues = "; ".join(issue.message for issue in item.issues)
        yield Recommendation(
            action=f"Restore the {item.type} {item.name}.",
            evidence=issues or f"It is {item.status}.",
            effect="New work can run again; the status is no longer critical because of it.",
            risk="What has piled up meanwhile starts all at once.",
            score_gain=parts["component_health"].gain,
        )


def _capacity(record: OrchestratorMetrics, parts: Parts) -> Iterator[Recommendation]:
    capacity, part = record.capacity, parts["capacity_utilization"]
    if capacity is None or part.score is None:
        return
    missing = missing_slots(capacity)
    if missing and waiting_work(record):
        yield Recommendation(
            action=f"Add {missing} slots.",
            evidence=part.evidence,
            effect=f"The work that runs now would use {TARGET_HIGH_RATIO:g} of the slots; what "
            "waits comes on top.",
            risk="Costs more, and loads what the workflows call.",
            score_gain=part.gain,
        )
    spare = _spare_slots(record)
    if spare:
        yield Recommendation(
            action=f"Consider {spare} slots fewer.",
            evidence=f"The peak seen in the last hour used {capacity.peak_utilization:.4g} of the "
            f"{capacity.total_slots} slots, and nothing waits.",
            effect=f"The same peak would use {TARGET_HIGH_RATIO:g} of the slots.",
            risk="Bursts larger than the last hour's would wait; look at a whole week first.",
        )


def _spare_slots(record: OrchestratorMetrics) -> int | None:
    """Slots that the last hour's peak, itself below the target, left over.

    None unless everything is known, and known to be quiet.
    """
    capacity = record.capacity
    if capacity is None or capacity.total_slots is None or capacity.peak_utilization is None:
        return None
    if waiting_work(record) is not False or capacity.peak_utilization >= TARGET_LOW_RATIO:
        return None
    peak_slots = ceil(round(capacity.peak_utilization * capacity.total_slots, 6))
    return max(0, capacity.total_slots - slots_for(peak_slots, TARGET_HIGH_RATIO))


def _queues(record: OrchestratorMetrics, parts: Parts) -> Iterator[Recommendation]:
    for queue in record.queuing.queues or () if record.queuing else ():
        if unattended(queue):
            yield Recommendation(
                action=f"Start a consumer of {queue.name}.",
                evidence=f"{queue.size} items wait and nobody consumes.",
                effect="They are worked off.",
                risk="All of it starts at once, and some may be too old to be wanted.",
                score_gain=parts["queue_efficiency"].gain,
            )
        elif queue.size and outpaced(queue):
            yield _more_consumers(queue, parts["queue_efficiency"].gain)


def _more_consumers(queue: QueueInfo, gain: float | None) -> Recommendation:
    wanted = _consumers_for(queue)
    action = "more consumers" if wanted is None else f"{wanted} consumers, {queue.consumers} now,"
    return Recommendation(
        action=f"Give {queue.name} {action} or send it less.",
        evidence=f"{queue.arrival_rate:.4g} items a second arrive, "
        f"{queue.processing_rate:.4g} are worked off.",
        effect=f"Arrivals would keep consumers {TARGET_HIGH_RATIO:g} busy and the backlog drain.",
        risk="Supposes that consumers are the limit, not what they call.",
        score_gain=gain,
    )


def _consumers_for(queue: QueueInfo) -> int | None:
    """Consumers that arrivals would keep as busy as the target; None while a rate is unknown.

    While items wait every consumer is busy, so processing rate / consumers is one's speed.
    """
    if not (queue.consumers and queue.processing_rate and queue.arrival_rate):
        return None
    wanted = queue.consumers * (queue.arrival_rate / queue.processing_rate) / TARGET_HIGH_RATIO
    return ceil(round(wanted, 6)) if isfinite(wanted) else None


def _scheduling(parts: Parts) -> Iterator[Recommendation]:
    part = parts["scheduling_performance"]
    if part.repair:
        yield Recommendation(
            action="Shorten the way to a worker: more pollers or free slots, then the scheduler.",
            evidence=part.evidence,
            effect=part.repair,
            risk="More pollers mean more requests to the scheduler.",
            score_gain=part.gain,
        )


def _failures(parts: Parts) -> Iterator[Recommendation]:
    part = parts["error_rate"]
    if part.raw.get("failed_workflows"):
        yield Recommendation(
            action="Look into the workflows that failed.",
            evidence=part.evidence,
            effect="Less work is lost and tried again.",
            risk="None.",
            score_gain=part.gain,
        )
