"""The bus on a real Kafka broker: the contract, hand-over between members, and outages."""

import asyncio
import signal
import uuid
from collections.abc import AsyncIterator

import pytest

from benchmarks.faults.topics import delete
from benchmarks.kafka_broker import KafkaBroker
from bus.kafka import KafkaPublisher, KafkaSubscriber
from bus.kafka_settings import KafkaSettings
from bus.kafka_topics import create_topics, topic_states
from bus.port import BusUnavailableError, MessageTooLargeError, Publisher, Subscriber
from tests.bus.contract import BusContract, message, texts
from tests.live.kafka.conftest import settings_for

pytestmark = pytest.mark.live

PATIENCE_S = 90.0


async def fresh_topic(settings: KafkaSettings, partitions: int = 3) -> str:
    topic = f"test-{uuid.uuid4()}"
    assert await create_topics(settings, [topic], partitions, 1) == [topic]
    return topic


async def take(subscriber: Subscriber, number: int) -> list[str]:
    """Receive and commit until `number` messages have come."""
    taken: list[str] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(taken) < number:
            deliveries = await subscriber.receive(number - len(taken), 0.1)
            await subscriber.commit(deliveries)
            taken += texts(deliveries)
    return taken


class TestKafkaBus(BusContract):
    """A topic and a group for each test."""

    patience_s = PATIENCE_S

    @pytest.fixture(autouse=True)
    def broker(self, kafka: KafkaBroker) -> None:
        self.settings = settings_for(kafka)

    async def connect(self) -> AsyncIterator[tuple[Publisher, Subscriber]]:
        self.topic = await fresh_topic(self.settings)
        async with (
            KafkaPublisher(self.settings) as publisher,
            KafkaSubscriber(self.settings, [self.topic]) as subscriber,
        ):
            yield publisher, subscriber


async def test_what_was_not_committed_comes_again_and_what_was_does_not(
    kafka: KafkaBroker,
) -> None:
    settings = settings_for(kafka)
    topic = await fresh_topic(settings, partitions=1)
    async with KafkaPublisher(settings) as publisher:
        await publisher.publish([message(text, topic=topic) for text in "abcd"])
    async with KafkaSubscriber(settings, [topic]) as first:
        await take(first, 2)
        async with asyncio.timeout(PATIENCE_S):
            received = await first.receive(1, PATIENCE_S)
    async with KafkaSubscriber(settings, [topic]) as second:
        again = await take(second, 2)

    assert texts(received) == ["c"]
    assert again == ["c", "d"]


async def test_two_members_divide_the_partitions_and_nothing_is_lost_or_doubled(
    kafka: KafkaBroker,
) -> None:
    settings = settings_for(kafka)
    topic = await fresh_topic(settings, partitions=4)
    sent: list[str] = []
    taken: dict[str, list[str]] = {"first": [], "second": []}

    async def follow(name: str, subscriber: KafkaSubscriber) -> None:
        while True:
            deliveries = await subscriber.receive(20, 0.1)
            await asyncio.sleep(0.01)  # as if it wrote them
            taken[name] += texts(deliveries)
            await subscriber.commit(deliveries)

    async with (
        KafkaPublisher(settings) as publisher,
        KafkaSubscriber(settings, [topic]) as first,
        KafkaSubscriber(settings, [topic]) as second,
        asyncio.TaskGroup() as group,
    ):
        followers = [group.create_task(follow("first", first))]
        async with asyncio.timeout(PATIENCE_S):
            while not (taken["second"] and len(sent) >= 1_000):
                if taken["first"] and len(followers) == 1:  # the second joins under way
                    followers.append(group.create_task(follow("second", second)))
                part = [str(len(sent) + number) for number in range(25)]
                await publisher.publish([message(n, key=n, topic=topic) for n in part])
                sent += part
            while len(taken["first"]) + len(taken["second"]) < len(sent):
                await asyncio.sleep(0.1)
        for follower in followers:
            follower.cancel()

    assert sorted(taken["first"] + taken["second"], key=int) == sent


async def test_a_broker_that_is_killed_and_comes_back_loses_nothing(
    lone_kafka: KafkaBroker,
) -> None:
    settings = settings_for(lone_kafka, request_timeout_s=3)
    topic = await fresh_topic(settings)
    sent = [str(number) for number in range(20)]

    async def publish(publisher: KafkaPublisher, text: str) -> None:
        """Try until the bus answers for it."""
        while True:
            try:
                await publisher.publish([message(text, topic=topic)])
            except BusUnavailableError:
                continue
            return

    async with (
        KafkaPublisher(settings) as publisher,
        KafkaSubscriber(settings, [topic]) as subscriber,
    ):
        for text in sent[:10]:
            await publish(publisher, text)
        before = await take(subscriber, 10)
        lone_kafka.stop(signal.SIGKILL)
        waiting = asyncio.create_task(publish(publisher, sent[10]))
        await asyncio.sleep(4)
        assert not waiting.done()
        await asyncio.to_thread(lone_kafka.start)
        await waiting
        for text in sent[11:]:
            await publish(publisher, text)
        after: list[str] = []
        async with asyncio.timeout(PATIENCE_S):
            while set(before + after) != set(sent):
                try:
                    deliveries = await subscriber.receive(100, 0.5)
                except BusUnavailableError:
                    continue
                await subscriber.commit(deliveries)
                after += texts(deliveries)

    assert before == sent[:10]


async def test_a_topic_that_is_made_again_is_followed_from_its_beginning(
    kafka: KafkaBroker,
) -> None:
    settings = settings_for(kafka)
    topic = await fresh_topic(settings, partitions=1)
    async with KafkaSubscriber(settings, [topic]) as subscriber:
        async with KafkaPublisher(settings) as publisher:
            await publisher.publish([message(text, topic=topic) for text in "abcdef"])
        before = await take(subscriber, 6)
        await delete(settings, topic)
        assert await subscriber.receive(1, 1.0) == []  # it sees that there is none
        await create_topics(settings, [topic], 1, 1)
        async with KafkaPublisher(settings) as publisher:
            await publisher.publish([message(text, topic=topic) for text in "ghi"])
        after = await take(subscriber, 3)

    assert before == list("abcdef")
    assert after == list("ghi")


@pytest.mark.parametrize("commits_late", [False, True])
async def test_a_topic_that_was_made_again_while_the_subscriber_was_busy_is_read_from_its_beginning(
    kafka: KafkaBroker, commits_late: bool
) -> None:
    settings = settings_for(kafka)
    topic = await fresh_topic(settings, partitions=1)
    new = [f"new {number}" for number in range(12)]
    async with KafkaSubscriber(settings, [topic]) as subscriber:
        async with KafkaPublisher(settings) as publisher:
            await publisher.publish([message(text, topic=topic) for text in "abcdef"])
        await take(subscriber, 2)
        busy_with = await subscriber.receive(2, PATIENCE_S)  # and two more wait in the client
        if not commits_late:
            await subscriber.commit(busy_with)
        await delete(settings, topic)
        await create_topics(settings, [topic], 1, 1)
        async with KafkaPublisher(settings) as publisher:
            await publisher.publish([message(text, topic=topic) for text in new])
        if commits_late:
            await subscriber.commit(busy_with)
        taken: list[str] = []
        async with asyncio.timeout(PATIENCE_S):
            while new[-1] not in taken:
                deliveries = await subscriber.receive(100, 0.5)
                await subscriber.commit(deliveries)
                taken += texts(deliveries)

    assert len(busy_with) == 2
    assert [text for text in taken if text in new] == new


async def test_a_message_over_the_limit_is_refused_for_good(kafka: KafkaBroker) -> None:
    settings = settings_for(kafka, max_message_bytes=10_000)
    topic = await fresh_topic(settings)
    async with KafkaPublisher(settings) as publisher:
        with pytest.raises(MessageTooLargeError):
            await publisher.publish([message("x" * 20_000, topic=topic)])
        await publisher.publish([message("x" * 5_000, topic=topic)])


async def test_a_missing_topic_is_named_with_the_fix(kafka: KafkaBroker) -> None:
    settings = settings_for(kafka, request_timeout_s=2)
    async with KafkaPublisher(settings) as publisher:
        with pytest.raises(BusUnavailableError, match="woa kafka topics --create"):
            await publisher.publish([message("one", topic=f"missing-{uuid.uuid4()}")])


async def test_topics_are_made_once_and_described(kafka: KafkaBroker) -> None:
    settings = settings_for(kafka)
    name = f"test-{uuid.uuid4()}"
    (before,) = await topic_states(settings, [name])
    made = await create_topics(settings, [name], 3, 1)
    again = await create_topics(settings, [name], 3, 1)
    (after,) = await topic_states(settings, [name])

    assert (made, again) == ([name], [])
    assert before.problems(settings) == ("missing: woa kafka topics --create",)
    assert (after.partitions, after.replicas, after.problems(settings)) == (3, 1, ())


async def test_a_topic_whose_limit_is_below_ours_is_a_problem(kafka: KafkaBroker) -> None:
    settings = settings_for(kafka)
    topic = await fresh_topic(settings)
    (state,) = await topic_states(settings, [topic])

    problems = state.problems(settings_for(kafka, max_message_bytes=5_000_000))

    assert len(problems) == 1
    assert "max.message.bytes" in problems[0]
