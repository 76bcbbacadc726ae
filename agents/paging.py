"""Large pools in pages: a record with very many workers becomes several that fit into a message."""

from collections.abc import Iterator, Sequence
from uuid import uuid5

from contracts.topics import PublishedRecord, encode
from contracts.worker_pool import WorkerInstance, WorkerPage, WorkerPoolMetrics

__all__ = ["paged"]

PAGE_WORKERS = 500


def paged(
    record: PublishedRecord, max_bytes: int | None = None, max_workers: int = PAGE_WORKERS
) -> Sequence[PublishedRecord]:
    """The record, or the pages of a pool with more than `max_workers` workers.

    Pages are halved until each is at most `max_bytes` long, or has one worker. The first keeps
    the id of the sample; the others have ids that follow from it.
    """
    if not isinstance(record, WorkerPoolMetrics) or not record.workers:
        return (record,)
    if len(record.workers) <= max_workers and _fits(record, max_bytes):
        return (record,)
    workers = sorted(record.workers, key=lambda worker: worker.id)
    parts = [
        part
        for first in range(0, len(workers), max_workers)
        for part in _fitting(record, workers[first : first + max_workers], max_bytes)
    ]
    ends = (None, *(part[-1].id for part in parts[:-1]), None)
    return tuple(
        record.model_copy(
            update={
                "id": record.id if number == 1 else uuid5(record.id, f"page {number}"),
                "workers": tuple(part),
                "page": WorkerPage(
                    number=number, pages=len(parts), after=ends[number - 1], up_to=ends[number]
                ),
            }
        )
        for number, part in enumerate(parts, 1)
    )


def _fitting(
    record: WorkerPoolMetrics, workers: Sequence[WorkerInstance], max_bytes: int | None
) -> Iterator[Sequence[WorkerInstance]]:
    if len(workers) == 1 or _fits(record.model_copy(update={"workers": tuple(workers)}), max_bytes):
        yield workers
        return
    middle = len(workers) // 2
    yield from _fitting(record, workers[:middle], max_bytes)
    yield from _fitting(record, workers[middle:], max_bytes)


def _fits(record: WorkerPoolMetrics, max_bytes: int | None) -> bool:
    return max_bytes is None or len(encode(record)) + PAGE_BYTES <= max_bytes


PAGE_BYTES = 8_192
"""Room for the page's own fields, whose two ids may be 255 characters, and for headers."""
