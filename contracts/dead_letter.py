"""Dead letters: messages that are no record, kept as they came."""

from uuid import UUID

from pydantic import Base64Bytes, Field

from contracts.base import Count, Record, Text, UtcDatetime

__all__ = ["DeadLetterRecord"]


class DeadLetterRecord(Record):
    """One of them, as it travels on its topic. Somebody may look at it and send it again."""

    id: UUID = Field(description="Of topic and payload: the same poison, sent again, is one.")
    topic: Text
    partition: Count
    offset: Count
    reason: Text = Field(description="Stable identifier, e.g. `not_json`, `invalid_record`.")
    detail: Text
    headers: dict[Text, Text] = Field(default_factory=dict)
    payload: Base64Bytes
    received_at: UtcDatetime
