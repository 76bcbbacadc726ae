"""From a delivery to its record, or to the dead letter that tells why there is none. Pure."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from bus.port import Delivery, Message
from contracts.dead_letter import DeadLetterRecord
from contracts.topics import SCHEMA_HEADER, DecodeError, PublishedRecord, Topic, decode, time_of
from store.write import DeadLetter

__all__ = ["Decoded", "decoded", "read_message", "set_aside"]


@dataclass(frozen=True, slots=True)
class Decoded:
    """One delivery, with one of two."""

    delivery: Delivery
    record: PublishedRecord | None
    dead_letter: DeadLetter | None

    @property
    def is_bad(self) -> bool:
        """Whether the message itself is of no use; a publisher's dead letter is what it says."""
        letter = self.dead_letter
        return letter is not None and letter.topic == self.delivery.message.topic


def decoded(delivery: Delivery, latest: datetime) -> Decoded:
    """Records from after `latest` are dead letters, too."""
    message = delivery.message
    try:
        if message.topic == Topic.DEAD_LETTERS.value:
            return Decoded(delivery, None, _letter_of_a_publisher(delivery))
        return Decoded(delivery, read_message(message, latest), None)
    except DecodeError as error:
        return set_aside(delivery, error.reason, error.detail)


def read_message(message: Message, latest: datetime) -> PublishedRecord:
    """The record. Raises `DecodeError`."""
    record = decode(message.topic, message.headers.get(SCHEMA_HEADER), message.value)
    at = time_of(record)
    if at > latest:
        raise DecodeError(
            "time_ahead",
            f"{at.isoformat()} is later than {latest.isoformat()}, as far ahead of the clock as "
            "ingest.max_ahead_s allows: set the clocks",
        )
    return record


def set_aside(delivery: Delivery, reason: str, detail: str) -> Decoded:
    """The delivery as a dead letter."""
    message = delivery.message
    letter = DeadLetter(
        topic=message.topic,
        partition=delivery.partition,
        offset=delivery.offset,
        reason=reason,
        detail=detail,
        headers=message.headers,
        payload=message.value,
    )
    return Decoded(delivery, None, letter)


def _letter_of_a_publisher(delivery: Delivery) -> DeadLetter:
    """Its place is that of the letter: what it tells of never had one."""
    try:
        letter = DeadLetterRecord.model_validate_json(delivery.message.value)
    except ValidationError as error:
        detail = f"{error.error_count()} fields are wrong"
        raise DecodeError("invalid_dead_letter", detail) from error
    return DeadLetter(
        topic=letter.topic,
        partition=delivery.partition,
        offset=delivery.offset,
        reason=letter.reason,
        detail=letter.detail,
        headers=letter.headers,
        payload=letter.payload,
    )
