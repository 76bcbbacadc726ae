"""Kafka as the settings say, and `woa kafka topics`."""

import asyncio

from bus.kafka import KafkaPublisher, KafkaSubscriber
from bus.kafka_connection import KafkaConnectionError, connection
from bus.kafka_topics import TopicState, create_topics, topic_states
from bus.port import BusUnavailableError
from cli.exits import CommandError, Exit, UsageError
from cli.settings import Settings
from cli.tables import UNKNOWN, show_table
from contracts.topics import RECORD_TOPICS, Topic

__all__ = ["kafka_publisher", "kafka_subscriber", "run_topics"]

ALL_TOPICS = [topic.value for topic in Topic]


def kafka_publisher(settings: Settings) -> KafkaPublisher:
    """Raises `UsageError` where a setting is missing or of no use."""
    _check(settings)
    return KafkaPublisher(settings.kafka)


def kafka_subscriber(settings: Settings) -> KafkaSubscriber:
    """Of every topic that carries records, and what publishers set aside. Raises `UsageError`."""
    _check(settings)
    return KafkaSubscriber(settings.kafka, [*RECORD_TOPICS, Topic.DEAD_LETTERS])


def run_topics(settings: Settings, *, create: bool, partitions: int, replicas: int) -> Exit:
    """Say how the topics are, after making those that are missing if that is wanted.

    Exit code: 1 when one cannot be used. Raises `CommandError`.
    """
    _check(settings)
    try:
        return asyncio.run(_topics(settings, create, partitions, replicas))
    except BusUnavailableError as error:
        raise CommandError(str(error)) from error


async def _topics(settings: Settings, create: bool, partitions: int, replicas: int) -> Exit:
    kafka = settings.kafka
    if create:
        made = await create_topics(kafka, ALL_TOPICS, partitions, replicas)
        print(f"Made {len(made)} topics" if made else "All topics were there")
    states = await topic_states(kafka, ALL_TOPICS)
    problems = {state.name: "; ".join(state.problems(kafka)) for state in states}
    rows = [(*_cells(state), problems[state.name] or "ok") for state in states]
    headers = ("TOPIC", "PARTITIONS", "REPLICAS", "STATE")
    show_table(headers, rows, numeric=headers[1:3])
    return Exit.FAILED if any(problems.values()) else Exit.OK


def _cells(state: TopicState) -> tuple[str, str, str]:
    return state.name, str(state.partitions or UNKNOWN), str(state.replicas or UNKNOWN)


def _check(settings: Settings) -> None:
    try:
        connection(settings.kafka)
    except KafkaConnectionError as error:
        raise UsageError(str(error)) from error
