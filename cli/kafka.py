"""Kafka as the settings say, `woa kafka` and `woa ingest rewind`."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta

from bus.kafka import KafkaPublisher, KafkaSubscriber
from bus.kafka_acls import Role, commands, grants
from bus.kafka_connection import KafkaConnectionError, connection
from bus.kafka_rewind import GroupInUseError, Rewind, rewind
from bus.kafka_topics import TopicState, create_topics, topic_states
from bus.port import BusUnavailableError
from cli.exits import CommandError, Exit, UsageError
from cli.moments import parse_moment
from cli.settings import Settings
from cli.surroundings import utc_now
from cli.tables import UNKNOWN, number, show_table
from contracts.topics import RECORD_TOPICS, Topic

__all__ = ["kafka_publisher", "kafka_subscriber", "run_acls", "run_rewind", "run_topics"]

EXAMPLE_SERVERS = "kafka:9092"
ALL_TOPICS = [topic.value for topic in Topic]
INGESTED_TOPICS = [topic.value for topic in (*RECORD_TOPICS, Topic.DEAD_LETTERS)]


def kafka_publisher(settings: Settings) -> KafkaPublisher:
    """Raises `UsageError` where a setting is missing or of no use."""
    _check(settings)
    return KafkaPublisher(settings.kafka)


def kafka_subscriber(settings: Settings) -> KafkaSubscriber:
    """Of every topic that carries records, and what publishers set aside. Raises `UsageError`."""
    _check(settings)
    return KafkaSubscriber(settings.kafka, INGESTED_TOPICS)


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


def run_acls(
    settings: Settings, principals: Mapping[Role, str], consumer_group: str, *, as_json: bool
) -> Exit:
    """Print what they need, role by role."""
    wanted = grants(settings.kafka, principals, consumer_group)
    if as_json:
        print(json.dumps([asdict(grant) for grant in wanted], indent=2))
        return Exit.OK
    servers = settings.kafka.bootstrap_servers or EXAMPLE_SERVERS
    for role in principals:
        of_role = [grant for grant in wanted if grant.role is role]
        print(f"# {role.value}", *commands(servers, of_role), sep="\n")
    return Exit.OK


def run_rewind(settings: Settings, to: str, *, dry_run: bool) -> Exit:
    """Say how far each partition goes back, after sending it there. Raises `CommandError`."""
    _check(settings)
    now = utc_now()
    moment = parse_moment(to, now)
    if moment > now:
        raise UsageError(f"--to {to} is in the future")
    if moment < now - timedelta(days=settings.retention.raw_days):
        raise UsageError(
            f"--to {to} is before the raw history (retention.raw_days {settings.retention.raw_days}"
            "): what is summed up by minute and hour already would count twice"
        )
    try:
        found = asyncio.run(rewind(settings.kafka, INGESTED_TOPICS, moment, dry_run=dry_run))
    except (BusUnavailableError, GroupInUseError) as error:
        raise CommandError(str(error)) from error
    headers = ("TOPIC", "PARTITION", "FROM", "TO", "MESSAGES")
    show_table(headers, map(_rewound, found), headers[1:])
    messages = sum(each.messages for each in found)
    print(
        f"\nWould read {number(messages)} messages again; nothing was changed"
        if dry_run
        else f"\n{number(messages)} messages come again when `woa ingest run` starts"
    )
    return Exit.OK


def _rewound(each: Rewind) -> tuple[str, ...]:
    offsets = (UNKNOWN if offset is None else str(offset) for offset in (each.before, each.after))
    return each.topic, str(each.partition), *offsets, str(each.messages)


def _cells(state: TopicState) -> tuple[str, str, str]:
    return state.name, str(state.partitions or UNKNOWN), str(state.replicas or UNKNOWN)


def _check(settings: Settings) -> None:
    try:
        connection(settings.kafka)
    except KafkaConnectionError as error:
        raise UsageError(str(error)) from error
