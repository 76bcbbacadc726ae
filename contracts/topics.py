"""Topics of the bus, and how a record becomes a message and back.

A message is JSON with camelCase names; its headers name the schema and its version, so that
a consumer can refuse a major version it does not know before it parses.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from contracts.base import Record
from contracts.coordination import CoordinationMetrics
from contracts.events import CoordinationEvent, Event, ScalingEvent, SchedulingDecision
from contracts.load_balancing import LoadBalancingMetrics
from contracts.orchestrator import OrchestratorMetrics
from contracts.worker_pool import WorkerPoolMetrics
from contracts.worker_usage import WorkerUsage

__all__ = [
    "RECORD_TOPICS",
    "SCHEMA_HEADER",
    "DecodeError",
    "PublishedRecord",
    "Topic",
    "decode",
    "encode",
    "key_of",
    "schema_of",
    "time_of",
    "topic_of",
]

SCHEMA_HEADER = "woa-schema"
SCHEMA_VERSION = "1.0"

PublishedRecord = (
    OrchestratorMetrics
    | WorkerPoolMetrics
    | WorkerUsage
    | LoadBalancingMetrics
    | CoordinationMetrics
    | SchedulingDecision
    | CoordinationEvent
    | ScalingEvent
)
"""What agents publish and ingest writes."""


class Topic(StrEnum):
    """Where each kind of record travels; the suffix is the major version of its schema."""

    ORCHESTRATOR_METRICS = "woa.orchestrator-metrics.v1"
    WORKER_POOL_METRICS = "woa.worker-pool-metrics.v1"
    WORKER_USAGE = "woa.worker-usage.v1"
    LOAD_BALANCING_METRICS = "woa.load-balancing-metrics.v1"
    COORDINATION_METRICS = "woa.coordination-metrics.v1"
    EVENTS = "woa.events.v1"
    COMMANDS = "woa.commands.v1"
    DEAD_LETTERS = "woa.dead-letters.v1"


TOPIC_OF_RECORD: dict[type[PublishedRecord], Topic] = {
    OrchestratorMetrics: Topic.ORCHESTRATOR_METRICS,
    WorkerPoolMetrics: Topic.WORKER_POOL_METRICS,
    WorkerUsage: Topic.WORKER_USAGE,
    LoadBalancingMetrics: Topic.LOAD_BALANCING_METRICS,
    CoordinationMetrics: Topic.COORDINATION_METRICS,
    SchedulingDecision: Topic.EVENTS,
    CoordinationEvent: Topic.EVENTS,
    ScalingEvent: Topic.EVENTS,
}

READER_OF_TOPIC: dict[Topic, TypeAdapter[PublishedRecord]] = {
    Topic.ORCHESTRATOR_METRICS: TypeAdapter(OrchestratorMetrics),
    Topic.WORKER_POOL_METRICS: TypeAdapter(WorkerPoolMetrics),
    Topic.WORKER_USAGE: TypeAdapter(WorkerUsage),
    Topic.LOAD_BALANCING_METRICS: TypeAdapter(LoadBalancingMetrics),
    Topic.COORDINATION_METRICS: TypeAdapter(CoordinationMetrics),
    Topic.EVENTS: TypeAdapter(Event),
}
"""How the topics of published records are read; commands and dead letters are none."""

RECORD_TOPICS = tuple(READER_OF_TOPIC)
"""The topics that ingest follows."""


class DecodeError(ValueError):
    """The bytes are not a record of their topic; a retry cannot help, so it is a dead letter."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def topic_of(record: PublishedRecord) -> Topic:
    """The topic a record travels on."""
    return TOPIC_OF_RECORD[type(record)]


def schema_of(topic: Topic) -> str:
    """Value of the schema header, e.g. `orchestrator-metrics/1.0`."""
    return f"{topic.value.split('.')[1]}/{SCHEMA_VERSION}"


def key_of(record: PublishedRecord) -> UUID:
    """Records of one orchestrator keep their order."""
    return record.orchestrator_id


def time_of(record: PublishedRecord) -> datetime:
    """When it was collected, or when it happened."""
    match record:
        case SchedulingDecision():
            return record.decision_time
        case CoordinationEvent() | ScalingEvent():
            return record.event_time
        case _:
            return record.collected_at


def encode(record: Record) -> bytes:
    """The record as JSON."""
    return record.model_dump_json().encode()


def decode(topic: str, schema: str | None, value: bytes) -> PublishedRecord:
    """Parse a message. Raises `DecodeError` with a stable reason for anything else."""
    known = next((each for each in RECORD_TOPICS if each.value == topic), None)
    if known is None:
        raise DecodeError("unknown_topic", topic)
    expected = schema_of(known).partition(".")[0]
    if schema is not None and schema.partition(".")[0] != expected:
        raise DecodeError("unknown_schema", f"{schema!r}, this reader knows {expected}.x")
    try:
        return READER_OF_TOPIC[known].validate_json(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "record"
        reason = "not_json" if first["type"] == "json_invalid" else "invalid_record"
        raise DecodeError(reason, f"{place}: {first['msg']}") from error
