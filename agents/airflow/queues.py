"""Queues of tasks, and pools as the queues that they are for the tasks they hold back."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from agents.airflow.edge import consumers
from agents.airflow.figures import WAITING, Figures, error_rate, mean_duration_ms
from agents.airflow.snapshot import Window
from agents.airflow.wire import Pool, TaskInstance
from agents.missing import Gaps, Missing, combine, estimated, over
from contracts.identity import queue_id
from contracts.orchestrator import QueueInfo, QueueMetrics, QueueType

__all__ = ["build_queuing", "queue_of"]

NOT_LISTED = Missing("the API does not tell who takes from it")


def build_queuing(figures: Figures, orchestrator: UUID, gaps: Gaps) -> QueueMetrics:
    """Queues by executor and name, then pools. The sums are of tasks: no task counts twice."""
    waits = over(lambda each: each.mean_ms, figures.waits)
    held = combine(lambda waiting, live: waiting + live, figures.backlog, figures.in_flight)
    queues = combine(
        lambda rows, pools: _infos(figures, rows, pools, orchestrator, gaps),
        figures.rows,
        figures.snapshot.pools,
    )
    return gaps.fill(
        QueueMetrics,
        "/queuing",
        queues=queues,
        total_messages=held,
        processing_rate=figures.start_rate,
        backlog_size=figures.backlog,
        avg_wait_time=waits,
        max_wait_time=figures.longest_wait_ms,
        dead_letter_count=Missing("Airflow keeps no tasks that were given up aside"),
        poison_message_count=Missing("Airflow does not tell tasks that fail again and again"),
        queue_latency=over(lambda each: each.mean_ms, figures.executor_waits),
        throughput=figures.start_rate,
    )


def queue_of(row: TaskInstance) -> str:
    """The queue's name; one of another than the default executor carries the executor's."""
    queue = row.queue or "default"
    return f"{row.executor}/{queue}" if row.executor else queue


def _infos(
    figures: Figures,
    rows: Sequence[TaskInstance],
    pools: Sequence[Pool],
    orchestrator: UUID,
    gaps: Gaps,
) -> tuple[QueueInfo, ...]:
    names = sorted({queue_of(row) for row in (*rows, *_recent(figures))} | {"default"})
    fields = [_of_queue(figures, name) for name in names]
    fields += [_of_pool(figures, pool) for pool in pools]
    infos = tuple(
        gaps.fill(
            QueueInfo,
            f"/queuing/queues/{index}",
            id=queue_id(orchestrator, each["name"]),
            type=QueueType.PRIORITY,
            **each,
        )
        for index, each in enumerate(fields)
    )
    gaps.shorten("/queuing/queues", len(infos))
    return infos


def _recent(figures: Figures) -> Sequence[TaskInstance]:
    ended = figures.ended
    return () if isinstance(ended, Missing) else ended


def _of_queue(figures: Figures, name: str) -> dict[str, Any]:
    def mine(rows: Sequence[TaskInstance]) -> list[TaskInstance]:
        return [row for row in rows if queue_of(row) == name]

    return {"name": name, "consumers": _consumers(figures, name), **_fields(figures, mine)}


def _consumers(figures: Figures, name: str) -> int | Missing:
    """Edge workers alone are listed with the queues that they take from."""
    executor, _, queue = name.rpartition("/")
    if figures.kind_named(executor or None) == "edge" and "edge" in figures.listed_kinds:
        return consumers(figures, queue)
    return NOT_LISTED


def _of_pool(figures: Figures, pool: Pool) -> dict[str, Any]:
    """Of a pool the server counts slots, not tasks: a task may take several."""

    def mine(rows: Sequence[TaskInstance]) -> list[TaskInstance]:
        return [row for row in rows if row.pool == pool.name]

    return {
        "name": f"pool:{pool.name}",
        "consumers": Missing("a pool is a limit, nobody takes from it"),
        **_fields(figures, mine),
    }


def _fields(figures: Figures, mine: Any) -> dict[str, Any]:
    waiting = over(mine, figures.waiting)
    ended = over(mine, figures.ended)
    running = over(
        lambda rows: [row for row in mine(rows) if row.state not in WAITING], figures.rows
    )
    return {
        "size": over(len, waiting),
        "processing_rate": figures.rate(over(mine, figures.started)),
        "arrival_rate": estimated(_arrivals(figures, mine)),
        "error_rate": over(error_rate, ended),
        "avg_processing_time": over(mean_duration_ms, ended),
        "oldest_message": over(_oldest, waiting),
        "in_flight": over(len, running),
        "priority_levels": over(_levels, waiting),
    }


def _arrivals(figures: Figures, mine: Any) -> float | Missing:
    """Tasks that became ready since the scrape before, those that ran meanwhile included."""

    def rate(window: Window, waiting: Sequence[TaskInstance]) -> float:
        since = figures.snapshot.at - timedelta(seconds=window.seconds)
        rows = mine((*waiting, *window.started))
        arrived = {row.key for row in rows if row.ready_at is not None and row.ready_at > since}
        return len(arrived) / window.seconds

    return combine(rate, figures.snapshot.window, figures.waiting)


def _oldest(rows: Sequence[TaskInstance]) -> Any:
    times = [row.ready_at for row in rows if row.ready_at]
    return min(times) if times else Missing("no task waits in it")


def _levels(rows: Sequence[TaskInstance]) -> dict[str, int]:
    counts = Counter(row.priority_weight or 0 for row in rows)
    return {str(weight): count for weight, count in sorted(counts.items())}
