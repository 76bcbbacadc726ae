"""Dead letters: messages that are no record, kept as they came."""

from hashlib import sha256
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import Base64Bytes, Field

from contracts.base import Count, Record, Text, UtcDatetime

__all__ = ["MESSAGE_TOO_LARGE", "DeadLetterRecord", "dead_letter_id"]

MESSAGE_TOO_LARGE = "message_too_large"
"""The reason of a publisher that could not send it; the letter has its beginning only."""


def dead_letter_id(topic: str, payload: bytes) -> UUID:
    """The same poison, sent again, has the same id."""
    digest = sha256(payload).hexdigest()
    return uuid5(NAMESPACE_URL, f"urn:woa:dead-letter:{topic}:{digest}")


class DeadLetterRecord(Record):
    """One of them, as it travels on its topic. Somebody may look at it and send it again."""

    id: UUID = Field(description="Of topic and payload: the same poison, sent again, is one.")
    topic: Text = Field(description="The topic it came on.")
    partition: Count = Field(description="The partition it came on; 0 on the direct bus.")
    offset: Count = Field(description="Its place in the partition.")
    reason: Text = Field(description="Stable identifier, e.g. `not_json`, `message_too_large`.")
    detail: Text = Field(description="What exactly was wrong with it, for a person.")
    headers: dict[Text, Text] = Field(default_factory=dict, description="As they came.")
    payload: Base64Bytes = Field(
        description="The message as it came, base64; of one that was too large, the beginning."
    )
    received_at: UtcDatetime = Field(description="When it was set aside.")
