"""The least rights that each role needs on a Kafka cluster, and the commands that give them."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bus.kafka_settings import KafkaSettings
from contracts.topics import RECORD_TOPICS, Topic

__all__ = ["Grant", "Role", "commands", "grants"]

RECORDS = tuple(topic.value for topic in RECORD_TOPICS)
INGESTED = (*RECORDS, Topic.DEAD_LETTERS.value)
EVERY_TOPIC = tuple(topic.value for topic in Topic)


class Role(StrEnum):
    """Who connects to the cluster."""

    AGENT = "agent"
    """`woa agent run`."""
    INGEST = "ingest"
    """`woa ingest run`."""
    OPERATOR = "operator"
    """`woa kafka topics --create` and `woa ingest rewind`, by a person."""
    CONSUMER = "consumer"
    """A program of somebody else that reads the records."""


@dataclass(frozen=True)
class Grant:
    """Operations that a principal may do on resources of one type."""

    role: Role
    principal: str
    """As the cluster names it, such as `User:woa-agent` or `User:CN=agent,O=us`."""
    resource_type: str
    resources: tuple[str, ...]
    operations: tuple[str, ...]


def grants(
    settings: KafkaSettings, principals: Mapping[Role, str], consumer_group: str
) -> list[Grant]:
    """What each of them needs. Reading and writing include being told that a topic is there."""
    return [
        Grant(role, principal, resource_type, resources, operations)
        for role, principal in principals.items()
        for resource_type, resources, operations in _of(role, settings.group_id, consumer_group)
    ]


def commands(servers: str, wanted: Sequence[Grant]) -> list[str]:
    """The same as command lines of Kafka's own tool."""
    return [
        shlex.join(
            [
                *("kafka-acls.sh", "--bootstrap-server", servers, "--add"),
                *("--allow-principal", grant.principal),
                *_repeated("--operation", grant.operations),
                *_repeated(f"--{grant.resource_type}", grant.resources),
            ]
        )
        for grant in wanted
    ]


def _of(
    role: Role, ingest_group: str, consumer_group: str
) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Type of resources, resources, operations."""
    match role:
        case Role.AGENT:
            yield "topic", INGESTED, ("Write",)
        case Role.INGEST:
            yield "topic", INGESTED, ("Read",)
            yield "group", (ingest_group,), ("Read",)
        case Role.OPERATOR:
            yield "topic", EVERY_TOPIC, ("Create", "Read", "DescribeConfigs")
            yield "group", (ingest_group,), ("Read",)
        case Role.CONSUMER:
            yield "topic", RECORDS, ("Read",)
            yield "group", (consumer_group,), ("Read",)


def _repeated(option: str, values: Sequence[str]) -> Iterator[str]:
    for value in values:
        yield option
        yield value
