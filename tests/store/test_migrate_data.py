"""A database of the first release, with data in it, answers after its upgrade as it did before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.worker_pool import WorkerInstance
from store.charts import CAPACITY, LATENCIES, QUEUE, SCHEDULING, Chart, Resolution
from store.connection import connect
from store.engine import create_read_engine
from store.migrate import SchemaFiles, migrate
from store.reads import Range, Reads
from store.series import History, bucket_count, histograms, stepped
from store.tables import WORKER_INSTANCES
from store.tokens import Tokens
from store.window import Window
from tests.records import NOON, pool_record, queue
from tests.store.database import worker_of_row
from tests.store.samples import OWNER

DATA = Path(__file__).with_name("release_0001.sql").read_text()
TOKEN = "a-token-of-the-first-release-0001"
SHIPPED = SchemaFiles.shipped()
POOL = pool_record().pool_id
HALF_A_MINUTE = Range(seconds=5_400, max_points=300, now=NOON + timedelta(seconds=5_399))


@asynccontextmanager
async def engine_of(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_read_engine(url)
    try:
        yield engine
    finally:
        await engine.dispose()


async def first_release(url: str) -> None:
    """Makes the database of the first release."""
    await migrate(url, SchemaFiles("SELECT 1", ()))
    await migrate(url, SchemaFiles("", SHIPPED.migrations[:1]))
    connection = await connect(url, "tests")
    await connection.execute(DATA.encode())
    await connection.close()


def orders() -> UUID:
    identity = queue(OWNER, "orders").id
    assert identity is not None
    return identity


async def answers(engine: AsyncEngine) -> list[object]:
    """The present, and the history in steps that are read from raw samples."""
    reads = Reads(engine)
    series = await reads.scheduling_series(OWNER, HALF_A_MINUTE)
    assert series.gauges.window.step_s == 30
    return [
        await reads.orchestrators(10),
        await reads.latest(OWNER, queues=True),
        await reads.queues(None, 10),
        await reads.pools(None, 10),
        await reads.capacity_series(OWNER, HALF_A_MINUTE),
        series,
        await reads.queue_series(OWNER, orders(), HALF_A_MINUTE),
        await Tokens(engine, lambda: NOON).verify(TOKEN),
    ]


async def worker_instances(engine: AsyncEngine) -> list[WorkerInstance]:
    """The workers as the first release kept them; what is read now needs a later table, too."""
    table = WORKER_INSTANCES
    async with engine.connect() as connection:
        found = await connection.execute(select(*table.c).order_by(table.c.worker_id))
        return [worker_of_row(dict(row)) for row in found.mappings()]


async def lines(engine: AsyncEngine, resolution: Resolution, step_s: int) -> list[list[object]]:
    """All charts of two hours, from samples of a resolution."""
    window = Window(NOON, NOON + timedelta(hours=2), step_s)
    charts: list[tuple[Chart[History], tuple[UUID, ...]]] = [
        (CAPACITY, (OWNER,)),
        (SCHEDULING, (OWNER,)),
        (QUEUE, (OWNER, orders())),
    ]
    latencies = LATENCIES.at[resolution]
    async with engine.connect() as connection:
        buckets = await connection.scalar(bucket_count(latencies, (OWNER,), window))
        assert buckets == 5
        statements = [stepped(chart.at[resolution], who, window) for chart, who in charts]
        statements.append(histograms(latencies, (OWNER,), window, buckets))
        return [sorted(await connection.execute(each), key=repr) for each in statements]


async def test_data_of_the_first_release_is_read_as_before(empty_database_url: str) -> None:
    await first_release(empty_database_url)
    async with engine_of(empty_database_url) as engine:
        before = await answers(engine)
        workers = await worker_instances(engine)
    assert len(before[0].items) == 2  # type: ignore[attr-defined]  # a page of orchestrators
    assert before[-1] is not None

    applied = await migrate(empty_database_url)

    assert applied == tuple(migration.version for migration in SHIPPED.migrations[1:])
    async with engine_of(empty_database_url) as engine:
        assert await answers(engine) == before
        found = (await Reads(engine).workers(POOL, None, 10)).items
        assert [(row.worker, row.usage) for row in found] == [(each, None) for each in workers]


async def test_history_of_the_first_release_is_there_by_minute_and_by_hour(
    empty_database_url: str,
) -> None:
    await first_release(empty_database_url)

    await migrate(empty_database_url)

    async with engine_of(empty_database_url) as engine:
        by_minute = await lines(engine, Resolution.RAW, 60)
        assert await lines(engine, Resolution.MINUTE, 60) == by_minute
        assert [len(rows) for rows in by_minute] == [5, 5, 3, 4]
        by_hour = await lines(engine, Resolution.RAW, 3_600)
        assert await lines(engine, Resolution.HOUR, 3_600) == by_hour
