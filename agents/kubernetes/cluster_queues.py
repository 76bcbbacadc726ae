"""Kueue's queues as records: what waits for quota before its pods may want nodes."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from agents.kubernetes.figures import Figures
from agents.kubernetes.kueue import LocalQueueState, QuotaState
from agents.missing import Gaps, Missing, combine, known_or, over
from contracts.identity import queue_id
from contracts.orchestrator import QueueInfo, QueueType

__all__ = ["build_cluster_queues", "local_queues"]


def build_cluster_queues(
    figures: Figures, orchestrator: UUID, begin: int, gaps: Gaps
) -> tuple[QueueInfo, ...]:
    """One for each ClusterQueue; they follow the `begin` queues of pods."""
    found = sorted(known_or(figures.snapshot.extras.cluster_queues, ()), key=lambda each: each.name)
    waiting = combine(
        _waiting, figures.snapshot.extras.quota_waits, figures.snapshot.extras.local_queues
    )
    let_in = over(
        lambda tally: Counter(each.cluster_queue for each in tally.admitted),
        figures.snapshot.happened,
    )
    return tuple(
        gaps.fill(
            QueueInfo,
            f"/queuing/queues/{begin + index}",
            id=queue_id(orchestrator, f"kueue/{queue.name}"),
            name=f"kueue/{queue.name}",
            type=QueueType.FIFO if queue.strict else QueueType.PRIORITY,
            size=queue.pending,
            consumers=Missing("quota lets in, not workers"),
            processing_rate=combine(
                lambda counts, seconds, name=queue.name: counts[name] / seconds,  # type: ignore[misc]
                let_in,
                figures.snapshot.seconds,
            ),
            arrival_rate=Missing("workloads that came are not counted"),
            error_rate=Missing("a workload that waits has not failed"),
            avg_processing_time=Missing("jobs run as long as they like"),
            oldest_message=over(lambda by, name=queue.name: _oldest(by.get(name, ())), waiting),  # type: ignore[misc]
            in_flight=queue.reserving,
            priority_levels=over(lambda by, name=queue.name: _levels(by.get(name, ())), waiting),  # type: ignore[misc]
        )
        for index, queue in enumerate(found)
    )


def _waiting(
    workloads: Sequence[QuotaState], queues: Sequence[LocalQueueState]
) -> Mapping[str, Sequence[QuotaState]]:
    """By the ClusterQueue that their LocalQueue leads to."""
    leads = {queue.name: queue.cluster_queue for queue in queues}
    found: dict[str, list[QuotaState]] = defaultdict(list)
    for each in workloads:
        if each.waits:
            found[leads.get(each.queue, "")].append(each)
    return found


def _oldest(waiting: Sequence[QuotaState]) -> datetime | Missing:
    times = [each.since for each in waiting if each.since]
    return min(times) if times else Missing("no workload waits")


def _levels(waiting: Sequence[QuotaState]) -> dict[str, int]:
    return dict(Counter(str(each.priority) for each in waiting))


def local_queues(figures: Figures) -> dict[str, Any] | None:
    """For the cluster's own part of the metadata."""
    found = figures.snapshot.extras.local_queues
    if isinstance(found, Missing):
        return None
    return {
        each.name: {
            "clusterQueue": each.cluster_queue,
            "pending": each.pending,
            "admitted": each.admitted,
        }
        for each in found
    }
