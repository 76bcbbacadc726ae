"""The direct bus: the contract, and that `publish` answers for the database commit."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bus.direct import DirectBus
from bus.port import BusClosedError, Publisher, Subscriber
from tests.bus.contract import BusContract, message, texts


class TestDirectBus(BusContract):
    """One object is both ends."""

    async def connect(self) -> AsyncIterator[tuple[Publisher, Subscriber]]:
        async with DirectBus() as bus:
            yield bus, bus


async def test_publish_waits_for_the_commit() -> None:
    async with DirectBus() as bus:
        publishing = asyncio.create_task(bus.publish([message("one")]))
        deliveries = await bus.receive(1, 1)
        await asyncio.sleep(0)
        before = publishing.done()
        await bus.commit(deliveries)
        await publishing

        assert before is False


async def test_what_was_received_and_not_committed_is_refused_at_close() -> None:
    bus = DirectBus()
    publishing = asyncio.create_task(bus.publish([message("one")]))
    await bus.receive(1, 1)

    await bus.aclose()

    with pytest.raises(BusClosedError):
        await publishing


async def test_a_full_bus_makes_publishers_wait() -> None:
    async with DirectBus(capacity=2) as bus:
        publishing = asyncio.create_task(bus.publish([message(c) for c in "abcd"]))
        first = await bus.receive(10, 1)
        rest = await bus.receive(10, 1)
        await bus.commit([*first, *rest])
        await publishing

        assert (texts(first), texts(rest)) == (["a", "b"], ["c", "d"])


async def test_a_sender_that_gave_up_leaves_nothing_behind() -> None:
    async with DirectBus(capacity=2) as bus:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await bus.publish([message("again")])

        assert await bus.receive(10, 0.01) == []
