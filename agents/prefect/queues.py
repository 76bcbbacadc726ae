"""Work queues: what waits in each, since when and why."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from agents.missing import Estimated, Gaps, Missing, combine, estimated, known_or, over
from agents.prefect.figures import Figures, error_rate, mean_duration_ms, online
from agents.prefect.snapshot import Window
from agents.prefect.wire import FlowRun, WorkQueue
from contracts.identity import queue_id
from contracts.orchestrator import QueueInfo, QueueMetrics, QueueType

__all__ = ["build_queuing", "queue_name"]

POLLED_WITHIN = timedelta(seconds=60)
NOT_KNOWN = Missing("Prefect does not keep runs that were given up aside")


def build_queuing(figures: Figures, orchestrator: UUID, gaps: Gaps) -> QueueMetrics:
    """Every queue of every pool, and what they come to together."""
    queues = over(lambda found: _infos(figures, found, orchestrator, gaps), figures.snapshot.queues)
    waits = figures.waits
    mean_wait = over(lambda each: each.mean_ms, waits)
    held = combine(lambda waiting, live: waiting + live, figures.backlog, figures.in_flight)
    return gaps.fill(
        QueueMetrics,
        "/queuing",
        queues=queues,
        total_messages=held,
        processing_rate=figures.start_rate,
        backlog_size=figures.backlog,
        avg_wait_time=mean_wait,
        max_wait_time=figures.longest_wait_ms,
        dead_letter_count=NOT_KNOWN,
        poison_message_count=Missing("Prefect does not tell runs that fail again and again"),
        queue_latency=mean_wait,
        throughput=figures.start_rate,
    )


def queue_name(queue: WorkQueue) -> str:
    """Names repeat across pools."""
    return f"{queue.work_pool_name}/{queue.name}" if queue.work_pool_name else queue.name


def _infos(
    figures: Figures, queues: Sequence[WorkQueue], orchestrator: UUID, gaps: Gaps
) -> tuple[QueueInfo, ...]:
    infos = tuple(
        gaps.fill(
            QueueInfo,
            f"/queuing/queues/{index}",
            **_fields(figures, queue, orchestrator),
        )
        for index, queue in enumerate(queues)
    )
    gaps.shorten("/queuing/queues", len(infos))
    return infos


def _fields(figures: Figures, queue: WorkQueue, orchestrator: UUID) -> dict[str, Any]:
    def of_queue(runs: Sequence[FlowRun]) -> list[FlowRun]:
        return [run for run in runs if run.work_queue_id == queue.id]

    def rate(window: Window) -> float:
        return len(of_queue(window.runs)) / window.seconds

    due = over(of_queue, figures.due)
    ended = over(lambda window: of_queue(window.runs), figures.snapshot.ended)
    oldest = over(_oldest, due)
    size = over(len, due)
    return {
        "id": queue_id(orchestrator, queue_name(queue)),
        "name": queue_name(queue),
        "type": QueueType.PRIORITY,
        "size": size,
        "consumers": _consumers(figures, queue),
        "processing_rate": over(rate, figures.placed),
        "arrival_rate": _arrivals(figures, queue),
        "error_rate": over(error_rate, ended),
        "avg_processing_time": over(mean_duration_ms, ended),
        "oldest_message": oldest,
        "in_flight": over(lambda runs: len(of_queue(runs)), figures.live),
        "priority_levels": over(lambda count: {str(queue.priority or 1): count}, size),
    }


def _oldest(runs: Sequence[FlowRun]) -> Any:
    times = [run.expected_start_time for run in runs if run.expected_start_time]
    return min(times) if times else Missing("no run waits in it")


def _consumers(figures: Figures, queue: WorkQueue) -> Estimated[int] | Missing:
    """Workers online in the pool, while somebody polls: which of them polls which is not told."""
    if queue.last_polled is None or queue.last_polled < figures.snapshot.at - POLLED_WITHIN:
        return Estimated(0)
    workers = figures.workers_of(queue.work_pool_name or "")
    return estimated(over(lambda found: sum(map(online, found)), workers))


def _arrivals(figures: Figures, queue: WorkQueue) -> Estimated[float] | Missing:
    """Runs that fell due since the scrape before, those that have started meanwhile included."""

    def fell_due(window: Window) -> float | Missing:
        since = figures.snapshot.at - timedelta(seconds=window.seconds)
        waiting = known_or(figures.due, None)
        if waiting is None:
            return Missing("too many runs wait to tell which came in the interval")
        arrived = {
            run.id
            for run in (*waiting, *window.runs)
            if run.work_queue_id == queue.id
            and run.expected_start_time is not None
            and run.expected_start_time > since
        }
        return len(arrived) / window.seconds

    return estimated(over(fell_due, figures.snapshot.started))
