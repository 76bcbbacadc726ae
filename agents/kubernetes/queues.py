"""What waits for a node, by priority class, and what waits for quota before it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from uuid import UUID

from agents.kubernetes.cluster_queues import build_cluster_queues
from agents.kubernetes.figures import Figures, oldest_of
from agents.kubernetes.state import PodState
from agents.missing import Gaps, Missing, combine, known_or, over
from contracts.identity import queue_id
from contracts.orchestrator import QueueInfo, QueueMetrics, QueueType

__all__ = ["build_queuing"]


def build_queuing(figures: Figures, orchestrator: UUID, gaps: Gaps) -> QueueMetrics:
    waits = over(lambda each: each.mean_ms, figures.waits)
    held = combine(lambda waiting, placed: waiting + placed, figures.backlog, figures.used_slots)
    return gaps.fill(
        QueueMetrics,
        "/queuing",
        queues=over(lambda pods: _queues(figures, pods, orchestrator, gaps), figures.waiting),
        total_messages=held,
        processing_rate=figures.bind_rate,
        backlog_size=figures.backlog,
        avg_wait_time=waits,
        max_wait_time=figures.longest_wait_ms,
        dead_letter_count=figures.given_up,
        poison_message_count=figures.looping,
        queue_latency=waits,
        throughput=figures.bind_rate,
    )


def _queues(
    figures: Figures, pods: Sequence[PodState], orchestrator: UUID, gaps: Gaps
) -> tuple[QueueInfo, ...]:
    """One for each priority class that waits or was placed."""
    by_class: dict[str, list[PodState]] = defaultdict(list)
    for pod in pods:
        by_class[pod.priority_class or str(pod.priority)].append(pod)
    bound = Counter(
        each.pod.priority_class or str(each.pod.priority) for each in known_or(figures.bound, ())
    )
    names = sorted(by_class.keys() | bound.keys() | {"0"})
    infos = tuple(
        gaps.fill(
            QueueInfo,
            f"/queuing/queues/{index}",
            id=queue_id(orchestrator, f"pending/{name}"),
            name=f"pending/{name}",
            type=QueueType.PRIORITY,
            size=len(by_class[name]),
            consumers=over(len, figures.usable),
            processing_rate=_rate(bound[name], figures),
            arrival_rate=Missing("pods that came are not counted by their class"),
            error_rate=Missing("a pod that waits has not failed"),
            avg_processing_time=Missing("pods run as long as they like"),
            oldest_message=oldest_of(by_class[name]),
            in_flight=Missing("a pod that has its node is in no queue"),
            priority_levels={name: len(by_class[name])},
        )
        for index, name in enumerate(names)
    )
    for_quota = build_cluster_queues(figures, orchestrator, len(infos), gaps)
    gaps.shorten("/queuing/queues", len(infos) + len(for_quota))
    return (*infos, *for_quota)


def _rate(count: int, figures: Figures) -> float | Missing:
    return over(lambda seconds: count / seconds, figures.snapshot.seconds)
