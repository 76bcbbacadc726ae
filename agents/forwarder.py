"""From the spool to the bus: a record leaves the spool when the bus has acknowledged it."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from agents.paging import paged
from agents.spool import Spool, Spooled, SpoolError, SpoolState
from bus.port import BusUnavailableError, Message, MessageTooLargeError, Publisher
from contracts.dead_letter import MESSAGE_TOO_LARGE, DeadLetterRecord, dead_letter_id
from contracts.topics import (
    SCHEMA_HEADER,
    PublishedRecord,
    Topic,
    encode,
    key_of,
    schema_of,
    topic_of,
)

__all__ = ["Forwarder", "message_of"]

log = structlog.get_logger(__name__)

BATCH_RECORDS = 500
PUBLISH_TIMEOUT_S = 30.0
RETRY_FIRST_S = 0.2
RETRY_LAST_S = 10.0
RECORD_ID_HEADER = "woa-record-id"
KEPT_BYTES = 65_536
"""Of a message that is too large, so that it can be told what it was."""


def message_of(record: PublishedRecord) -> Message:
    """The record as it travels."""
    topic = topic_of(record)
    headers = {SCHEMA_HEADER: schema_of(topic), RECORD_ID_HEADER: str(record.id)}
    return Message(topic.value, str(key_of(record)), encode(record), headers)


class Forwarder:
    """All agents of a process share one spool and one way out of it."""

    def __init__(
        self,
        spool: Spool,
        publisher: Publisher,
        max_message_bytes: int | None = None,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Pools are cut into pages of at most `max_message_bytes`."""
        self._spool = spool
        self._publisher = publisher
        self._max_message_bytes = max_message_bytes
        self._utc_now = utc_now
        self._waiting = asyncio.Event()
        self._idle = asyncio.Event()
        self.last_state: SpoolState | None = None

    async def put(self, records: Sequence[PublishedRecord], now: datetime) -> None:
        """Return when the records are on disk. Raises `SpoolError`."""
        messages = [
            message_of(part)
            for record in records
            for part in paged(record, self._max_message_bytes)
        ]
        dropped = await self._spool.append(messages, now)
        if dropped:
            log.error("spool_overflow", dropped=dropped)
        self._idle.clear()
        self._waiting.set()

    async def state(self) -> SpoolState:
        """What waits in the spool; `last_state` remembers it for those who cannot wait."""
        self.last_state = await self._spool.state()
        return self.last_state

    async def run(self) -> None:
        """Forward until cancelled, the oldest first, whatever the bus or the disk does."""
        while True:
            try:
                await self._forward()
            except SpoolError as error:
                log.error("spool_failed", reason=str(error))
                await asyncio.sleep(RETRY_LAST_S)

    async def _forward(self) -> None:
        self._waiting.clear()
        batch = await self._spool.head(BATCH_RECORDS)
        if not batch:
            self._idle.set()
            await self._waiting.wait()
            return
        await self._hand_over(batch)

    async def _hand_over(self, batch: Sequence[Spooled]) -> None:
        """A batch is halved until what is too large is alone: it must hold up nothing for long."""
        try:
            await self._publish([spooled.message for spooled in batch])
        except MessageTooLargeError as error:
            if len(batch) == 1:
                await self._give_up(batch[0], str(error))
                return
            middle = len(batch) // 2
            await self._hand_over(batch[:middle])
            await self._hand_over(batch[middle:])
        else:
            await self._acknowledged(batch)

    async def _give_up(self, spooled: Spooled, reason: str) -> None:
        """Nobody ever takes what is too large; it leaves word where all bad messages are."""
        message = spooled.message
        with suppress(MessageTooLargeError):  # no limit is that low, but one may be set so
            await self._publish([_too_large(message, reason, self._utc_now())])
        await self._spool.give_up([spooled.seq])
        log.error(
            "message_too_large",
            id=message.headers.get(RECORD_ID_HEADER),
            topic=message.topic,
            bytes=len(message.value),
            reason=reason,
        )

    async def _acknowledged(self, batch: Sequence[Spooled]) -> None:
        await self._spool.remove([spooled.seq for spooled in batch])
        for spooled in batch:
            record = spooled.message.headers.get(RECORD_ID_HEADER)
            log.debug("record_acknowledged", id=record, topic=spooled.message.topic)

    async def drained(self, timeout_s: float) -> bool:
        """Wait until nothing is left to forward; False when that takes too long."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _publish(self, messages: Sequence[Message]) -> None:
        delay_s = RETRY_FIRST_S
        while True:
            try:
                async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                    await self._publisher.publish(messages)
            except (BusUnavailableError, TimeoutError) as error:
                log.warning("publish_failed", records=len(messages), reason=str(error) or "timeout")
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, RETRY_LAST_S)
            else:
                return


def _too_large(message: Message, reason: str, now: datetime) -> Message:
    payload = message.value[:KEPT_BYTES]
    letter = DeadLetterRecord(
        id=dead_letter_id(message.topic, payload),
        topic=message.topic,
        partition=0,
        offset=0,
        reason=MESSAGE_TOO_LARGE,
        detail=f"{reason} ({len(message.value):,} bytes, the first {len(payload):,} are here)",
        headers=dict(message.headers),
        payload=b64encode(payload),
        received_at=now,
    )
    headers = {SCHEMA_HEADER: schema_of(Topic.DEAD_LETTERS)}
    return Message(Topic.DEAD_LETTERS.value, message.key, encode(letter), headers)
