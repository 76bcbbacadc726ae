"""The ingest loop: written before it is acknowledged, once, and never blocked by a bad message."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import AsyncConnection
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool

from agents.forwarder import message_of
from bus.direct import DirectBus
from bus.port import BusClosedError, BusUnavailableError, Delivery, Message
from contracts.dead_letter import DeadLetterRecord, dead_letter_id
from contracts.topics import PublishedRecord, Topic, encode
from ingest.limits import IngestLimits
from ingest.service import Ingest
from store.connection import open_pool
from store.errors import RecordRefusedError, StoreUnavailableError
from store.write import DeadLetter, Writer, WriteResult
from tests.records import NOON, orchestrator_record, pool_record

Pool = AsyncConnectionPool[AsyncConnection]
TOPIC = Topic.ORCHESTRATOR_METRICS.value


@asynccontextmanager
async def ingesting(
    writer: Writer,
    limits: IngestLimits | None = None,
    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncIterator[DirectBus]:
    async with DirectBus() as bus:
        task = asyncio.create_task(Ingest(bus, writer, limits, utc_now).run())
        try:
            yield bus
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with await open_pool(database_url, application_name="test") as pool:
        yield pool


async def count(pool: Pool, table: str) -> int:
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=tuple_row)
        await cursor.execute(f"SELECT count(*) FROM {table}")
        row = await cursor.fetchone()
        assert row
        return int(row[0])


async def test_what_is_acknowledged_is_in_the_database(pool: Pool) -> None:
    async with ingesting(Writer(pool)) as bus:
        await bus.publish([message_of(orchestrator_record()), message_of(pool_record())])

        assert await count(pool, "orchestrator_metrics") == 1
        assert await count(pool, "worker_pool_metrics") == 1


async def test_a_record_sent_twice_is_there_once(pool: Pool) -> None:
    message = message_of(orchestrator_record())
    async with ingesting(Writer(pool)) as bus:
        await bus.publish([message, message])
        await bus.publish([message])

        assert await count(pool, "orchestrator_metrics") == 1


async def test_a_bad_message_is_set_aside_and_blocks_nobody(pool: Pool) -> None:
    good = message_of(orchestrator_record())
    async with ingesting(Writer(pool)) as bus:
        await bus.publish([Message(TOPIC, "k", b"{", {}), good])

        assert await count(pool, "orchestrator_metrics") == 1
        assert await count(pool, "dead_letters") == 1


class Refusing(Writer):
    """Refuses every batch that holds the record of one instance."""

    def __init__(self, pool: Pool, instance_id: str) -> None:
        super().__init__(pool)
        self._instance_id = instance_id

    async def write(
        self, records: Sequence[PublishedRecord], dead_letters: Sequence[DeadLetter] = ()
    ) -> WriteResult:
        if any(getattr(record, "instance_id", None) == self._instance_id for record in records):
            raise RecordRefusedError("out of range")
        return await super().write(records, dead_letters)


async def test_a_refused_batch_is_halved_until_the_culprit_is_found(pool: Pool) -> None:
    records = [orchestrator_record(instance_id=f"instance-{number}") for number in range(9)]
    async with ingesting(Refusing(pool, "instance-5")) as bus:
        await bus.publish([message_of(record) for record in records])

        assert await count(pool, "orchestrator_metrics") == 8
        assert await count(pool, "dead_letters WHERE reason = 'refused_by_database'") == 1


class Away(Writer):
    """A store that is away for the first writes."""

    def __init__(self, pool: Pool, times: int) -> None:
        super().__init__(pool)
        self.left = times

    async def write(
        self, records: Sequence[PublishedRecord], dead_letters: Sequence[DeadLetter] = ()
    ) -> WriteResult:
        if self.left:
            self.left -= 1
            raise StoreUnavailableError("away")
        return await super().write(records, dead_letters)


async def test_a_store_that_comes_back_gets_everything(pool: Pool) -> None:
    async with ingesting(Away(pool, times=2)) as bus:
        await bus.publish([message_of(orchestrator_record())])

        assert await count(pool, "orchestrator_metrics") == 1


async def test_nothing_is_acknowledged_while_the_store_is_away(pool: Pool) -> None:
    async with ingesting(Away(pool, times=10_000)) as bus:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await bus.publish([message_of(orchestrator_record())])


async def test_batches_are_bounded_in_bytes(pool: Pool) -> None:
    records = [orchestrator_record(instance_id=f"instance-{number}") for number in range(5)]
    async with ingesting(Writer(pool), IngestLimits(batch_bytes=1)) as bus:
        await bus.publish([message_of(record) for record in records])

        assert await count(pool, "orchestrator_metrics") == 5


async def test_a_bus_that_is_away_is_asked_again(pool: Pool) -> None:
    class Flaky(DirectBus):
        refusals = 3

        async def receive(self, max_messages: int, max_wait_s: float) -> list[Delivery]:
            if self.refusals:
                self.refusals -= 1
                raise BusUnavailableError("no broker answers")
            return await super().receive(max_messages, max_wait_s)

    async with Flaky() as bus:
        ingest = Ingest(bus, Writer(pool))
        task = asyncio.create_task(ingest.run())
        await bus.publish([message_of(orchestrator_record())])
        task.cancel()
        await asyncio.wait([task])

    assert ingest.stats.inserted == 1
    assert ingest.stats.waiting_for_bus is False


async def test_a_record_from_the_future_is_set_aside(pool: Pool) -> None:
    limits = IngestLimits(max_ahead_s=60)
    async with ingesting(Writer(pool), limits, lambda: NOON) as bus:
        await bus.publish(
            [
                message_of(orchestrator_record(collected_at=NOON + timedelta(seconds=ahead)))
                for ahead in (60, 61)
            ]
        )

        assert await count(pool, "orchestrator_metrics") == 1
        assert await count(pool, "dead_letters WHERE reason = 'time_ahead'") == 1


async def test_what_a_publisher_set_aside_is_a_dead_letter(pool: Pool) -> None:
    letter = DeadLetterRecord(
        id=dead_letter_id(TOPIC, b"{"),
        topic=TOPIC,
        partition=0,
        offset=0,
        reason="message_too_large",
        detail="over the limit",
        payload=b64encode(b"{"),
        received_at=NOON,
    )
    sent = Message(Topic.DEAD_LETTERS.value, "k", encode(letter), {})
    wrong = Message(Topic.DEAD_LETTERS.value, "k", b"no letter", {})
    # Such a letter is no sign of a wrong version, however many there are.
    async with ingesting(Writer(pool), IngestLimits(dead_letter_limit=1)) as bus:
        await bus.publish([sent, sent, wrong])

        assert await count(pool, f"dead_letters WHERE topic = '{TOPIC}'") == 1
        assert await count(pool, "dead_letters WHERE reason = 'invalid_dead_letter'") == 1


async def test_too_many_dead_letters_stop_it_and_drain_nothing(pool: Pool) -> None:
    bad = [Message(TOPIC, "k", f"{{{number}".encode(), {}) for number in range(6)]
    async with DirectBus() as bus:
        ingest = Ingest(bus, Writer(pool), IngestLimits(dead_letter_limit=3))
        running = asyncio.create_task(ingest.run())
        await bus.publish([message_of(orchestrator_record()), *bad[:3]])
        with pytest.raises(BusClosedError):  # the sender keeps what nobody took
            await bus.publish(bad[3:])
        await running

    assert await count(pool, "dead_letters") == 3
    assert "WOA_INGEST__DEAD_LETTER_LIMIT=0" in (ingest.stats.waits_for() or "")


async def test_a_database_that_refuses_everything_stops_it(pool: Pool) -> None:
    names = [f"instance-{number}" for number in range(4)]

    class Wrong(Writer):
        async def write(
            self, records: Sequence[PublishedRecord], dead_letters: Sequence[DeadLetter] = ()
        ) -> WriteResult:
            if records:
                raise RecordRefusedError("not the structure of this version")
            return await super().write(records, dead_letters)

    async with DirectBus() as bus:
        ingest = Ingest(bus, Wrong(pool), IngestLimits(dead_letter_limit=2))
        running = asyncio.create_task(ingest.run())
        with pytest.raises(BusClosedError):
            await bus.publish([message_of(orchestrator_record(instance_id=n)) for n in names])
        await running

    assert await count(pool, "dead_letters") == 2
    assert ingest.stats.stopped_because


async def test_its_numbers_tell_how_it_works(pool: Pool) -> None:
    messages = [
        message_of(orchestrator_record()),
        message_of(orchestrator_record()),
        Message(TOPIC, "k", b"{", {}),
    ]
    async with DirectBus() as bus:
        ingest = Ingest(bus, Writer(pool))
        assert ingest.stats.waits_for() == "waits for the bus"
        running = asyncio.create_task(ingest.run())
        await bus.publish(messages)
        stats = ingest.stats
        running.cancel()
        await asyncio.wait([running])

    assert (stats.inserted, stats.duplicates, stats.dead_letters) == (1, 1, {"not_json": 1})
    assert stats.batch_bytes.sum == sum(len(each.value) for each in messages)
    assert (stats.batch_records.sum, stats.batch_records.count) == (2, stats.database_s.count)
    assert stats.database_s.sum > 0
    assert stats.waits_for() is None
