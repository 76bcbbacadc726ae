"""From the spool to the bus: a record leaves the spool when the bus has acknowledged it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog

from agents.spool import Spool, Spooled, SpoolError, SpoolState
from bus.port import BusUnavailableError, Message, MessageTooLargeError, Publisher
from contracts.topics import (
    SCHEMA_HEADER,
    PublishedRecord,
    encode,
    key_of,
    schema_of,
    topic_of,
)

__all__ = ["Forwarder", "message_of"]

log = structlog.get_logger(__name__)

BATCH_RECORDS = 100
RETRY_FIRST_S = 0.2
RETRY_LAST_S = 10.0
RECORD_ID_HEADER = "woa-record-id"


def message_of(record: PublishedRecord) -> Message:
    """The record as it travels."""
    topic = topic_of(record)
    headers = {SCHEMA_HEADER: schema_of(topic), RECORD_ID_HEADER: str(record.id)}
    return Message(topic.value, str(key_of(record)), encode(record), headers)


class Forwarder:
    """All agents of a process share one spool and one way out of it."""

    def __init__(self, spool: Spool, publisher: Publisher, publish_timeout_s: float = 30.0) -> None:
        self._spool = spool
        self._publisher = publisher
        self._timeout_s = publish_timeout_s
        self._waiting = asyncio.Event()
        self._idle = asyncio.Event()
        self.last_state: SpoolState | None = None

    async def put(self, records: Sequence[PublishedRecord], now: datetime) -> None:
        """Return when the records are on disk. Raises `SpoolError`."""
        dropped = await self._spool.append([message_of(record) for record in records], now)
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
        try:
            await self._publish(batch)
        except MessageTooLargeError:
            await self._one_by_one(batch)
            return
        await self._acknowledged(batch)

    async def _one_by_one(self, batch: Sequence[Spooled]) -> None:
        """Nobody ever takes what is too large; it must not hold up the others for ever."""
        for spooled in batch:
            try:
                await self._publish([spooled])
            except MessageTooLargeError as error:
                message = spooled.message
                await self._spool.give_up([spooled.seq])
                log.error(
                    "message_too_large",
                    id=message.headers.get(RECORD_ID_HEADER),
                    topic=message.topic,
                    bytes=len(message.value),
                    reason=str(error),
                )
            else:
                await self._acknowledged([spooled])

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

    async def _publish(self, batch: Sequence[Spooled]) -> None:
        delay_s = RETRY_FIRST_S
        while True:
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._publisher.publish([spooled.message for spooled in batch])
            except (BusUnavailableError, TimeoutError) as error:
                log.warning("publish_failed", records=len(batch), reason=str(error) or "timeout")
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, RETRY_LAST_S)
            else:
                return
