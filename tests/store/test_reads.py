"""What readers get back of what was written."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.orchestrator import (
    CapacityMetrics,
    LatencyHistogram,
    Metadata,
    OrchestratorMetrics,
    QueueMetrics,
    SchedulingPerformance,
)
from contracts.worker_pool import WorkerStatus
from store.connection import Connection
from store.engine import create_read_engine
from store.freshness import SectionState
from store.queries import After
from store.reads import Range, Reads
from store.tables import DECLARED
from store.write import Writer
from tests.records import NOON, orchestrator_record, outage_record, pool_record, queue

LATER = NOON + timedelta(seconds=15)
HISTOGRAM = LatencyHistogram(bounds_ms=(10.0, 100.0), counts=(1, 2, 3), sum_ms=600.0)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_read_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
def reads(engine: AsyncEngine) -> Reads:
    return Reads(engine)


@pytest.fixture
def writer(pool: AsyncConnectionPool[Connection]) -> Writer:
    return Writer(pool)


def sorted_queues(record: OrchestratorMetrics) -> OrchestratorMetrics:
    """The record with its queues by name, the order in which they are read."""
    assert record.queuing is not None
    assert record.queuing.queues is not None
    queues = tuple(sorted(record.queuing.queues, key=lambda queue: queue.name))
    queuing = record.queuing.model_copy(update={"queues": queues})
    return record.model_copy(update={"queuing": queuing})


def without_sections(**overrides: object) -> OrchestratorMetrics:
    names = ("capacity", "scheduling", "queuing", "execution", "resources")
    nothing: dict[str, object] = dict.fromkeys((*names, "networking", "persistence"))
    return orchestrator_record(**(nothing | overrides))


def at(seconds: float, **overrides: object) -> OrchestratorMetrics:
    return orchestrator_record(collected_at=NOON + timedelta(seconds=seconds), **overrides)


def asked(seconds: float = 120, now_s: float = 119) -> Range:
    return Range(seconds=seconds, max_points=300, now=NOON + timedelta(seconds=now_s))


async def test_every_declared_column_exists(engine: AsyncEngine) -> None:
    query = text(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public'"
    )
    async with engine.connect() as connection:
        existing = {tuple(row) for row in await connection.execute(query)}
    declared = {(table.name, column.name) for table in DECLARED for column in table.c}

    assert declared - existing == set()


async def test_newest_record_comes_back_as_it_was_published(reads: Reads, writer: Writer) -> None:
    older, newest = orchestrator_record(), orchestrator_record(collected_at=LATER)
    await writer.write([older, newest])

    assert await reads.latest_record(newest.orchestrator_id) == sorted_queues(newest)


async def test_an_outage_comes_back_as_an_outage(reads: Reads, writer: Writer) -> None:
    outage = outage_record(collected_at=LATER)
    await writer.write([orchestrator_record(), outage])

    assert await reads.latest_record(outage.orchestrator_id) == outage


async def test_an_outage_leaves_the_last_good_sections_with_their_dates(
    reads: Reads, writer: Writer
) -> None:
    good = sorted_queues(orchestrator_record())
    await writer.write([good, outage_record(collected_at=LATER)])
    latest = await reads.latest(good.orchestrator_id, queues=True)

    assert latest is not None
    assert latest.outage
    assert latest.record.capacity == good.capacity
    assert latest.record.queuing == good.queuing
    assert latest.section_times["capacity"] == NOON
    assert latest.observation("capacity").state(LATER) is SectionState.ERROR


async def test_unknown_queues_stay_null(reads: Reads, writer: Writer) -> None:
    record = orchestrator_record(queuing=QueueMetrics(queues=None, backlog_size=4))
    await writer.write([record])

    assert await reads.latest_record(record.orchestrator_id) == record


async def test_no_queues_stay_an_empty_list(reads: Reads, writer: Writer) -> None:
    record = orchestrator_record(queuing=QueueMetrics(queues=(), backlog_size=0))
    await writer.write([record])

    assert await reads.latest_record(record.orchestrator_id) == record


async def test_queues_that_a_newer_record_could_not_list_are_not_joined_to_it(
    reads: Reads, writer: Writer
) -> None:
    newest = orchestrator_record(
        collected_at=LATER, queuing=QueueMetrics(queues=None, backlog_size=4)
    )
    await writer.write([orchestrator_record(), newest])
    found = await reads.queues(newest.orchestrator_id, 10)

    assert await reads.latest_record(newest.orchestrator_id) == newest
    assert {row.seen.state(LATER) for row in found.items} == {SectionState.ERROR}


async def test_a_healthy_orchestrator_without_sections_is_no_outage(
    reads: Reads, writer: Writer
) -> None:
    record = without_sections(metadata=Metadata(interval_s=15.0))
    await writer.write([record])
    latest = await reads.latest(record.orchestrator_id)

    assert latest is not None
    assert not latest.outage
    assert latest.observation("capacity").state(NOON) is SectionState.UNSUPPORTED


async def test_a_partial_record_makes_what_never_came_an_error(
    reads: Reads, writer: Writer
) -> None:
    record = orchestrator_record(capacity=None, metadata=Metadata(interval_s=15.0, partial=True))
    await writer.write([record])
    latest = await reads.latest(record.orchestrator_id)

    assert latest is not None
    assert not latest.outage
    assert latest.observation("capacity").state(NOON) is SectionState.ERROR
    assert latest.observation("queuing").state(NOON) is SectionState.OK


async def test_nobody_is_found_where_nobody_is(reads: Reads) -> None:
    nobody = uuid4()

    assert await reads.latest(nobody) is None
    assert await reads.latest_record(nobody) is None
    assert await reads.queue(nobody) is None
    assert await reads.pool(nobody) is None
    assert (await reads.orchestrators(10)).items == []


async def test_pages_of_orchestrators_are_complete_and_in_order(
    reads: Reads, writer: Writer
) -> None:
    names = [("temporal", "b", "x"), ("custom", "z", "ü"), ("temporal", "a", "y")]
    names.append(("argo", "a", "1"))
    await writer.write(
        [
            orchestrator_record(orchestrator_type=kind, cluster_name=cluster, instance_id=instance)
            for kind, cluster, instance in names
        ]
    )
    found: list[tuple[str, str, str]] = []
    after: After | None = None
    while True:
        page = await reads.orchestrators(1, after)
        found += [
            (item.record.orchestrator_type, item.record.cluster_name, item.record.instance_id)
            for item in page.items
        ]
        after = page.next_after
        if after is None:
            break

    assert found == sorted(names)


async def test_pages_of_queues_keep_to_their_orchestrator(reads: Reads, writer: Writer) -> None:
    mine = orchestrator_record()
    other = orchestrator_record(instance_id="other")
    await writer.write([mine, other])
    first = await reads.queues(mine.orchestrator_id, 2)
    second = await reads.queues(mine.orchestrator_id, 2, first.next_after)
    names = [row.info.name for row in first.items + second.items]

    assert names == ["invoices", "mail", "orders"]
    assert second.next_after is None
    assert len((await reads.queues(None, 100)).items) == 6


async def test_a_queue_has_the_values_of_its_record(reads: Reads, writer: Writer) -> None:
    record = orchestrator_record()
    written = queue(record.orchestrator_id, "orders")
    await writer.write([record])
    assert written.id is not None
    row = await reads.queue(written.id)

    assert row is not None
    assert row.info == written
    assert row.orchestrator_id == record.orchestrator_id


async def test_a_pool_has_the_values_of_its_record(reads: Reads, writer: Writer) -> None:
    record = pool_record()
    await writer.write([orchestrator_record(), record])
    row = await reads.pool(record.pool_id)

    assert row is not None
    assert row.pool == record.model_copy(update={"workers": None})
    assert row.seen.state(NOON) is SectionState.OK


async def test_a_pool_may_be_known_before_its_orchestrator(reads: Reads, writer: Writer) -> None:
    record = pool_record()
    await writer.write([record])
    row = await reads.pool(record.pool_id)

    assert row is not None
    assert row.seen.state(NOON) is SectionState.OK


async def test_an_outage_of_the_orchestrator_makes_its_pools_and_workers_errors(
    reads: Reads, writer: Writer
) -> None:
    record = pool_record()
    await writer.write([orchestrator_record(), record, outage_record(collected_at=LATER)])
    pools = await reads.pools(record.orchestrator_id, 10)
    workers = await reads.workers(record.pool_id, None, 10)

    assert [row.seen.state(LATER) for row in pools.items] == [SectionState.ERROR]
    assert {row.seen.state(LATER) for row in workers.items} == {SectionState.ERROR}


async def test_workers_have_the_values_of_their_record(reads: Reads, writer: Writer) -> None:
    record = pool_record()
    await writer.write([orchestrator_record(), record])
    found = await reads.workers(record.pool_id, None, 10)

    assert tuple(row.worker for row in found.items) == record.workers
    assert {row.seen.state(NOON) for row in found.items} == {SectionState.OK}


async def test_workers_that_a_newer_record_could_not_list_are_errors(
    reads: Reads, writer: Writer
) -> None:
    newest = pool_record(collected_at=LATER, workers=None)
    await writer.write([orchestrator_record(), pool_record(), newest])
    found = await reads.workers(newest.pool_id, None, 10)

    assert len(found.items) == 3
    assert {row.seen.state(LATER) for row in found.items} == {SectionState.ERROR}


async def test_workers_can_be_asked_for_by_status(reads: Reads, writer: Writer) -> None:
    record = pool_record()
    await writer.write([orchestrator_record(), record])
    found = await reads.workers(record.pool_id, WorkerStatus.BUSY, 10)

    assert [row.worker.id for row in found.items] == ["8@app-1"]


async def test_steps_hold_the_last_gauge_and_the_sum_of_counts(
    reads: Reads, writer: Writer
) -> None:
    first = CapacityMetrics(running_workflows=5, completed_workflows=2, capacity_utilization=0.25)
    second = CapacityMetrics(running_workflows=7, completed_workflows=3, capacity_utilization=0.5)
    record = at(0, capacity=first)
    await writer.write([record, at(15, capacity=second)])
    series = await reads.capacity_series(record.orchestrator_id, asked())

    assert series.window.step_s == 30
    assert series.lines["runningWorkflows"] == [7, None, None, None]
    assert series.lines["completedWorkflows"] == [5, None, None, None]
    assert series.lines["capacityUtilization"] == [0.5, None, None, None]


async def test_a_null_in_a_sample_hides_no_value_and_becomes_none(
    reads: Reads, writer: Writer
) -> None:
    known = CapacityMetrics(running_workflows=5, completed_workflows=2)
    record = at(0, capacity=known)
    await writer.write([record, at(15, capacity=CapacityMetrics()), at(45, capacity=None)])
    series = await reads.capacity_series(record.orchestrator_id, asked())

    assert series.lines["runningWorkflows"] == [5, None, None, None]
    assert series.lines["completedWorkflows"] == [2, None, None, None]
    assert series.lines["totalSlots"] == [None, None, None, None]


async def test_zero_is_a_value(reads: Reads, writer: Writer) -> None:
    record = at(0, capacity=CapacityMetrics(running_workflows=0, failed_workflows=0))
    await writer.write([record])
    series = await reads.capacity_series(record.orchestrator_id, asked())

    assert series.lines["runningWorkflows"] == [0, None, None, None]
    assert series.lines["failedWorkflows"] == [0, None, None, None]


async def test_a_count_beyond_any_integer_column_stops_no_chart(
    reads: Reads, writer: Writer
) -> None:
    record = at(0, capacity=CapacityMetrics(total_slots=2**62))
    await writer.write([record])
    series = await reads.capacity_series(record.orchestrator_id, asked())

    assert series.lines["totalSlots"] == [2**62, None, None, None]


async def test_longer_intervals_of_an_outage_do_not_coarsen_the_steps(
    reads: Reads, writer: Writer
) -> None:
    outage = outage_record(
        collected_at=NOON + timedelta(seconds=60), metadata=Metadata(interval_s=60.0)
    )
    await writer.write([at(0), outage])
    series = await reads.capacity_series(outage.orchestrator_id, asked())

    assert series.window.step_s == 30


async def test_histograms_of_a_step_are_added(reads: Reads, writer: Writer) -> None:
    scheduling = SchedulingPerformance(latency_histogram=HISTOGRAM, queue_depth=4)
    record = at(0, scheduling=scheduling)
    await writer.write([record, at(15, scheduling=scheduling), at(60, scheduling=scheduling)])
    series = await reads.scheduling_series(record.orchestrator_id, asked())
    twice = LatencyHistogram(bounds_ms=(10.0, 100.0), counts=(2, 4, 6), sum_ms=1200.0)

    assert series.histograms == {NOON: [twice], NOON + timedelta(seconds=60): [HISTOGRAM]}
    assert series.gauges.lines["queueDepth"] == [4, None, 4, None]


async def test_histograms_of_other_bounds_stay_apart(reads: Reads, writer: Writer) -> None:
    other = LatencyHistogram(bounds_ms=(10.0,), counts=(4, 5), sum_ms=90.0)
    record = at(0, scheduling=SchedulingPerformance(latency_histogram=HISTOGRAM))
    changed = at(15, scheduling=SchedulingPerformance(latency_histogram=other))
    await writer.write([record, changed])
    series = await reads.scheduling_series(record.orchestrator_id, asked())

    assert sorted(series.histograms[NOON], key=lambda one: one.sum_ms) == [other, HISTOGRAM]


async def test_a_step_without_a_histogram_has_none(reads: Reads, writer: Writer) -> None:
    record = at(0, scheduling=SchedulingPerformance(queue_depth=4))
    await writer.write([record, at(30, scheduling=None)])
    series = await reads.scheduling_series(record.orchestrator_id, asked())

    assert series.histograms == {}


async def test_a_sample_without_a_histogram_beside_one_with_it_is_left_out(
    reads: Reads, writer: Writer
) -> None:
    record = at(0, scheduling=SchedulingPerformance(latency_histogram=HISTOGRAM))
    await writer.write([record, at(60, scheduling=SchedulingPerformance(queue_depth=4))])
    series = await reads.scheduling_series(record.orchestrator_id, asked())

    assert series.histograms == {NOON: [HISTOGRAM]}


async def test_history_of_a_queue_has_gaps_and_ages(reads: Reads, writer: Writer) -> None:
    owner = orchestrator_record().orchestrator_id
    idle = QueueMetrics(queues=(queue(owner, "orders", size=0, oldest_message=None),))
    record = at(0)
    await writer.write([record, at(60, queuing=idle), at(90, queuing=None)])
    series = await reads.queue_series(owner, _queue_id(owner), asked())

    assert series.lines["size"] == [25, None, 0, None]
    assert series.lines["oldestAgeS"] == [42.0, None, None, None]
    assert series.lines["processingRate"] == [4.5, None, 4.5, None]


async def test_an_item_that_looks_younger_than_now_has_no_negative_age(
    reads: Reads, writer: Writer
) -> None:
    owner = orchestrator_record().orchestrator_id
    ahead = queue(owner, "orders", oldest_message=NOON + timedelta(seconds=1))
    await writer.write([at(0, queuing=QueueMetrics(queues=(ahead,)))])
    series = await reads.queue_series(owner, _queue_id(owner), asked())

    assert series.lines["oldestAgeS"] == [0.0, None, None, None]


async def test_a_record_read_while_others_are_written_is_one_of_them(
    reads: Reads, writer: Writer
) -> None:
    owner = orchestrator_record().orchestrator_id
    records = {}
    for number in range(40):
        queues = tuple(queue(owner, f"queue-{number + extra}") for extra in range(2))
        record = at(number, queuing=QueueMetrics(queues=queues, backlog_size=number))
        records[record.id] = sorted_queues(record)
    await writer.write([next(iter(records.values()))])

    async def write_all() -> None:
        for record in records.values():
            await writer.write([record])

    writing = asyncio.create_task(write_all())
    found = []
    while not writing.done():
        found.append(await reads.latest_record(owner))
    await writing

    assert found
    assert [record for record in found if not record or record != records[record.id]] == []


def _queue_id(owner: UUID) -> UUID:
    identity = queue(owner, "orders").id
    assert identity is not None
    return identity
