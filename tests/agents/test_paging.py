"""Large pools in pages: every worker in one page, every page in a message."""

import pytest

from agents.paging import PAGE_WORKERS, paged
from contracts.topics import encode
from contracts.worker_pool import WorkerPoolMetrics
from tests.records import orchestrator_record, pool_record, worker


def large(workers: int, **labels: str) -> WorkerPoolMetrics:
    # Not in order: sources promise none.
    names = [f"w{(number * 7) % workers:05}" for number in range(workers)]
    return pool_record(workers=tuple(worker(name, labels=labels) for name in names))


def pages_of(record: WorkerPoolMetrics, max_bytes: int | None = None) -> list[WorkerPoolMetrics]:
    pages = paged(record, max_bytes)
    assert all(isinstance(page, WorkerPoolMetrics) for page in pages)
    return [page for page in pages if isinstance(page, WorkerPoolMetrics)]


@pytest.mark.parametrize("workers", [1, PAGE_WORKERS])
def test_what_fits_stays_whole(workers: int) -> None:
    record = large(workers)

    assert paged(record) == (record,)


def test_other_records_and_unknown_workers_stay_whole() -> None:
    unknown, none = pool_record(workers=None), pool_record(workers=())

    assert paged(orchestrator_record(), 1) == (orchestrator_record(),)
    assert (paged(unknown, 1), paged(none, 1)) == ((unknown,), (none,))


@pytest.mark.parametrize(("max_bytes", "labels"), [(None, {}), (40_000, {"x": "y" * 100})])
def test_pages_hold_every_worker_once_in_ranges_that_meet(
    max_bytes: int | None, labels: dict[str, str]
) -> None:
    record = large(1_301, **labels)
    pages = pages_of(record, max_bytes)

    listed = [each.id for page in pages for each in page.workers or ()]
    bounds = [page.page for page in pages if page.page]
    assert sorted(each.id for each in record.workers or ()) == listed
    assert [(each.number, each.pages) for each in bounds] == [
        (number, len(pages)) for number in range(1, len(pages) + 1)
    ]
    assert [each.up_to for each in bounds[:-1]] == [each.after for each in bounds[1:]]
    assert (bounds[0].after, bounds[-1].up_to) == (None, None)
    assert all(
        (limits.after or "") < each.id <= (limits.up_to or each.id)
        for page, limits in zip(pages, bounds, strict=True)
        for each in page.workers or ()
    )
    assert max_bytes is None or max(len(encode(page)) for page in pages) <= max_bytes


def test_ids_name_pages_and_the_first_names_the_sample() -> None:
    record = large(1_200)
    pages = pages_of(record)

    assert pages[0].id == record.id
    assert len({page.id for page in pages}) == 3
    assert [page.id for page in pages_of(record)] == [page.id for page in pages]
    assert [whole(page) for page in pages] == [whole(record)] * 3


def whole(record: WorkerPoolMetrics) -> WorkerPoolMetrics:
    """What all pages have in common."""
    return record.model_copy(update={"id": None, "workers": None, "page": None})
