"""Queues of one record: age, drain time, and where work waits."""

from datetime import datetime
from math import isfinite

from analytics.health_analysis import QueueFinding, QueueHealth
from analytics.health_parts import GROWTH_LIMIT_S, TARGET_WAIT_MS
from analytics.reasons import why_unknown
from contracts.orchestrator import OrchestratorMetrics, QueueInfo, QueueMetrics

__all__ = ["analyze_queues", "drain_time_s", "oldest_age_s", "outpaced", "unattended"]

LARGEST_FIRST_LIMIT = 20


def analyze_queues(record: OrchestratorMetrics) -> QueueHealth:
    """The queues in which something waits, at most 20, and what is wrong with them."""
    queuing = record.queuing
    if queuing is None:
        return QueueHealth(target_wait_ms=TARGET_WAIT_MS, reason=why_unknown(record, "/queuing"))
    waiting = sorted(
        (queue for queue in queuing.queues or () if queue.size),
        key=lambda queue: (-(queue.size or 0), queue.name),
    )
    return QueueHealth(
        backlog_items=queuing.backlog_size,
        max_wait_ms=queuing.max_wait_time,
        avg_wait_ms=queuing.avg_wait_time,
        target_wait_ms=TARGET_WAIT_MS,
        backlog_growing_for_s=queuing.backlog_growing_for_s,
        dead_letters=queuing.dead_letter_count,
        poison_messages=queuing.poison_message_count,
        queues=tuple(
            _finding(queue, record.collected_at) for queue in waiting[:LARGEST_FIRST_LIMIT]
        ),
        findings=tuple(_findings(queuing, waiting)),
        reason=why_unknown(record, "/queuing/queues") if queuing.queues is None else None,
    )


def oldest_age_s(queue: QueueInfo, now: datetime) -> float | None:
    """Age of the oldest item in seconds; 0 when the queue's clock is ahead of ours."""
    if queue.oldest_message is None:
        return None
    return max(0.0, (now - queue.oldest_message).total_seconds())


def unattended(queue: QueueInfo) -> bool:
    """Does work wait in the queue that nobody is there to take?"""
    return bool(queue.size) and queue.consumers == 0


def outpaced(queue: QueueInfo) -> bool:
    """Is it known that more arrives than is worked off?"""
    return (
        queue.arrival_rate is not None
        and queue.processing_rate is not None
        and queue.arrival_rate > queue.processing_rate
    )


def _finding(queue: QueueInfo, now: datetime) -> QueueFinding:
    return QueueFinding(
        name=queue.name,
        size=queue.size,
        consumers=queue.consumers,
        oldest_age_s=oldest_age_s(queue, now),
        arrival_rate_per_s=queue.arrival_rate,
        processing_rate_per_s=queue.processing_rate,
        drain_time_s=drain_time_s(queue),
    )


def drain_time_s(queue: QueueInfo) -> float | None:
    """size / (processing - arrival rate): Little's law while both rates stay as they are."""
    if queue.size is None or queue.arrival_rate is None or queue.processing_rate is None:
        return None
    surplus = queue.processing_rate - queue.arrival_rate
    if surplus <= 0:
        return None
    drain_s = queue.size / surplus
    # Rates that differ by rounding noise alone would drain in more than any float can tell.
    return drain_s if isfinite(drain_s) else None


def _findings(queuing: QueueMetrics, waiting: list[QueueInfo]) -> list[str]:
    growing_s = queuing.backlog_growing_for_s or 0.0
    findings = [
        f"{queue.name}: {queue.size} wait and nobody consumes."
        for queue in waiting
        if unattended(queue)
    ]
    findings += [
        f"{queue.name}: {queue.arrival_rate:.4g} arrive and {queue.processing_rate:.4g} are "
        "worked off per second."
        for queue in waiting
        if outpaced(queue)
    ]
    if growing_s >= GROWTH_LIMIT_S:
        findings.append(f"The backlog has grown for {growing_s:.4g} s.")
    if queuing.dead_letter_count:
        findings.append(f"{queuing.dead_letter_count} dead letters.")
    if queuing.poison_message_count:
        findings.append(f"{queuing.poison_message_count} poison messages are tried for ever.")
    return findings
