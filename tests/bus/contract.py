"""What every carrier has to do. An adapter's test subclasses `BusContract`."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from bus.port import BusClosedError, Delivery, Message, Publisher, Subscriber

TOPIC = "woa.orchestrator-metrics.v1"


def message(text: str, key: str = "a", topic: str = TOPIC) -> Message:
    """A message that carries `text`."""
    return Message(topic, key, text.encode(), {"woa-schema": "orchestrator-metrics/1.0"})


def texts(deliveries: Sequence[Delivery]) -> list[str]:
    """What the deliveries carry."""
    return [delivery.message.value.decode() for delivery in deliveries]


class BusContract(ABC):
    """Publish, receive, commit; nothing lost, order kept within a key."""

    patience_s = 5.0
    topic = TOPIC

    @abstractmethod
    def connect(self) -> AsyncIterator[tuple[Publisher, Subscriber]]:
        """Both ends of a fresh, empty bus."""

    @pytest_asyncio.fixture
    async def ends(self) -> AsyncIterator[tuple[Publisher, Subscriber]]:
        async for ends in self.connect():
            yield ends

    def message(self, text: str) -> Message:
        """A message on this bus that carries `text`."""
        return message(text, topic=self.topic)

    async def take(self, subscriber: Subscriber, number: int) -> list[Delivery]:
        """Receive until `number` messages have come."""
        taken: list[Delivery] = []
        async with asyncio.timeout(self.patience_s):
            while len(taken) < number:
                taken += await subscriber.receive(number - len(taken), 0.05)
        return taken

    async def test_a_message_arrives_whole(self, ends: tuple[Publisher, Subscriber]) -> None:
        publisher, subscriber = ends
        sent = self.message("one")

        publishing = asyncio.create_task(publisher.publish([sent]))
        deliveries = await self.take(subscriber, 1)
        await subscriber.commit(deliveries)
        await publishing

        assert deliveries[0].message == sent

    async def test_messages_of_a_key_keep_their_order(
        self, ends: tuple[Publisher, Subscriber]
    ) -> None:
        publisher, subscriber = ends
        sent = [str(number) for number in range(20)]

        publishing = asyncio.create_task(publisher.publish([self.message(text) for text in sent]))
        deliveries = await self.take(subscriber, len(sent))
        await subscriber.commit(deliveries)
        await publishing

        assert texts(deliveries) == sent

    async def test_an_empty_bus_hands_out_nothing(self, ends: tuple[Publisher, Subscriber]) -> None:
        _, subscriber = ends

        assert await subscriber.receive(10, 0.01) == []

    async def test_no_more_than_asked_for(self, ends: tuple[Publisher, Subscriber]) -> None:
        publisher, subscriber = ends
        publishing = asyncio.create_task(publisher.publish([self.message(c) for c in "abc"]))

        first = await self.take(subscriber, 2)
        rest = await self.take(subscriber, 1)
        await subscriber.commit([*first, *rest])
        await publishing

        assert (texts(first), texts(rest)) == (["a", "b"], ["c"])

    async def test_offsets_name_messages(self, ends: tuple[Publisher, Subscriber]) -> None:
        publisher, subscriber = ends
        publishing = asyncio.create_task(publisher.publish([self.message(c) for c in "abc"]))

        deliveries = await self.take(subscriber, 3)
        await subscriber.commit(deliveries)
        await publishing

        assert len({(d.message.topic, d.partition, d.offset) for d in deliveries}) == 3

    async def test_a_closed_end_refuses_and_closes_twice(
        self, ends: tuple[Publisher, Subscriber]
    ) -> None:
        publisher, _ = ends
        await publisher.aclose()
        await publisher.aclose()

        with pytest.raises(BusClosedError):
            await publisher.publish([self.message("late")])

    async def test_lag_is_what_is_not_committed(self, ends: tuple[Publisher, Subscriber]) -> None:
        publisher, subscriber = ends
        publishing = asyncio.create_task(publisher.publish([self.message(c) for c in "abc"]))

        deliveries = await self.take(subscriber, 3)
        behind = await subscriber.lags()
        await subscriber.commit(deliveries)
        await publishing
        level = await subscriber.lags()

        assert sum(lag.messages for lag in behind) == 3
        assert max(lag.age_s or 0.0 for lag in behind) > 0
        assert {(lag.messages, lag.age_s) for lag in level} == {(0, 0.0)}
