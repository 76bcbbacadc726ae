"""The topics of a run as the brokers have them: what is in them, how far ingest is, made again."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from agents.forwarder import RECORD_ID_HEADER
from bus.kafka_connection import connection
from bus.kafka_settings import KafkaSettings

__all__ = ["delete", "lag", "names_in"]

PREFIX = "woa."
RETRY_S = 0.5
PATIENCE_S = 120.0


async def lag(settings: KafkaSettings) -> int:
    """Messages in all our topics that the group has not committed. Retries what fails."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await _lag(settings)
            except (KafkaError, OSError):
                await asyncio.sleep(RETRY_S)


async def names_in(settings: KafkaSettings, topics: Collection[str] = ()) -> Counter[str]:
    """How often each message is there, by the name in its header; default in all our topics."""
    found: Counter[str] = Counter()
    async with _consumer(settings) as consumer:
        partitions = await _partitions(settings, topics)
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            fetched = await consumer.getmany(timeout_ms=500)
            found.update(_name(record) for records in fetched.values() for record in records)
    return found


async def delete(settings: KafkaSettings, topic: str) -> None:
    """Return when the brokers do not know it any more."""
    async with _admin(settings) as admin, asyncio.timeout(PATIENCE_S):
        await admin.delete_topics([topic])
        while True:
            if topic not in await admin.list_topics():
                return
            await asyncio.sleep(RETRY_S)


async def _lag(settings: KafkaSettings) -> int:
    async with _consumer(settings) as consumer, _admin(settings) as admin:
        ends = await consumer.end_offsets(await _partitions(settings, ()))
        committed = await admin.list_consumer_group_offsets(settings.group_id)
    done = {partition: at.offset for partition, at in committed.items()}
    return sum(max(0, end - max(0, done.get(each, 0))) for each, end in ends.items())


async def _partitions(settings: KafkaSettings, topics: Collection[str]) -> list[TopicPartition]:
    async with _admin(settings) as admin:
        known = [name for name in await admin.list_topics() if name.startswith(PREFIX)]
        described = await admin.describe_topics(list(topics) or known)
    found = [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    ]
    if not found:
        raise RuntimeError("the brokers have none of our topics")
    return found


def _name(record: ConsumerRecord) -> str:
    headers = {name: value.decode() for name, value in record.headers}
    if RECORD_ID_HEADER not in headers:  # a dead letter has those of the message inside
        headers = json.loads(record.value)["headers"]
    return str(headers[RECORD_ID_HEADER])


@asynccontextmanager
async def _consumer(settings: KafkaSettings) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(**connection(settings), enable_auto_commit=False)
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def _admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**connection(settings))
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()
