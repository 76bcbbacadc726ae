"""The ingest loop. Messages are committed on the bus only after the database has committed.

Delivery is at least once; the effect is exactly once, because a record's id names its sample
and the store ignores what it already has. A bad message never blocks the ones behind it, and a
database that is away loses nothing: the loop stops taking messages and tries again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from bus.port import BusClosedError, BusUnavailableError, Delivery, Subscriber
from contracts.topics import SCHEMA_HEADER, DecodeError, PublishedRecord, decode
from store.errors import RecordRefusedError, StoreUnavailableError
from store.write import DeadLetter, Writer, WriteResult

__all__ = ["Ingest", "IngestLimits", "IngestStats"]

log = structlog.get_logger(__name__)

RETRY_FIRST_S = 0.2
RETRY_LAST_S = 5.0


class IngestLimits(BaseModel):
    """When a batch is written: whichever comes first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_records: PositiveInt = Field(default=500, description="Records in one transaction.")
    batch_bytes: PositiveInt = Field(
        default=4 * 1024 * 1024, description="Bytes of messages in one transaction."
    )
    linger_s: PositiveFloat = Field(default=0.25, description="Seconds to wait for messages.")


@dataclass
class IngestStats:
    """Totals since start."""

    inserted: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    waiting_for_store: bool = False
    waiting_for_bus: bool = False

    def waits_for(self) -> str | None:
        """Why nothing is written now, for the readiness probe; None while it works."""
        if self.waiting_for_store:
            return "waits for the database"
        return "waits for the bus" if self.waiting_for_bus else None


@dataclass(frozen=True, slots=True)
class _Decoded:
    """One delivery: either its record or why there is none."""

    delivery: Delivery
    record: PublishedRecord | None
    dead_letter: DeadLetter | None


class Ingest:
    """One subscriber, one writer, until cancelled."""

    def __init__(
        self, subscriber: Subscriber, writer: Writer, limits: IngestLimits | None = None
    ) -> None:
        self.stats = IngestStats()
        self._subscriber = subscriber
        self._writer = writer
        self._limits = limits or IngestLimits()

    async def run(self) -> None:
        """Take, write, commit, until cancelled. Returns when the bus is closed for good."""
        while True:
            try:
                deliveries = await self._receive()
            except BusClosedError as error:
                log.info("bus_closed", reason=str(error))
                return
            for chunk in _by_bytes(deliveries, self._limits.batch_bytes):
                await self._settle([_decoded(delivery) for delivery in chunk])
                await self._subscriber.commit(chunk)

    async def _receive(self) -> list[Delivery]:
        delay_s = RETRY_FIRST_S
        while True:
            try:
                deliveries = await self._subscriber.receive(
                    self._limits.batch_records, self._limits.linger_s
                )
            except BusClosedError:
                raise
            except BusUnavailableError as error:
                self.stats.waiting_for_bus = True
                log.warning("bus_unavailable", reason=str(error))
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, RETRY_LAST_S)
            else:
                self.stats.waiting_for_bus = False
                return deliveries

    async def _settle(self, batch: Sequence[_Decoded]) -> None:
        """Write the batch; one that the database refuses is halved until the culprit is found."""
        try:
            result = await self._write(batch)
        except RecordRefusedError as error:
            if len(batch) == 1:
                await self._settle([_refused(batch[0], error)])
                return
            middle = len(batch) // 2
            await self._settle(batch[:middle])
            await self._settle(batch[middle:])
        else:
            self.stats.inserted += result.inserted
            self.stats.duplicates += result.duplicates
            self.stats.dead_letters += result.dead_letters
            log.debug(
                "batch_written",
                inserted=result.inserted,
                duplicates=result.duplicates,
                dead_letters=result.dead_letters,
            )

    async def _write(self, batch: Sequence[_Decoded]) -> WriteResult:
        records = [item.record for item in batch if item.record is not None]
        dead_letters = [item.dead_letter for item in batch if item.dead_letter is not None]
        delay_s = RETRY_FIRST_S
        while True:
            try:
                result = await self._writer.write(records, dead_letters)
            except StoreUnavailableError as error:
                self.stats.waiting_for_store = True
                log.warning("store_unavailable", records=len(batch), reason=str(error))
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, RETRY_LAST_S)
            else:
                self.stats.waiting_for_store = False
                return result


def _decoded(delivery: Delivery) -> _Decoded:
    message = delivery.message
    try:
        record = decode(message.topic, message.headers.get(SCHEMA_HEADER), message.value)
    except DecodeError as error:
        log.warning("dead_letter", topic=message.topic, reason=error.reason, detail=error.detail)
        return _Decoded(delivery, None, _dead_letter(delivery, error.reason, error.detail))
    return _Decoded(delivery, record, None)


def _refused(item: _Decoded, error: RecordRefusedError) -> _Decoded:
    if item.record is None:
        # A dead letter holds bytes and text only; a database that refuses one is not ours.
        raise error
    log.warning("dead_letter", topic=item.delivery.message.topic, reason="refused_by_database")
    return _Decoded(
        item.delivery, None, _dead_letter(item.delivery, "refused_by_database", str(error))
    )


def _dead_letter(delivery: Delivery, reason: str, detail: str) -> DeadLetter:
    message = delivery.message
    return DeadLetter(
        topic=message.topic,
        partition=delivery.partition,
        offset=delivery.offset,
        reason=reason,
        detail=detail.replace("\x00", ""),
        headers=dict(message.headers),
        payload=message.value,
    )


def _by_bytes(deliveries: Sequence[Delivery], max_bytes: int) -> list[list[Delivery]]:
    chunks: list[list[Delivery]] = []
    size = 0
    for delivery in deliveries:
        length = len(delivery.message.value)
        if not chunks or size + length > max_bytes:
            chunks.append([])
            size = 0
        chunks[-1].append(delivery)
        size += length
    return chunks
