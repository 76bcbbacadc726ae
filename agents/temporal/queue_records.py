"""The queues as records, and their sums."""

from datetime import datetime, timedelta
from uuid import UUID

from agents.missing import Gaps, Missing, combine, over
from agents.temporal.figures import Figures
from agents.temporal.queues import QueueStats, QueueView
from contracts.identity import queue_id
from contracts.orchestrator import QueueInfo, QueueMetrics, QueueType

__all__ = ["build_queuing"]

DEFAULT_PRIORITY = "3"
QUEUES = "/queuing/queues"


def build_queuing(figures: Figures, orchestrator: UUID, gaps: Gaps) -> QueueMetrics:
    """Every queue that is known to exist, and sums over all that were asked about."""
    views = [view for view in figures.snapshot.views if view.exists]
    queues = tuple(
        _queue(figures, view, orchestrator, gaps, f"{QUEUES}/{index}")
        for index, view in enumerate(views)
    )
    gaps.shorten(QUEUES, len(queues))
    events = figures.events
    waiting = figures.backlog
    messages = combine(lambda backlog, busy: backlog + busy, waiting, figures.all_in_flight)
    return QueueMetrics(
        queues=queues,
        total_messages=gaps.take("/queuing/totalMessages", messages, estimated=True),
        processing_rate=gaps.take("/queuing/processingRate", figures.dispatch_rate),
        backlog_size=gaps.take("/queuing/backlogSize", waiting, estimated=True),
        avg_wait_time=gaps.take("/queuing/avgWaitTime", events.mean_wait_ms),
        max_wait_time=gaps.take("/queuing/maxWaitTime", figures.longest_wait_ms, estimated=True),
        dead_letter_count=gaps.take("/queuing/deadLetterCount", events.dead_letters),
        poison_message_count=gaps.take("/queuing/poisonMessageCount", figures.snapshot.poisoned),
        queue_latency=gaps.take("/queuing/queueLatency", events.mean_wait_ms),
        throughput=gaps.take("/queuing/throughput", figures.dispatch_rate),
    )


def _queue(
    figures: Figures, view: QueueView, orchestrator: UUID, gaps: Gaps, place: str
) -> QueueInfo:
    stats, key, now = view.stats, view.key, figures.snapshot.now
    pollers = view.fresh_pollers(now, figures.config.poller_fresh_s)
    rate = over(lambda it: it.dispatch_rate, stats)
    levels = over(lambda it: dict(it.by_priority), stats)
    oldest = over(lambda it: _oldest(it, now), stats)
    error_rate = figures.error_rate(key)
    reported = isinstance(figures.counted_error_rate(key), Missing)
    return QueueInfo(
        id=queue_id(orchestrator, str(key)),
        name=str(key),
        type=_type(stats),
        size=gaps.take(f"{place}/size", over(lambda it: it.backlog, stats), estimated=view.carried),
        consumers=gaps.take(f"{place}/consumers", pollers, estimated=view.carried),
        processing_rate=gaps.take(f"{place}/processingRate", rate),
        arrival_rate=gaps.take(f"{place}/arrivalRate", over(lambda it: it.add_rate, stats)),
        error_rate=gaps.take(f"{place}/errorRate", error_rate, estimated=reported),
        avg_processing_time=gaps.take(f"{place}/avgProcessingTime", figures.processing_ms(key)),
        oldest_message=gaps.take(f"{place}/oldestMessage", oldest),
        in_flight=gaps.take(f"{place}/inFlight", figures.in_flight(key)),
        priority_levels=gaps.take(f"{place}/priorityLevels", levels),
    )


def _type(stats: QueueStats | Missing) -> QueueType:
    """In order of arrival, nearly (a queue has partitions), unless priorities are used."""
    default = isinstance(stats, Missing) or set(stats.by_priority) <= {DEFAULT_PRIORITY}
    return QueueType.FIFO if default else QueueType.PRIORITY


def _oldest(stats: QueueStats, now: datetime) -> datetime | Missing:
    if not stats.backlog:
        return Missing("nothing waits")
    return now - timedelta(seconds=stats.backlog_age_s)
