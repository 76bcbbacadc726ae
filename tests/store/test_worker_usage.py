"""What an agent beside a worker tells is merged into it, however and whenever it comes."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from agents.paging import paged
from contracts.orchestrator import Metadata
from contracts.topics import PublishedRecord
from contracts.worker_pool import WorkerInstance
from contracts.worker_usage import USAGES
from store.engine import create_read_engine
from store.freshness import SectionState
from store.partitions import maintain
from store.reads import Reads
from store.rows import WorkerRow
from store.settings import RetentionSettings
from store.write import Writer
from tests.records import NOON, pool_record, usage_record
from tests.store.database import STATE_TABLES, Contents, Pool, contents, execute, rows, value
from tests.store.samples import LATER, after_noon, with_workers

POOL = pool_record().pool_id
OUTAGE: dict[str, object] = {
    **dict.fromkeys(USAGES),
    "metadata": Metadata(interval_s=15, unavailable={"": "unreachable: it is away"}),
}


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_read_engine(database_url)
    yield engine
    await engine.dispose()


async def worker_rows(engine: AsyncEngine) -> dict[str, WorkerRow]:
    page = await Reads(engine).workers(POOL, None, 100)
    return {row.worker.id: row for row in page.items}


def usages(worker: WorkerInstance) -> tuple[float | None, ...]:
    return tuple(getattr(worker, name) for name in USAGES)


TOLD = (0.375, 0.625, 0.125, 4_096.5)


async def test_usage_is_merged_into_its_worker_alone(writer: Writer, engine: AsyncEngine) -> None:
    record = with_workers("w1", "w2")

    result = await writer.write([record, usage_record("w1")])

    found = await worker_rows(engine)
    assert result.inserted == 2
    assert usages(found["w1"].at(NOON)) == TOLD
    assert found["w2"].usage is None
    before = {worker.id: worker for worker in record.workers or ()}
    assert found["w2"].at(NOON) == before["w2"]
    unchanged = before["w1"].model_dump(exclude=set(USAGES))
    assert found["w1"].at(NOON).model_dump(exclude=set(USAGES)) == unchanged


async def test_what_is_not_told_stays_the_pool_record_s(
    writer: Writer, engine: AsyncEngine
) -> None:
    record = pool_record()
    known = (record.workers or ())[0]
    await writer.write([record, usage_record(known.id, cpu_usage=None, disk_usage=None)])

    row = (await worker_rows(engine))[known.id]

    expected = (known.cpu_usage, 0.625, known.disk_usage, 4_096.5)
    assert usages(row.at(NOON)) == expected
    assert known.cpu_usage is not None


async def test_next_record_of_the_pool_leaves_it(writer: Writer, engine: AsyncEngine) -> None:
    await writer.write([with_workers("w1"), usage_record("w1")])

    await writer.write([with_workers("w1", "w2", at_s=15)])

    assert usages((await worker_rows(engine))["w1"].at(LATER)) == TOLD


async def test_stale_usage_counts_as_unknown(writer: Writer, engine: AsyncEngine) -> None:
    worker = WorkerInstance(id="w1", status="idle", cpu_usage=0.25)
    await writer.write([pool_record(workers=(worker,)), usage_record("w1")])

    row = (await worker_rows(engine))["w1"]

    assert usages(row.at(after_noon(45))) == TOLD
    assert usages(row.at(after_noon(46))) == (0.25, None, None, None)
    assert row.usage is not None
    assert row.usage.seen.state(after_noon(46)) is SectionState.STALE


async def test_outage_beside_the_worker_is_unknown_with_its_reason(
    writer: Writer, engine: AsyncEngine
) -> None:
    worker = WorkerInstance(id="w1", status="idle")
    await writer.write([pool_record(workers=(worker,)), usage_record("w1")])

    await writer.write([usage_record("w1", collected_at=LATER, **OUTAGE)])

    row = (await worker_rows(engine))["w1"]
    assert usages(row.at(LATER)) == (None, None, None, None)
    assert row.usage is not None
    assert row.usage.seen.state(LATER) is SectionState.ERROR
    assert row.usage.unavailable == {"": "unreachable: it is away"}


async def test_worker_of_two_pools_has_one_usage(writer: Writer, pool: Pool) -> None:
    one, two = with_workers("w1"), pool_record(pool_name="other")
    two = two.model_copy(update={"workers": one.workers})
    await writer.write([one, two])
    await execute(pool, "DELETE FROM outbox")

    await writer.write([usage_record("w1"), usage_record("unheard of")])

    told = {row["topic"] for row in await rows(pool, "outbox")}
    assert told == {f"worker-pool:{one.pool_id}", f"worker-pool:{two.pool_id}"}


async def test_late_and_repeated_usages_change_nothing(pool: Pool, writer: Writer) -> None:
    newest = usage_record("w1", collected_at=LATER, cpu_usage=0.5)
    await writer.write([newest])
    before = await contents(pool)

    late = await writer.write([usage_record("w1")])
    again = await writer.write([newest, newest])

    assert (late.inserted, late.duplicates) == (0, 1)
    assert (again.inserted, again.duplicates) == (0, 2)
    assert await contents(pool) == before


async def test_usage_of_nobody_goes_after_a_day(pool: Pool, writer: Writer) -> None:
    await writer.write([usage_record("w1"), usage_record("w2", collected_at=LATER)])

    report = await maintain(pool, LATER + timedelta(days=1), RetentionSettings())

    assert report.trimmed_usages == 1
    assert await value(pool, "SELECT worker_id FROM worker_usage_latest") == "w2"


def pages(*names: str, at_s: int) -> list[PublishedRecord]:
    """Two workers a page."""
    return list(paged(with_workers(*names, at_s=at_s), max_workers=2))


FIRST = with_workers("w1", "w2", "w3", "w4")
"""Further pages of a pool that was never heard of are left out: one sample comes before all."""

RECORDS: tuple[PublishedRecord, ...] = (
    FIRST,
    usage_record("w1"),
    usage_record("w3"),
    usage_record("w3", collected_at=after_noon(7), **OUTAGE),
    *pages("w1", "w3", "w5", at_s=15),
    usage_record("w1", collected_at=after_noon(16), cpu_usage=0.5, network_usage=None),
    usage_record("w5", collected_at=after_noon(16)),
    usage_record("w9", collected_at=after_noon(17)),
)


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[PublishedRecord]]:
    """All records in some order, some more than once, cut into batches."""
    repeated = draw(st.lists(st.sampled_from(range(len(RECORDS))), max_size=10))
    order = draw(st.permutations([*range(len(RECORDS)), *repeated]))
    cuts = draw(st.sets(st.integers(1, len(order) - 1), max_size=6))
    edges = [0, *sorted(cuts), len(order)]
    return [[RECORDS[i] for i in order[start:end]] for start, end in pairwise(edges)]


async def write_anew(pool: Pool, batches: Sequence[Sequence[PublishedRecord]]) -> Contents:
    await execute(pool, "; ".join(f"DELETE FROM {table}" for table in reversed(STATE_TABLES)))
    for records in ([FIRST], *batches):
        await Writer(pool).write(records)
    return await contents(pool)


@pytest.fixture
async def in_time(pool: Pool) -> Contents:
    """What all records leave when each comes once and in time."""
    return await write_anew(pool, [[record] for record in RECORDS])


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches=deliveries())
async def test_order_and_repetition_do_not_matter(
    pool: Pool, in_time: Contents, batches: list[list[PublishedRecord]]
) -> None:
    assert await write_anew(pool, batches) == in_time
    assert {row["worker_id"] for row in in_time["worker_instances"]} == {"w1", "w3", "w5"}
    told = {row["worker_id"]: row["cpu_usage"] for row in in_time["worker_usage_latest"]}
    assert told == {"w1": 0.5, "w3": None, "w5": 0.375, "w9": 0.375}
