"""What waits for what: workflows for their turn, locks, nodes; what the controller looks at."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from uuid import UUID

from agents.argo.figures import Figures, oldest_of
from agents.argo.locks import Lock
from agents.argo.metrics import Workqueue, workqueues
from agents.argo.state import WorkflowState
from agents.argo.tally import NAMESPACE_LIMIT
from agents.missing import Gaps, Missing, combine, known_or, over
from contracts.identity import queue_id
from contracts.orchestrator import QueueInfo, QueueMetrics, QueueType

__all__ = ["build_queuing"]

MOST_LOCKS = MOST_NAMESPACES = 200
"""Locks and namespaces that get a queue of their own, those for which most wait first."""

NOT_FAILED = Missing("what waits has not failed")
NOT_COUNTED = Missing("the API does not count it")
GIVEN_UP = Missing("a workflow that failed is over: execution counts it")


def build_queuing(figures: Figures, orchestrator: UUID, gaps: Gaps) -> QueueMetrics:
    waits = over(lambda each: each.mean_ms, figures.waits)
    held = combine(lambda waiting, taken: waiting + len(taken), figures.backlog, figures.taken)
    return gaps.fill(
        QueueMetrics,
        "/queuing",
        queues=over(lambda _: _queues(figures, orchestrator, gaps), figures.snapshot.workflows),
        total_messages=held,
        processing_rate=figures.begin_rate,
        backlog_size=figures.backlog,
        avg_wait_time=waits,
        max_wait_time=figures.longest_wait_ms,
        dead_letter_count=GIVEN_UP,
        poison_message_count=over(
            lambda pods: sum(each.stuck is not None for each in pods), figures.snapshot.pods
        ),
        queue_latency=waits,
        throughput=figures.begin_rate,
    )


def _queues(figures: Figures, orchestrator: UUID, gaps: Gaps) -> tuple[QueueInfo, ...]:
    parts = [
        _workflows(figures),
        _pods(figures),
        *_namespaces(figures),
        *_locks(figures),
        *_controller(figures),
    ]
    infos = tuple(
        gaps.fill(
            QueueInfo,
            f"/queuing/queues/{index}",
            id=queue_id(orchestrator, str(values["name"])),
            priority_levels={},
            **values,
        )
        for index, values in enumerate(parts)
    )
    gaps.shorten("/queuing/queues", len(infos))
    return infos


def _workflows(figures: Figures) -> dict[str, object]:
    """Those that want to begin, in the order of priority and age."""
    came = over(lambda tally: tally.came, figures.snapshot.happened)
    return {
        "name": "workflows",
        "type": QueueType.PRIORITY,
        "size": figures.backlog,
        "consumers": figures.total_slots,
        "processing_rate": figures.begin_rate,
        "arrival_rate": combine(
            lambda count, seconds: count / seconds, came, figures.snapshot.seconds
        ),
        "error_rate": figures.failure_rate,
        "avg_processing_time": figures.duration_ms,
        "oldest_message": over(oldest_of, figures.pending),
        "in_flight": over(len, figures.taken),
    }


def _pods(figures: Figures) -> dict[str, object]:
    """Pods of steps that want a node."""
    return {
        "name": "pods",
        "type": QueueType.PRIORITY,
        "size": over(len, figures.unplaced),
        "consumers": Missing("nodes are read by the Kubernetes agent"),
        "processing_rate": combine(
            lambda found, seconds: len(found) / seconds, figures.placed, figures.snapshot.seconds
        ),
        "arrival_rate": NOT_COUNTED,
        "error_rate": NOT_FAILED,
        "avg_processing_time": NOT_COUNTED,
        "oldest_message": over(oldest_of, figures.unplaced),
        "in_flight": over(len, figures.working),
    }


def _namespaces(figures: Figures) -> Iterator[dict[str, object]]:
    """Those with a limit, for which most wait first."""
    waiting: dict[str, list[WorkflowState]] = defaultdict(list)
    for each in known_or(figures.pending, ()):
        if figures.cause_of(each) == NAMESPACE_LIMIT:
            waiting[each.namespace].append(each)
    found = sorted(figures.limits_within, key=lambda name: (-len(waiting[name]), name))
    for name in found[:MOST_NAMESPACES]:
        yield _namespace(figures, name, waiting[name])


def _namespace(figures: Figures, name: str, waiting: Sequence[WorkflowState]) -> dict[str, object]:
    return {
        "name": f"namespace/{name}",
        "type": QueueType.PRIORITY,
        "size": len(waiting),
        "consumers": figures.limit_within(name),
        "processing_rate": NOT_COUNTED,
        "arrival_rate": NOT_COUNTED,
        "error_rate": NOT_FAILED,
        "avg_processing_time": NOT_COUNTED,
        "oldest_message": oldest_of(waiting),
        "in_flight": over(lambda taken: taken.get(name, 0), figures.taken_within),
    }


def _locks(figures: Figures) -> Iterator[dict[str, object]]:
    found = list(known_or(figures.locks, ()))
    found.sort(key=lambda lock: (-len(lock.waiting), lock.name))
    for lock in found[:MOST_LOCKS]:
        yield _lock(lock)


def _lock(lock: Lock) -> dict[str, object]:
    return {
        "name": f"lock/{lock.name}",
        "type": QueueType.PRIORITY,
        "size": len(lock.waiting),
        "consumers": lock.limit,
        "processing_rate": NOT_COUNTED,
        "arrival_rate": NOT_COUNTED,
        "error_rate": NOT_FAILED,
        "avg_processing_time": NOT_COUNTED,
        "oldest_message": oldest_of(lock.waiting),
        "in_flight": len(lock.holders),
    }


def _controller(figures: Figures) -> Iterator[dict[str, object]]:
    """Only where its metrics are read."""
    snapshot = figures.snapshot
    for queue in known_or(workqueues(snapshot.metrics, snapshot.gained), ()):
        yield _workqueue(figures, queue)


def _workqueue(figures: Figures, queue: Workqueue) -> dict[str, object]:
    def rate(count: float | Missing) -> float | Missing:
        return combine(lambda done, gained: done / gained.seconds, count, figures.snapshot.gained)

    return {
        "name": f"controller/{queue.name}",
        "type": QueueType.FIFO,
        "size": queue.depth,
        "consumers": Missing("its workers are set by flags of the controller, which are not read"),
        "processing_rate": rate(queue.done),
        "arrival_rate": rate(queue.adds),
        "error_rate": NOT_COUNTED,
        "avg_processing_time": queue.work_ms,
        "oldest_message": NOT_COUNTED,
        "in_flight": queue.busy,
    }
