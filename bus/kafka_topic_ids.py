"""Whether a topic is still the one that was read from: made again, it has the name but not the id.

aiokafka knows topics by name only. Where one is deleted and made again while a consumer is busy,
its position in the old log would be taken for one in the new, and what is before it be skipped.
So this asks for the ids itself, in the version of the request that has them (brokers from 2.8 on);
older brokers have none, and nothing can be noticed there.
"""

from collections.abc import Collection
from io import BytesIO
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

__all__ = ["TopicIds"]

log = structlog.get_logger(__name__)

UNKNOWN = bytes(16)


class TopicIds:
    """Remembers the id of each topic."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    async def made_again(self, consumer: AIOKafkaConsumer, topics: Collection[str]) -> set[str]:
        """Those that have another id than when they were last asked about, or asked first.

        Brokers that do not answer now are asked next time.
        """
        try:
            found = await _topic_ids(consumer, topics) if topics else {}
        except (KafkaError, NotImplementedError) as error:
            log.debug("topic_ids_unknown", reason=str(error))
            return set()
        changed = {name for name, each in found.items() if self._known.get(name, each) != each}
        self._known |= found
        return changed


async def _topic_ids(consumer: AIOKafkaConsumer, topics: Collection[str]) -> dict[str, bytes]:
    client = consumer._client
    answer = await client.send(client.get_random_node(), _MetadataRequest(topics))
    return {name: each for _, name, each, *_ in answer.topics if each != UNKNOWN}


class _Uuid(AbstractType[bytes]):  # type: ignore[misc]  # aiokafka is not typed
    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(16)


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString()),
                ("port", Int32),
                ("rack", CompactString()),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString()),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("in_sync_replicas", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class _MetadataRequestV10(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 10
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic_id", _Uuid),
                ("name", CompactString()),
                ("tags", TaggedFields),
            ),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _MetadataRequest(Request[_MetadataRequestV10]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: Collection[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataRequestV10]) -> Any:
        topics: list[Any] = [(UNKNOWN, name, {}) for name in self._topics]
        return request_struct_class(topics, False, False, False, {})
