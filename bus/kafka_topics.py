"""The topics of the bus on a Kafka cluster: which are there, and making those that are not.

Brokers that make topics by themselves would make them with their defaults, so ours are made
once, on purpose, by `woa kafka topics --create`.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from bus.kafka_connection import connection
from bus.kafka_reasons import reason, reason_to_connect
from bus.kafka_settings import KafkaSettings
from bus.port import BusUnavailableError

__all__ = ["TopicState", "create_topics", "topic_states"]

RETENTION_MS = 7 * 24 * 3_600 * 1_000
"""As long as an agent's spool: what ingest missed for a week is there."""


@dataclass(frozen=True)
class TopicState:
    """A topic as the cluster has it. `partitions` and `replicas` are None where it is missing."""

    name: str
    partitions: int | None
    replicas: int | None
    max_message_bytes: int | None

    def problems(self, settings: KafkaSettings) -> tuple[str, ...]:
        """What keeps the bus from using it, with the fix."""
        if self.partitions is None:
            return ("missing: woa kafka topics --create",)
        if self.max_message_bytes is not None and (
            self.max_message_bytes < settings.max_message_bytes
        ):
            return (
                f"max.message.bytes is {self.max_message_bytes:,}, less than "
                f"kafka.max_message_bytes {settings.max_message_bytes:,}: raise one or lower "
                "the other",
            )
        return ()


async def topic_states(settings: KafkaSettings, topics: Collection[str]) -> list[TopicState]:
    """Each of `topics` as the cluster has it, in that order. Raises `BusUnavailableError`."""
    async with _admin(settings) as admin:
        known = set(await admin.list_topics()) & set(topics)
        described = await admin.describe_topics(sorted(known)) if known else []
        limits = await _message_limits(admin, sorted(known)) if known else {}
    by_name = {topic["topic"]: topic["partitions"] for topic in described}
    return [_state(name, by_name.get(name), limits.get(name)) for name in topics]


async def create_topics(
    settings: KafkaSettings, topics: Sequence[str], partitions: int, replicas: int
) -> list[str]:
    """Make those of `topics` that are missing; returns their names.

    `replicas` -1 means the cluster's default. Raises `BusUnavailableError`, also where the
    cluster refuses (too few brokers, no right to).
    """
    async with _admin(settings) as admin:
        missing = [name for name in topics if name not in set(await admin.list_topics())]
        if not missing:
            return []
        configs = {
            "retention.ms": str(RETENTION_MS),
            "max.message.bytes": str(max(settings.max_message_bytes, 1_048_588)),
        }
        answer = await admin.create_topics(
            [NewTopic(name, partitions, replicas, topic_configs=configs) for name in missing]
        )
    for name, code, detail in answer.topic_errors:
        if code not in {0, TopicAlreadyExistsError.errno}:
            refused = for_code(code)(detail or for_code(code).__name__)
            raise BusUnavailableError(f"the cluster does not make {name}: {reason(refused)}")
    return missing


@asynccontextmanager
async def _admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**connection(settings))
    place = f"Kafka at {settings.bootstrap_servers}"
    try:
        try:
            await admin.start()
        except (KafkaError, OSError) as error:
            told = await reason_to_connect(settings, error)
            raise BusUnavailableError(f"{place}: {told}") from error
        yield admin
    except (KafkaError, OSError) as error:
        raise BusUnavailableError(f"{place}: {reason(error)}") from error
    finally:
        await admin.close()


async def _message_limits(admin: AIOKafkaAdminClient, topics: Sequence[str]) -> dict[str, int]:
    name = "max.message.bytes"
    wanted = [ConfigResource(ConfigResourceType.TOPIC, topic, {name: None}) for topic in topics]
    answers = await admin.describe_configs(wanted)
    return {
        resource[3]: int(entry[1])
        for answer in answers
        for resource in answer.resources
        for entry in resource[4]
        if entry[0] == name
    }


def _state(
    name: str, partitions: Sequence[Mapping[str, Any]] | None, limit: int | None
) -> TopicState:
    if partitions is None:
        return TopicState(name, None, None, None)
    return TopicState(name, len(partitions), len(partitions[0]["replicas"]), limit)
