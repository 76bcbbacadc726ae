"""An orchestrator with all that belongs to it."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.orchestrator import OrchestratorType
from contracts.topics import PublishedRecord
from store.connection import Connection
from store.engine import create_read_engine
from store.reads import Reads
from store.write import Writer
from tests.records import ORCHESTRATOR, orchestrator_record, pool_record, worker


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_read_engine(database_url)
    yield engine
    await engine.dispose()


async def test_pools_come_with_their_workers_as_far_as_all_of_them_are_read(
    engine: AsyncEngine, pool: AsyncConnectionPool[Connection]
) -> None:
    two = (worker("a@h"), worker("b@h"))
    written: list[PublishedRecord] = [
        orchestrator_record(),
        *(pool_record(pool_name=name, workers=two) for name in ("p", "q")),
        pool_record(pool_name="none", workers=()),
        pool_record(pool_name="unknown", workers=None),
        pool_record(pool_name="other", orchestrator_id=uuid4(), workers=two),
    ]
    await Writer(pool).write(written)
    reads = Reads(engine)
    whole, cut = await reads.whole(ORCHESTRATOR, 4), await reads.whole(ORCHESTRATOR, 3)

    assert whole is not None
    assert cut is not None
    assert whole.latest.record.queuing is not None
    assert len(whole.latest.record.queuing.queues or ()) == 3
    found = {each.pool.pool_name: each.pool.workers for each in whole.pools}
    assert found == {"p": two, "q": two, "none": (), "unknown": None}
    # Of the two pools with workers the second is not read whole, nor what comes behind it.
    known = [each.pool.workers for each in cut.pools if each.pool.workers]
    assert known == [two]
    assert await reads.whole(uuid4(), 4) is None


async def test_orchestrators_of_a_type(
    engine: AsyncEngine, pool: AsyncConnectionPool[Connection]
) -> None:
    records = [
        orchestrator_record(orchestrator_type=kind, instance_id=name)
        for kind, name in (("kubernetes", "b"), ("kubernetes", "a"), ("airflow", "c"))
    ]
    await Writer(pool).write(records)
    reads = Reads(engine)
    b, a, _ = (each.orchestrator_id for each in records)

    assert await reads.of_type(OrchestratorType.KUBERNETES, 9) == [a, b]
    assert await reads.of_type(OrchestratorType.KUBERNETES, 1) == [a]
    assert await reads.of_type(OrchestratorType.CUSTOM, 9) == []
