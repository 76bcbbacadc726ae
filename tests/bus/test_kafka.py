"""The Kafka bus on the mock brokers of librdkafka: the code path, without a broker.

They keep one consumer a group and 5 MB a partition; tests/live/kafka has the real thing.
"""

import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from confluent_kafka import Producer

from bus.kafka import KafkaPublisher, KafkaSubscriber
from bus.kafka_settings import KafkaSettings
from bus.port import BusUnavailableError, Publisher, Subscriber
from tests.bus.contract import BusContract, message


@pytest.fixture(scope="module")
def brokers() -> Iterator[str]:
    """Comma list of the brokers' addresses."""
    keeper = Producer({"bootstrap.servers": "unused:9092", "test.mock.num.brokers": 1})
    known = keeper.list_topics(timeout=30).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in known)
    keeper.flush(0)  # they live as long as their keeper


class TestKafkaBusOnMockBrokers(BusContract):
    """A topic and a group for each test."""

    patience_s = 60.0

    @pytest.fixture(autouse=True)
    def own_names(self, brokers: str) -> None:
        self.topic = f"test-{uuid.uuid4()}"
        self.settings = KafkaSettings(bootstrap_servers=brokers, group_id=self.topic)

    async def connect(self) -> AsyncIterator[tuple[Publisher, Subscriber]]:
        async with (
            KafkaPublisher(self.settings) as publisher,
            KafkaSubscriber(self.settings, [self.topic]) as subscriber,
        ):
            yield publisher, subscriber


async def test_brokers_that_do_not_answer_are_unavailable() -> None:
    settings = KafkaSettings(bootstrap_servers="127.0.0.1:1", request_timeout_s=1)
    async with KafkaPublisher(settings) as publisher, KafkaSubscriber(settings, ["t"]) as end:
        with pytest.raises(BusUnavailableError):
            await publisher.publish([message("one")])
        with pytest.raises(BusUnavailableError):
            await end.receive(1, 0.1)
