"""The bus on Apache Kafka: at least once, in order within a key, nothing acknowledged too early.

A publisher answers when all in-sync replicas have a message. Subscribers of one group divide
the partitions; offsets are committed when the caller says so, and a partition changes hands
only after what was received from it has been dealt with, or after a bounded wait.
See docs/adr/0009-kafka.md.
"""

import asyncio
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    ConsumerRecord,
    TopicPartition,
)
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import (
    ConsumerStoppedError,
    KafkaError,
    MessageSizeTooLargeError,
)

from bus.kafka_connection import connection
from bus.kafka_reasons import reason, reason_to_connect
from bus.kafka_settings import KafkaSettings
from bus.kafka_topic_ids import TopicIds
from bus.port import (
    BusClosedError,
    BusUnavailableError,
    Closing,
    Delivery,
    Lag,
    Message,
    MessageTooLargeError,
)

__all__ = ["KafkaPublisher", "KafkaSubscriber"]

log = structlog.get_logger(__name__)

CLOSE_S = 5.0
START_REQUESTS = 3
"""Requests, as long as they may take: a client whose broker is silent would wait for ever."""
HANDOVER_S = 20.0
METADATA_MAX_AGE_S = 10.0
"""How long a subscriber may not notice that a topic was made again, or got more partitions."""
FETCH_MIN_BYTES = 65_536
"""Compressed, some hundred records: what the brokers wait for, if not for too long."""


class KafkaPublisher(Closing):
    """Sends with `acks=all`, idempotently, compressed with zstd. Connects when first used."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._connecting = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None
        self._closed = False

    async def publish(self, messages: Sequence[Message]) -> None:
        """See `bus.port.Publisher.publish`."""
        producer = await self._connected()
        try:
            sent = [
                await producer.send(
                    message.topic,
                    key=message.key.encode(),
                    value=message.value,
                    headers=[(name, text.encode()) for name, text in message.headers.items()],
                )
                for message in messages
            ]
            await asyncio.gather(*sent)
        except MessageSizeTooLargeError as error:
            raise MessageTooLargeError(str(error)) from error
        except KafkaError as error:
            # An idempotent producer may be of no use after an error; a new one always is.
            await self._disconnect()
            raise BusUnavailableError(reason(error)) from error

    async def aclose(self) -> None:
        """See `bus.port.Publisher.aclose`."""
        self._closed = True
        await self._disconnect()

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:
            if self._closed:
                raise BusClosedError("the bus was closed")
            if self._producer is not None:
                return self._producer
            producer = AIOKafkaProducer(
                **connection(self._settings),
                acks="all",
                enable_idempotence=True,
                compression_type="zstd",
                linger_ms=round(self._settings.linger_s * 1_000),
                max_request_size=self._settings.max_message_bytes,
            )
            await _started(producer, self._settings)
            self._producer = producer
            return producer

    async def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stopped(producer)


class KafkaSubscriber(Closing):
    """One member of the consumer group that follows `topics`. Connects when first used."""

    def __init__(self, settings: KafkaSettings, topics: Collection[str]) -> None:
        self._settings = settings
        self._topics = tuple(topics)
        self._topic_ids = TopicIds()
        self._progress: dict[TopicPartition, _Progress] = {}
        self._handover = _Handover(self._progress)
        self._consumer: AIOKafkaConsumer | None = None
        self._closed = False

    async def receive(self, max_messages: int, max_wait_s: float) -> list[Delivery]:
        """See `bus.port.Subscriber.receive`. Cancelling while it connects is safe."""
        consumer = await self._connected()
        if not await self._handover.over(max_wait_s):
            return []
        try:
            fetched = await consumer.getmany(
                timeout_ms=round(max_wait_s * 1_000), max_records=max_messages
            )
        except ConsumerStoppedError as error:
            raise BusClosedError("the bus was closed") from error
        except KafkaError as error:
            raise BusUnavailableError(reason(error)) from error
        again = await self._made_again(consumer, fetched)
        fetched = {each: found for each, found in fetched.items() if each.topic not in again}
        deliveries = [_delivery(record) for records in fetched.values() for record in records]
        self._handover.received(len(deliveries))
        for partition, records in fetched.items():
            progress = self._progress.setdefault(partition, _Progress())
            progress.open_since_ms = progress.open_since_ms or records[0].timestamp
            progress.seen_ms = records[-1].timestamp
        return deliveries

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        """See `bus.port.Subscriber.commit`.

        A commit that the brokers do not take is no error: the next one of the partition
        contains it, and until then its messages may come again.
        """
        offsets: dict[TopicPartition, int] = {}
        for delivery in deliveries:
            partition = TopicPartition(delivery.message.topic, delivery.partition)
            offsets[partition] = max(offsets.get(partition, 0), delivery.offset + 1)
        for partition, offset in offsets.items():
            progress = self._progress.setdefault(partition, _Progress())
            progress.next_offset, progress.open_since_ms = offset, None
        try:
            if self._consumer is not None:
                again = await self._made_again(self._consumer, offsets)
                offsets = {each: at for each, at in offsets.items() if each.topic not in again}
                if offsets:
                    await self._consumer.commit(offsets)
        except KafkaError as error:
            log.warning("commit_failed", messages=len(deliveries), reason=reason(error))
        finally:
            self._handover.dealt_with(len(deliveries))

    async def _made_again(
        self, consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
    ) -> set[str]:
        """Topics that are not the ones that were read from: they are read from the beginning."""
        again = await self._topic_ids.made_again(consumer, {each.topic for each in partitions})
        for partition in consumer.assignment():
            if partition.topic in again:
                consumer.seek(partition, 0)
                self._progress.pop(partition, None)
        if again:
            log.warning("topic_made_again", topics=sorted(again))
        return again

    async def lags(self) -> list[Lag]:
        """See `bus.port.Subscriber.lags`."""
        consumer = self._consumer
        if consumer is None:
            raise BusUnavailableError("not connected")
        try:
            async with asyncio.timeout(self._settings.request_timeout_s):
                ends = await consumer.end_offsets(consumer.assignment())
                return [await self._lag(consumer, *end) for end in sorted(ends.items())]
        except (KafkaError, TimeoutError) as error:
            raise BusUnavailableError(reason(error)) from error

    async def _lag(self, consumer: AIOKafkaConsumer, partition: TopicPartition, end: int) -> Lag:
        progress = self._progress.setdefault(partition, _Progress())
        if progress.next_offset is None:
            committed = await consumer.committed(partition)
            if committed is None:
                committed = (await consumer.beginning_offsets([partition]))[partition]
            if progress.next_offset is None:  # nothing was dealt with meanwhile
                progress.next_offset = committed
        messages = max(0, end - progress.next_offset)
        age_s = progress.age_s(time.time()) if messages else 0.0
        return Lag(partition.topic, partition.partition, messages, age_s)

    async def aclose(self) -> None:
        """See `bus.port.Subscriber.aclose`."""
        self._closed = True
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await _stopped(consumer)

    async def _connected(self) -> AIOKafkaConsumer:
        if self._closed:
            raise BusClosedError("the bus was closed")
        if self._consumer is not None:
            return self._consumer
        consumer = AIOKafkaConsumer(
            **connection(self._settings),
            group_id=self._settings.group_id,
            group_instance_id=self._settings.group_instance_id,
            session_timeout_ms=round(self._settings.session_timeout_s * 1_000),
            heartbeat_interval_ms=round(self._settings.session_timeout_s * 1_000 / 10),
            rebalance_timeout_ms=round((HANDOVER_S + self._settings.session_timeout_s) * 1_000),
            partition_assignment_strategy=(StickyPartitionAssignor,),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            metadata_max_age_ms=round(METADATA_MAX_AGE_S * 1_000),
            fetch_min_bytes=FETCH_MIN_BYTES,
            fetch_max_wait_ms=round(self._settings.fetch_wait_s * 1_000),
        )
        consumer.subscribe(self._topics, listener=self._handover)
        await _started(consumer, self._settings)
        await self._topic_ids.made_again(consumer, self._topics)
        self._consumer = consumer
        return consumer


@dataclass
class _Progress:
    """Of this subscriber, in one partition."""

    next_offset: int | None = None
    """After the last message that was dealt with."""
    open_since_ms: int | None = None
    """When the first message was published that was received and is not dealt with."""
    seen_ms: int | None = None
    """When the last message was published that was received."""

    def age_s(self, now_s: float) -> float | None:
        """Of the first message that is not dealt with: the next one is younger than the last."""
        since_ms = self.open_since_ms or self.seen_ms
        return None if since_ms is None else max(0.0, now_s - since_ms / 1_000)


class _Handover(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    """Keeps the partitions until what was received from them is dealt with, or for `HANDOVER_S`.

    Whatever is not dealt with by then comes again, perhaps to another member.
    """

    def __init__(self, progress: dict[TopicPartition, _Progress]) -> None:
        self._progress = progress
        self._unsettled = 0
        self._settled = asyncio.Event()
        self._settled.set()
        self._over = asyncio.Event()
        self._over.set()

    def received(self, messages: int) -> None:
        self._unsettled += messages
        if self._unsettled:
            self._settled.clear()

    def dealt_with(self, messages: int) -> None:
        self._unsettled = max(0, self._unsettled - messages)
        if not self._unsettled:
            self._settled.set()

    async def over(self, max_wait_s: float) -> bool:
        """Whether no partition is changing hands, now or within `max_wait_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max_wait_s):
                await self._over.wait()
        return self._over.is_set()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self._over.clear()
        try:
            async with asyncio.timeout(HANDOVER_S):
                await self._settled.wait()
        except TimeoutError:
            log.warning("handover_unsettled", messages=self._unsettled, partitions=len(revoked))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._progress.clear()
        self._unsettled = 0  # positions are those of the last commits
        self._settled.set()
        self._over.set()
        log.info("partitions_assigned", partitions=len(assigned))


async def _started(client: AIOKafkaProducer | AIOKafkaConsumer, settings: KafkaSettings) -> None:
    """Connect it, or stop it and raise `BusUnavailableError`."""
    try:
        async with asyncio.timeout(START_REQUESTS * settings.request_timeout_s):
            await client.start()
    except (KafkaError, OSError, TimeoutError) as error:
        await _stopped(client)
        raise BusUnavailableError(await reason_to_connect(settings, error)) from error
    except asyncio.CancelledError:
        await _stopped(client)
        raise


async def _stopped(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Close it; one whose brokers are gone is not waited for."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await client.stop()
    except (KafkaError, OSError, TimeoutError) as error:
        log.info("kafka_client_abandoned", reason=str(error) or "timeout")


def _delivery(record: ConsumerRecord) -> Delivery:
    message = Message(
        topic=record.topic,
        key=(record.key or b"").decode(errors="replace"),
        value=record.value or b"",
        headers={name: value.decode(errors="replace") for name, value in record.headers},
    )
    return Delivery(message, record.partition, record.offset)
