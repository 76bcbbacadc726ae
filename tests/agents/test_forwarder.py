"""From the spool to the bus: out of the spool only when the bus has it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.forwarder import Forwarder, message_of
from agents.spool import Spool, SpoolState
from bus.port import BusUnavailableError, Message, MessageTooLargeError, Publisher
from contracts.dead_letter import DeadLetterRecord
from contracts.topics import PublishedRecord, Topic
from contracts.worker_pool import WorkerPoolMetrics
from tests.records import orchestrator_record, pool_record, worker

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Recorder:
    """A publisher that refuses the first `refusals` times."""

    def __init__(self, refusals: int = 0) -> None:
        self.published: list[Message] = []
        self._refusals = refusals

    async def publish(self, messages: Sequence[Message]) -> None:
        if self._refusals:
            self._refusals -= 1
            raise BusUnavailableError("not now")
        self.published += messages

    async def aclose(self) -> None:
        return


async def forwarded(
    records: Sequence[PublishedRecord], publisher: Publisher, folder: Path, limit_s: float = 30
) -> tuple[bool, SpoolState]:
    """Put them into a spool and forward: whether all went, and what is in the spool then."""
    async with Spool(folder / "spool.db") as spool:
        forwarder = Forwarder(spool, publisher)
        await forwarder.put(records, NOON)
        task = asyncio.create_task(forwarder.run())
        drained = await forwarder.drained(limit_s)
        task.cancel()
        await asyncio.wait([task])
        return drained, await spool.state()


@pytest.mark.parametrize("refusals", [0, 2])
async def test_everything_is_published_once_the_bus_takes_it(refusals: int, tmp_path: Path) -> None:
    records: list[PublishedRecord] = [orchestrator_record(), pool_record()]
    publisher = Recorder(refusals)
    drained, state = await forwarded(records, publisher, tmp_path)

    assert drained
    assert publisher.published == [message_of(record) for record in records]
    assert state.records == 0


async def test_what_the_bus_refused_stays(tmp_path: Path) -> None:
    drained, state = await forwarded(
        [orchestrator_record()], Recorder(refusals=10_000), tmp_path, limit_s=0.2
    )

    assert not drained
    assert state.records == 1


async def test_a_restart_sends_what_was_left(tmp_path: Path) -> None:
    async with Spool(tmp_path / "spool.db") as spool:
        await Forwarder(spool, Recorder()).put([orchestrator_record()], NOON)
    publisher = Recorder()
    async with Spool(tmp_path / "spool.db") as spool:
        forwarder = Forwarder(spool, publisher)
        task = asyncio.create_task(forwarder.run())
        await forwarder.drained(30)
        task.cancel()
        await asyncio.wait([task])

    assert len(publisher.published) == 1


async def test_what_is_too_large_for_the_bus_is_counted_and_holds_up_nothing(
    tmp_path: Path,
) -> None:
    records: list[PublishedRecord] = [
        orchestrator_record(),
        pool_record(),
        orchestrator_record(instance_id="other"),
    ]
    too_large, *others = (message_of(record) for record in records)

    class Strict(Recorder):
        async def publish(self, messages: Sequence[Message]) -> None:
            if too_large in messages:
                raise MessageTooLargeError("over the limit")
            await super().publish(messages)

    publisher = Strict()
    drained, state = await forwarded(records, publisher, tmp_path)

    assert drained
    told, *rest = publisher.published
    letter = DeadLetterRecord.model_validate_json(told.value)
    assert rest == others
    assert (told.topic, letter.reason) == (Topic.DEAD_LETTERS, "message_too_large")
    assert (letter.topic, letter.payload) == (too_large.topic, too_large.value)
    assert (state.records, state.dropped) == (0, 1)


async def test_what_is_too_large_is_found_among_hundreds_in_a_few_tries(tmp_path: Path) -> None:
    records: list[PublishedRecord] = [
        orchestrator_record(instance_id=f"one-{number}") for number in range(300)
    ]
    too_large = message_of(records[123])

    class Counting(Recorder):
        tries = 0

        async def publish(self, messages: Sequence[Message]) -> None:
            self.tries += 1
            if too_large in messages:
                raise MessageTooLargeError("over the limit")
            await super().publish(messages)

    publisher = Counting()
    drained, _ = await forwarded(records, publisher, tmp_path)

    assert drained
    assert len(publisher.published) == 300
    assert publisher.tries < 25


async def test_a_large_pool_goes_in_pages(tmp_path: Path) -> None:
    record = pool_record(workers=tuple(worker(f"w{number:04}") for number in range(1_200)))
    async with Spool(tmp_path / "spool.db") as spool:
        forwarder = Forwarder(spool, Recorder(), max_message_bytes=1_000_000)
        await forwarder.put([record], NOON)
        spooled = await spool.head(10)

    pages = [WorkerPoolMetrics.model_validate_json(each.message.value) for each in spooled]
    assert [len(page.workers or ()) for page in pages] == [500, 500, 200]
    assert len({each.message.key for each in spooled}) == 1
