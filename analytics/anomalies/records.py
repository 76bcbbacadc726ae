"""The histories of a pool's workers from its records."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from analytics.anomalies.histories import WorkerHistory
from contracts.worker_pool import WorkerInstance, WorkerPoolMetrics

__all__ = ["worker_histories"]

Sample = tuple[datetime, WorkerInstance]


def worker_histories(records: Iterable[WorkerPoolMetrics]) -> list[WorkerHistory]:
    """One history a worker of one pool's records, which may come in any order, doubled, paged.

    Levels are as they were told. `tasks_per_s` and `failed_tasks_ratio` are of the time since the
    sample before; unknown where a total fell (the worker was restarted) or is not known.
    """
    samples: dict[str, dict[datetime, WorkerInstance]] = {}
    for record in records:
        for worker in record.workers or ():
            samples.setdefault(worker.id, {})[record.collected_at] = worker
    return [_history(name, sorted(each.items(), key=_at)) for name, each in samples.items()]


def _at(sample: Sample) -> datetime:
    return sample[0]


def _history(name: str, samples: Sequence[Sample]) -> WorkerHistory:
    workers = [worker for _, worker in samples]
    rates, failed = zip(*_changes(samples), strict=True)
    return WorkerHistory(
        worker_id=name,
        at=[at for at, _ in samples],
        metrics={
            "cpu_usage": [each.cpu_usage for each in workers],
            "memory_usage": [each.memory_usage for each in workers],
            "disk_usage": [each.disk_usage for each in workers],
            "network_usage": [each.network_usage for each in workers],
            "used_slots_ratio": [_used_slots_ratio(each) for each in workers],
            "tasks_per_s": rates,
            "failed_tasks_ratio": failed,
        },
    )


def _used_slots_ratio(worker: WorkerInstance) -> float | None:
    if worker.used_slots is None or not worker.total_slots:
        return None
    return worker.used_slots / worker.total_slots


def _changes(samples: Sequence[Sample]) -> Iterator[tuple[float | None, float | None]]:
    """Tasks ended a second, and the share of them that failed."""
    yield None, None
    for (before_at, before), (at, worker) in pairwise(samples):
        completed = _increase(before.tasks_completed, worker.tasks_completed)
        failures = _increase(before.tasks_failed, worker.tasks_failed)
        if completed is None or failures is None:
            yield None, None
        else:
            ended = completed + failures
            yield ended / (at - before_at).total_seconds(), failures / ended if ended else None


def _increase(before: int | None, after: int | None) -> int | None:
    if before is None or after is None or after < before:
        return None
    return after - before
