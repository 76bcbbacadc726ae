"""Dead letters once more: what this version can read goes the way of every record."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bus.port import Message
from contracts.dead_letter import MESSAGE_TOO_LARGE
from contracts.topics import DecodeError, PublishedRecord
from ingest.decoding import read_message
from store.dead_letters import DeadLetters
from store.errors import RecordRefusedError
from store.write import DeadLetter, Writer

__all__ = ["Replayed", "replay"]


@dataclass(frozen=True)
class Replayed:
    """What became of one; without an `error` it is in the database, and no letter any more."""

    id: UUID
    error: str | None


async def replay(
    letters: DeadLetters, writer: Writer, chosen: Sequence[UUID], latest: datetime
) -> AsyncIterator[Replayed]:
    """One after the other. A record that was stored meanwhile is stored once.

    Raises `StoreUnavailableError`; what was dealt with until then stays so.
    """
    for letter_id in chosen:
        letter = await letters.letter(letter_id)
        if letter is None:
            yield Replayed(letter_id, "it is gone")
            continue
        try:
            await writer.write([_record(letter, latest)])
        except (DecodeError, RecordRefusedError) as error:
            yield Replayed(letter_id, str(error))
        else:
            await letters.forget([letter_id])
            yield Replayed(letter_id, None)


def _record(letter: DeadLetter, latest: datetime) -> PublishedRecord:
    if letter.reason == MESSAGE_TOO_LARGE:
        raise DecodeError(letter.reason, "only its beginning was kept")
    return read_message(Message(letter.topic, "", letter.payload, letter.headers), latest)
