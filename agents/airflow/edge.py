"""Workers of the Edge executor: the one whose provider lists them."""

from collections.abc import Sequence
from datetime import timedelta

from agents.airflow.figures import Figures
from agents.airflow.snapshot import Edge
from agents.airflow.wire import EdgeJob, EdgeWorker
from agents.missing import Missing, over
from contracts.worker_pool import WorkerInstance, WorkerStatus

__all__ = ["consumers", "edge_loads", "edge_slots", "edge_workers"]

SILENT = "unknown"
ENDED = ("offline", "offline maintenance")
ENDING = (
    "shutdown request",
    "terminating",
    "maintenance request",
    "maintenance pending",
    "maintenance mode",
)
FORGOTTEN_AFTER = timedelta(hours=1)
"""The provider lists a worker that fell silent until somebody removes it."""

NO_CONCURRENCY = Missing("a worker does not tell its concurrency")


def edge_workers(figures: Figures) -> list[WorkerInstance] | Missing:
    """Those that did not end, and did not fall silent an hour ago."""
    return over(
        lambda edge: [_worker(figures, each, edge) for each in _present(figures, edge)],
        figures.snapshot.edge,
    )


def edge_slots(figures: Figures) -> int | Missing:
    """Concurrency of the workers that are heard of."""

    def total(edge: Edge) -> int | Missing:
        told = [each.sysinfo.concurrency for each in _heard(figures, edge)]
        known = [each for each in told if each is not None]
        return sum(known) if len(known) == len(told) else NO_CONCURRENCY

    return over(total, figures.snapshot.edge)


def edge_loads(figures: Figures) -> dict[str, float] | Missing:
    """Running tasks of each worker that is heard of."""
    return over(
        lambda edge: {
            f"edge/{each.worker_name}": float(len(_jobs(each, edge)))
            for each in _heard(figures, edge)
        },
        figures.snapshot.edge,
    )


def consumers(figures: Figures, queue: str) -> int | Missing:
    """Workers that take from a queue: those without queues of their own take from every one."""

    def count(edge: Edge) -> int:
        takers = [each for each in _heard(figures, edge) if each.state not in ENDING]
        return sum(each.queues is None or queue in each.queues for each in takers)

    return over(count, figures.snapshot.edge)


def _present(figures: Figures, edge: Edge) -> list[EdgeWorker]:
    since = figures.snapshot.at - FORGOTTEN_AFTER
    return [
        each
        for each in edge.workers
        if each.state not in ENDED and (each.last_heartbeat is None or each.last_heartbeat > since)
    ]


def _heard(figures: Figures, edge: Edge) -> list[EdgeWorker]:
    return [each for each in _present(figures, edge) if each.state != SILENT]


def _jobs(worker: EdgeWorker, edge: Edge) -> list[EdgeJob]:
    """Of the provider's list: what the worker itself says is of its last heartbeat."""
    return [each for each in edge.running if each.edge_worker == worker.worker_name]


def _worker(figures: Figures, worker: EdgeWorker, edge: Edge) -> WorkerInstance:
    totals, name = figures.snapshot.totals, worker.worker_name
    jobs = _jobs(worker, edge)
    seen = name in totals.completed or name in totals.failed
    return WorkerInstance(
        id=f"edge/{name}",
        hostname=name,
        status=_status(worker, len(jobs)),
        current_task=_current(jobs),
        tasks_completed=totals.completed.get(name, 0) if seen else None,
        tasks_failed=totals.failed.get(name, 0) if seen else None,
        last_heartbeat=worker.last_heartbeat,
        used_slots=len(jobs),
        total_slots=worker.sysinfo.concurrency,
        labels={
            "host": name,
            "known": "listed",
            "state": worker.state,
            "queues": "all" if worker.queues is None else ",".join(worker.queues),
        },
    )


def _status(worker: EdgeWorker, jobs: int) -> WorkerStatus:
    """In maintenance it ends what it has, and takes nothing more."""
    if worker.state == SILENT:
        return WorkerStatus.FAILED
    if worker.state in ENDING:
        return WorkerStatus.TERMINATING
    if not jobs:
        return WorkerStatus.IDLE
    slots = worker.sysinfo.concurrency
    return WorkerStatus.BUSY if slots is not None and jobs >= slots else WorkerStatus.ACTIVE


def _current(running: Sequence[EdgeJob]) -> str | None:
    if not running:
        return None
    more = f" and {len(running) - 1} more" if len(running) > 1 else ""
    return f"{running[0].name}{more}"
