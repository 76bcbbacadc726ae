"""However often and in whatever order records are written, the end is the same."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import IO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.orchestrator import QueueMetrics
from contracts.topics import PublishedRecord
from store.write import Writer
from tests.records import outage_record, pool_record
from tests.store.database import STATE_TABLES, Contents, Pool, contents, execute, value
from tests.store.endless_writer import BATCH, batch
from tests.store.samples import after_noon, numbered, with_queues, with_workers

ROOT = Path(__file__).parents[2]


RECORDS: tuple[PublishedRecord, ...] = (
    with_queues("a", "b"),
    numbered(1, queuing=None, capacity=None, networking=None),
    with_queues("b", at_s=2),
    outage_record(collected_at=after_noon(3)),
    numbered(4, queuing=QueueMetrics(queues=None), persistence=None, scheduling=None),
    with_queues("a", "c", at_s=5),
    numbered(6, instance_id="other"),
    numbered(7, queuing=None, execution=None, resources=None),
    outage_record(collected_at=after_noon(8)),
    with_workers("w1", "w2"),
    with_workers("w2", at_s=1),
    pool_record(collected_at=after_noon(2), workers=None, total_workers=None),
    with_workers("w1", "w3", at_s=3),
    pool_record(collected_at=after_noon(3), pool_name="other"),
    pool_record(collected_at=after_noon(4), workers=None, worker_type="activity"),
)


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[PublishedRecord]]:
    """All records in some order, some more than once, cut into batches."""
    repeated = draw(st.lists(st.sampled_from(range(len(RECORDS))), max_size=10))
    order = draw(st.permutations([*range(len(RECORDS)), *repeated]))
    cuts = draw(st.sets(st.integers(1, len(order) - 1), max_size=6))
    edges = [0, *sorted(cuts), len(order)]
    return [[RECORDS[i] for i in order[start:end]] for start, end in pairwise(edges)]


async def empty(pool: Pool) -> None:
    await execute(pool, "; ".join(f"DELETE FROM {table}" for table in reversed(STATE_TABLES)))


@pytest.fixture
async def one_by_one(pool: Pool) -> Contents:
    """What all records leave when each comes once and in time."""
    for record in RECORDS:
        await Writer(pool).write([record])
    return await contents(pool)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches=deliveries())
async def test_order_and_repetition_do_not_matter(
    pool: Pool, one_by_one: Contents, batches: list[list[PublishedRecord]]
) -> None:
    await empty(pool)
    writer = Writer(pool)

    results = [await writer.write(records) for records in batches]

    assert await contents(pool) == one_by_one
    assert sum(result.inserted for result in results) == len(RECORDS)


@pytest.mark.parametrize("batches_before", [1, 4])
async def test_killed_writer_leaves_every_record_once(
    pool: Pool, database_url: str, batches_before: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.store.endless_writer", database_url],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        committed = wait_for(process.stdout, batches_before)
        process.kill()
        committed = max([committed, *map(int, process.stdout.read().split())])

    present_before = await value(pool, "SELECT count(*) FROM orchestrator_metrics")
    again = [record for number in range(committed + 2) for record in batch(number)]
    await Writer(pool).write(again)

    moments = (committed + 2) * BATCH
    assert isinstance(present_before, int)
    assert present_before >= (committed + 1) * BATCH
    assert present_before % BATCH == 0
    assert await value(pool, "SELECT count(*) FROM orchestrator_metrics") == moments
    assert await value(pool, "SELECT count(DISTINCT id) FROM orchestrator_metrics") == moments
    assert await value(pool, "SELECT count(*) FROM worker_pool_metrics") == moments
    assert await value(pool, "SELECT count(*) FROM queue_metrics") == 3 * moments
    for step in ("1m", "1h"):
        assert await value(pool, f"SELECT sum(samples) FROM orchestrator_rollup_{step}") == moments
        assert await value(pool, f"SELECT sum(samples) FROM queue_rollup_{step}") == 3 * moments


def wait_for(output: IO[str], number: int) -> int:
    """Read until this many batches are committed; returns the last one."""
    for line in output:
        if int(line) >= number:
            return int(line)
    pytest.fail("the writer ended by itself")
