"""What one batch leaves in the history and the ledgers, and that it leaves it once."""

import asyncio
from datetime import timedelta
from uuid import NAMESPACE_URL

import pytest

from contracts.orchestrator import OrchestratorMetrics, QueueMetrics
from contracts.topics import PublishedRecord
from contracts.worker_pool import WorkerPoolMetrics
from store.write import DeadLetter, RecordRefusedError, StoreUnavailableError, Writer, WriteResult
from tests.records import NOON, orchestrator_record, pool_record, worker
from tests.store.database import (
    Pool,
    contents,
    execute,
    present,
    present_queues,
    queue_of_row,
    rows,
    value,
    worker_of_row,
)
from tests.store.samples import LATER, OWNER, with_queues

MOST = 2**63 - 1


def without_queues(record: OrchestratorMetrics) -> OrchestratorMetrics:
    assert record.queuing is not None
    return record.model_copy(update={"queuing": record.queuing.model_copy(update={"queues": None})})


async def test_every_field_of_an_orchestrator_reads_back(pool: Pool, writer: Writer) -> None:
    record = orchestrator_record()

    await writer.write([record])

    (row,) = await rows(pool, "orchestrator_metrics")
    read = OrchestratorMetrics.model_validate(row)
    assert read == without_queues(record)


async def test_every_field_of_a_queue_reads_back(pool: Pool, writer: Writer) -> None:
    queuing = orchestrator_record().queuing
    assert queuing is not None

    await writer.write([orchestrator_record()])

    known = {row["id"]: row for row in await rows(pool, "queues")}
    for table in ("queue_metrics", "queue_latest"):
        queues = [queue_of_row(row, known[row["queue_id"]]) for row in await rows(pool, table)]
        assert sorted(queues, key=repr) == sorted(queuing.queues or (), key=repr)


async def test_every_field_of_a_pool_reads_back(pool: Pool, writer: Writer) -> None:
    record = pool_record()

    await writer.write([record])

    (row,) = await rows(pool, "worker_pool_metrics")
    workers = [worker_of_row(row) for row in await rows(pool, "worker_instances")]
    workers.sort(key=lambda one: one.id)
    assert WorkerPoolMetrics.model_validate(row | {"workers": workers}) == record


async def test_result_counts_new_records_and_duplicates(writer: Writer) -> None:
    batch: list[PublishedRecord] = [orchestrator_record(), pool_record(), orchestrator_record()]

    first = await writer.write(batch)
    second = await writer.write([*batch, orchestrator_record(collected_at=LATER)])

    assert first == WriteResult(inserted=2, duplicates=1, dead_letters=0)
    assert second == WriteResult(inserted=1, duplicates=3, dead_letters=0)


async def test_duplicate_changes_nothing_and_is_not_announced(pool: Pool, writer: Writer) -> None:
    await writer.write([orchestrator_record(), pool_record()])
    before = await contents(pool)

    await writer.write([orchestrator_record(), pool_record()])

    assert await contents(pool) == before
    assert await value(pool, "SELECT count(*) FROM outbox") == 2


async def test_nothing_to_write_needs_no_database() -> None:
    writer = Writer(Pool("postgresql://nowhere.invalid", open=False))

    result = await writer.write([])

    assert result == WriteResult(0, 0, 0)


async def test_two_writers_with_the_same_records_leave_them_once(pool: Pool) -> None:
    batch: list[PublishedRecord] = [
        *(orchestrator_record(instance_id=f"o{i}") for i in range(20)),
        *(pool_record(pool_name=f"p{i}") for i in range(20)),
    ]

    results = await asyncio.gather(
        *(Writer(pool).write(list(reversed(batch)) if i % 2 else batch) for i in range(8))
    )

    assert sum(result.inserted for result in results) == len(batch)
    assert await value(pool, "SELECT count(*) FROM orchestrator_metrics") == 20
    assert await value(pool, "SELECT count(*) FROM queue_metrics") == 60
    assert await value(pool, "SELECT count(*) FROM worker_pool_metrics") == 20
    assert await value(pool, "SELECT count(*) FROM outbox") == 40


async def test_writers_of_interleaved_records_do_not_deadlock(pool: Pool) -> None:
    """Every writer moves every orchestrator and pool, each starting elsewhere."""

    def batch(number: int) -> list[PublishedRecord]:
        moment = NOON + timedelta(seconds=number)
        names = [str((number + i) % 10) for i in range(10)]
        return [
            record
            for name in names
            for record in (
                orchestrator_record(instance_id=name, collected_at=moment),
                pool_record(pool_name=name, collected_at=moment),
            )
        ]

    results = await asyncio.gather(*(Writer(pool).write(batch(number)) for number in range(24)))

    assert sum(result.inserted for result in results) == 24 * 20
    newest = NOON + timedelta(seconds=23)
    assert await present(pool, "orchestrator_latest", "collected_at") == {newest}
    assert await present(pool, "worker_pool_latest", "collected_at") == {newest}


async def test_history_tells_unknown_queues_from_none(pool: Pool, writer: Writer) -> None:
    unknown = orchestrator_record(queuing=QueueMetrics(queues=None))
    none = orchestrator_record(collected_at=LATER, queuing=QueueMetrics(queues=()))

    await writer.write([unknown, none])

    by_time = {row["collected_at"]: row for row in await rows(pool, "orchestrator_metrics")}
    assert by_time[NOON]["queuing"]["queues"] is None  # type: ignore[index]  # a JSON column
    assert "queues" not in by_time[LATER]["queuing"]  # type: ignore[operator]  # a JSON column


async def test_queues_are_not_stored_inside_the_section(pool: Pool, writer: Writer) -> None:
    await writer.write([orchestrator_record()])

    for table in ("orchestrator_metrics", "orchestrator_latest"):
        (row,) = await rows(pool, table)
        assert "queues" not in row["queuing"]  # type: ignore[operator]  # a JSON column


async def test_outbox_has_one_row_a_subject(pool: Pool, writer: Writer) -> None:
    pools = [pool_record(), pool_record(collected_at=LATER)]

    await writer.write([orchestrator_record(collected_at=LATER), orchestrator_record(), *pools])

    found = {row["topic"]: (row["kind"], row["payload"]) for row in await rows(pool, "outbox")}
    collected = "2026-03-14T12:00:15.000000Z"
    worker_pool = pools[0].pool_id
    assert found == {
        f"orchestrator:{OWNER}": (
            "orchestrator_update",
            {"id": str(OWNER), "collectedAt": collected},
        ),
        f"worker-pool:{worker_pool}": (
            "worker_update",
            {"id": str(worker_pool), "collectedAt": collected},
        ),
    }


async def test_long_names_are_kept_whole(pool: Pool, writer: Writer) -> None:
    long = "ü" * 900
    busy = worker("w", current_task=long, hostname=long)

    await writer.write([with_queues(long), pool_record(workers=(busy,))])

    (row,) = await rows(pool, "worker_instances")
    assert (row["current_task"], row["hostname"]) == (long, long)
    assert await present_queues(pool) == {long}


def unchecked(**fields: object) -> WorkerPoolMetrics:
    """A record whose values the contracts would not let through."""
    return pool_record().model_copy(update=fields)


@pytest.mark.parametrize(
    "refused",
    [
        unchecked(total_workers=MOST + 1),
        unchecked(total_workers=10**40),
        unchecked(worker_type="x" * 101),
        unchecked(worker_type="a\0b"),
        orchestrator_record(orchestrator_id=NAMESPACE_URL),
    ],
    ids=["integer", "huge", "long", "nul", "id-of-another"],
)
async def test_data_the_database_refuses_is_told_apart(
    pool: Pool, writer: Writer, refused: PublishedRecord
) -> None:
    await writer.write([orchestrator_record(collected_at=NOON - timedelta(seconds=15))])
    before = await contents(pool)

    with pytest.raises(RecordRefusedError):
        await writer.write([orchestrator_record(), refused, pool_record(collected_at=LATER)])

    assert await contents(pool) == before
    assert (await writer.write([orchestrator_record()])).inserted == 1


async def test_largest_count_is_not_refused(pool: Pool, writer: Writer) -> None:
    await writer.write([pool_record(total_workers=MOST)])

    assert await present(pool, "worker_pool_latest", "total_workers") == {MOST}


async def test_missing_table_stops_the_stream_and_drains_nothing(
    pool: Pool, writer: Writer
) -> None:
    await execute(pool, "DROP TABLE outbox")

    with pytest.raises(StoreUnavailableError, match="outbox"):
        await writer.write([orchestrator_record()])


async def test_server_that_ends_the_connection_is_tried_again(pool: Pool, writer: Writer) -> None:
    await execute(pool, "CREATE TABLE seen (n INT)")
    await execute(
        pool,
        "CREATE FUNCTION suicide() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$",
    )
    await execute(
        pool,
        "CREATE TRIGGER dies BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION suicide()",
    )

    with pytest.raises(StoreUnavailableError):
        await writer.write([orchestrator_record()])

    await execute(pool, "DROP TRIGGER dies ON outbox")
    assert (await writer.write([orchestrator_record()])).inserted == 1


async def test_dead_letter_is_kept_as_it_came(pool: Pool, writer: Writer) -> None:
    letter = DeadLetter("t.v1", 3, 77, "not_json", "line 1", {"woa-schema": "t/1.0"}, b"\x00{\xff")

    result = await writer.write([], [letter])

    (row,) = await rows(pool, "dead_letters")
    assert result == WriteResult(0, 0, dead_letters=1)
    assert {name: row[name] for name in row if name not in {"id", "received_at"}} == {
        "topic": "t.v1",
        "partition": 3,
        "log_offset": 77,
        "reason": "not_json",
        "detail": "line 1",
        "headers": {"woa-schema": "t/1.0"},
        "payload": b"\x00{\xff",
    }


async def test_same_poison_is_there_once(pool: Pool, writer: Writer) -> None:
    letters = [DeadLetter("t.v1", 0, offset, "not_json", "", {}, b"{") for offset in (1, 2)]
    await writer.write([orchestrator_record()], letters)

    result = await writer.write([orchestrator_record()], letters)

    assert result == WriteResult(inserted=0, duplicates=1, dead_letters=0)
    assert len(await rows(pool, "dead_letters")) == 1


async def test_same_payload_on_another_topic_is_another_letter(pool: Pool, writer: Writer) -> None:
    letters = [DeadLetter(topic, 0, 1, "not_json", "", {}, b"{") for topic in ("a", "b")]

    result = await writer.write([], letters)

    assert result.dead_letters == 2


async def test_dead_letter_can_always_be_kept(pool: Pool, writer: Writer) -> None:
    letter = DeadLetter("a\0", 0, 1, "bad\0", "lone \ud800", {"k\0": "v\ud800"}, b"")

    result = await writer.write([], [letter])

    assert result.dead_letters == 1
