"""Topics of the bus, and how a record becomes a message and back.

A message is JSON with camelCase names; its headers name the schema and its version, so that
a consumer can refuse a major version it does not know before it parses.
"""

from enum import StrEnum
from uuid import UUID

from pydantic import ValidationError

from contracts.base import Record
from contracts.orchestrator import OrchestratorMetrics
from contracts.worker_pool import WorkerPoolMetrics

__all__ = [
    "SCHEMA_HEADER",
    "DecodeError",
    "PublishedRecord",
    "Topic",
    "decode",
    "encode",
    "key_of",
    "schema_of",
    "topic_of",
]

SCHEMA_HEADER = "woa-schema"
SCHEMA_VERSION = "1.0"

PublishedRecord = OrchestratorMetrics | WorkerPoolMetrics


class Topic(StrEnum):
    """Where each kind of record travels; the suffix is the major version of its schema."""

    ORCHESTRATOR_METRICS = "woa.orchestrator-metrics.v1"
    WORKER_POOL_METRICS = "woa.worker-pool-metrics.v1"


RECORD_OF_TOPIC: dict[Topic, type[PublishedRecord]] = {
    Topic.ORCHESTRATOR_METRICS: OrchestratorMetrics,
    Topic.WORKER_POOL_METRICS: WorkerPoolMetrics,
}


class DecodeError(ValueError):
    """The bytes are not a record of their topic; a retry cannot help, so it is a dead letter."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def topic_of(record: PublishedRecord) -> Topic:
    """The topic a record travels on."""
    return next(topic for topic, kind in RECORD_OF_TOPIC.items() if isinstance(record, kind))


def schema_of(topic: Topic) -> str:
    """Value of the schema header, e.g. `orchestrator-metrics/1.0`."""
    return f"{topic.value.split('.')[1]}/{SCHEMA_VERSION}"


def key_of(record: PublishedRecord) -> UUID:
    """Records of one orchestrator keep their order."""
    return record.orchestrator_id


def encode(record: Record) -> bytes:
    """The record as JSON."""
    return record.model_dump_json().encode()


def decode(topic: str, schema: str | None, value: bytes) -> PublishedRecord:
    """Parse a message. Raises `DecodeError` with a stable reason for anything else."""
    try:
        known = Topic(topic)
    except ValueError as error:
        raise DecodeError("unknown_topic", topic) from error
    expected = schema_of(known).partition(".")[0]
    if schema is not None and schema.partition(".")[0] != expected:
        raise DecodeError("unknown_schema", f"{schema!r}, this reader knows {expected}.x")
    if b"\\u0000" in value or b"\x00" in value:
        raise DecodeError("nul_character", "PostgreSQL cannot store U+0000")
    try:
        return RECORD_OF_TOPIC[known].model_validate_json(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "record"
        reason = "not_json" if first["type"] == "json_invalid" else "invalid_record"
        raise DecodeError(reason, f"{place}: {first['msg']}") from error
