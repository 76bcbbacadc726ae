"""An orchestrator with all that belongs to it."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.orchestrator import Metadata, OrchestratorType
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


async def test_clusters_are_found_by_their_pods_and_their_id(
    engine: AsyncEngine, pool: AsyncConnectionPool[Connection]
) -> None:
    a, b, c = (
        orchestrator_record(
            orchestrator_type="kubernetes" if name != "c" else "airflow",
            instance_id=name,
            metadata=Metadata.model_validate({"kubernetes": {"clusterId": f"id-{name}"}}),
        )
        for name in "abc"
    )
    pods = [
        pool_record(
            orchestrator_id=each.orchestrator_id,
            workers=(worker("w@n", labels={"pod": f"shop/{name}"}),),
        )
        for each, name in ((a, "web-0"), (b, "web-1"), (c, "web-0"))
    ]
    await Writer(pool).write([a, b, c, *pods])
    reads = Reads(engine)

    assert await reads.clusters_with(["web-0", "x"], None, 9) == [a.orchestrator_id]
    assert await reads.clusters_with(["web-0"], "id-b", 9) == [
        a.orchestrator_id,
        b.orchestrator_id,
    ]
    assert await reads.clusters_with(["web-0"], "id-b", 1) == [a.orchestrator_id]
    assert await reads.clusters_with([], None, 9) == []
    assert await reads.watches(OrchestratorType.KUBERNETES)
    assert not await reads.watches(OrchestratorType.CUSTOM)
