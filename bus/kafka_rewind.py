"""Sends a consumer group back in time: what came since is delivered once more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from bus.kafka_connection import connection
from bus.kafka_reasons import reason
from bus.kafka_settings import KafkaSettings
from bus.kafka_topics import topic_states
from bus.port import BusUnavailableError

__all__ = ["GroupInUseError", "Rewind", "rewind"]


class GroupInUseError(Exception):
    """Members of the group are at work: they would go on where they are."""


@dataclass(frozen=True)
class Rewind:
    """One partition. `before` is None where the group never committed there, and stays so."""

    topic: str
    partition: int
    before: int | None
    after: int | None

    @property
    def messages(self) -> int:
        """How many come again."""
        return 0 if self.before is None or self.after is None else self.before - self.after


async def rewind(
    settings: KafkaSettings, topics: Collection[str], to: datetime, *, dry_run: bool
) -> list[Rewind]:
    """Of each partition, to the first message published at `to` or later; never forward.

    Raises `BusUnavailableError` and `GroupInUseError`.
    """
    partitions = [
        TopicPartition(state.name, number)
        for state in await topic_states(settings, topics)
        for number in range(state.partitions or 0)
    ]
    try:
        await _refuse_members(settings)
        consumer = AIOKafkaConsumer(
            **connection(settings), group_id=settings.group_id, enable_auto_commit=False
        )
        try:
            await consumer.start()
            return await _rewind(consumer, partitions, to, dry_run=dry_run)
        finally:
            await consumer.stop()
    except (KafkaError, OSError) as error:
        raise BusUnavailableError(
            f"Kafka at {settings.bootstrap_servers}: {reason(error)}"
        ) from error


async def _refuse_members(settings: KafkaSettings) -> None:
    admin = AIOKafkaAdminClient(**connection(settings))
    try:
        await admin.start()
        answers = await admin.describe_consumer_groups([settings.group_id])
    finally:
        await admin.close()
    states = {group[2] for answer in answers for group in answer.groups}
    if states - {"Empty", "Dead", ""}:
        raise GroupInUseError(
            f"group {settings.group_id} is at work ({', '.join(sorted(states))}): stop every "
            "`woa ingest run` of it first; one that was killed is a member until "
            f"kafka.session_timeout_s ({settings.session_timeout_s:g} s) has passed"
        )


async def _rewind(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], to: datetime, *, dry_run: bool
) -> list[Rewind]:
    if not partitions:
        return []
    consumer.assign(partitions)
    at_ms = round(to.timestamp() * 1_000)
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, at_ms))
    ends = await consumer.end_offsets(partitions)
    committed = {each: await consumer.committed(each) for each in partitions}
    after = {each: _offset(found, ends, each) for each in partitions}
    moved = {
        each: min(offset, after[each]) for each, offset in committed.items() if offset is not None
    }
    back = {each: offset for each, offset in moved.items() if offset != committed[each]}
    if back and not dry_run:
        await consumer.commit(back)
    return [
        Rewind(each.topic, each.partition, committed[each], moved.get(each)) for each in partitions
    ]


def _offset(
    found: Mapping[TopicPartition, object], ends: Mapping[TopicPartition, int], each: TopicPartition
) -> int:
    """Where no message is that new, the end."""
    offset = getattr(found.get(each), "offset", None)
    return ends[each] if offset is None else int(offset)
