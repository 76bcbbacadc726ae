"""The ingest loop. Messages are committed on the bus only after the database has committed.

Delivery is at least once; the effect is exactly once, because a record's id names its sample
and the store ignores what it already has. A bad message never blocks the ones behind it, and a
database that is away loses nothing: the loop stops taking messages and tries again.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from bus.port import BusClosedError, BusUnavailableError, Delivery, Subscriber
from ingest.decoding import Decoded, decoded, set_aside
from ingest.limits import DeadLetterLimit, DeadLetterLimitError, IngestLimits
from ingest.stats import IngestStats
from store.errors import RecordRefusedError, StoreUnavailableError
from store.write import Writer, WriteResult

__all__ = ["Ingest"]

log = structlog.get_logger(__name__)

RETRY_FIRST_S = 0.2
RETRY_LAST_S = 5.0
LAG_INTERVAL_S = 5.0


class Ingest:
    """One subscriber, one writer, until cancelled."""

    def __init__(
        self,
        subscriber: Subscriber,
        writer: Writer,
        limits: IngestLimits | None = None,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.stats = IngestStats()
        self._subscriber = subscriber
        self._writer = writer
        self._limits = limits or IngestLimits()
        self._dead_letter_limit = DeadLetterLimit(self._limits.dead_letter_limit)
        self._utc_now = utc_now

    async def run(self) -> None:
        """Take, write, commit, until cancelled.

        Returns when the bus is closed for good, or at the limit of dead letters. Then it has
        left the group, and others may have what it did not write.
        """
        try:
            while True:
                deliveries = await self._receive()
                for chunk in _by_bytes(deliveries, self._limits.batch_bytes):
                    await self._settle(self._decoded(chunk))
                    await self._subscriber.commit(chunk)
        except BusClosedError as error:
            log.info("bus_closed", reason=str(error))
        except DeadLetterLimitError as error:
            self.stats.stopped_because = str(error)
            log.critical("dead_letter_limit", reason=str(error))
            await self._subscriber.aclose()

    async def watch_lag(self) -> None:
        """Look how far it is behind, and whether the bus answers at all, until cancelled."""
        while not self.stats.stopped_because:
            await asyncio.sleep(LAG_INTERVAL_S)
            try:
                self.stats.lags = await self._subscriber.lags()
            except BusClosedError:
                return
            except BusUnavailableError as error:
                self.stats.lags = None
                self._bus_is_away(error)
            else:
                self.stats.waiting_for_bus = False

    async def _receive(self) -> list[Delivery]:
        delay_s = RETRY_FIRST_S
        while True:
            try:
                # The first time nothing is waited for: a bus that is there is met at once.
                wait_s = self._limits.linger_s if self.stats.has_met_bus else 0.0
                deliveries = await self._subscriber.receive(self._limits.batch_records, wait_s)
            except BusClosedError:
                raise
            except BusUnavailableError as error:
                self._bus_is_away(error)
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, RETRY_LAST_S)
            else:
                self.stats.has_met_bus = True
                if deliveries:  # a consumer without brokers receives nothing, and says nothing
                    self.stats.waiting_for_bus = False
                return deliveries

    def _bus_is_away(self, error: BusUnavailableError) -> None:
        self.stats.waiting_for_bus = True
        log.warning("bus_unavailable", reason=str(error))

    def _decoded(self, deliveries: Sequence[Delivery]) -> list[Decoded]:
        """Raises `DeadLetterLimitError`: then nothing of the batch is written."""
        latest = self._utc_now() + timedelta(seconds=self._limits.max_ahead_s)
        batch = [decoded(delivery, latest) for delivery in deliveries]
        for item in batch:
            letter = item.dead_letter
            self._dead_letter_limit.note(bad=item.is_bad, reason=letter.reason if letter else "")
        return batch

    async def _settle(self, batch: Sequence[Decoded]) -> None:
        """Write the batch; one that the database refuses is halved until the culprit is found."""
        try:
            await self._write(batch)
        except RecordRefusedError as error:
            if len(batch) == 1:
                await self._settle([self._refused(batch[0], error)])
                return
            middle = len(batch) // 2
            await self._settle(batch[:middle])
            await self._settle(batch[middle:])

    def _refused(self, item: Decoded, error: RecordRefusedError) -> Decoded:
        if item.record is None:
            # A dead letter holds bytes and text only; a database that refuses one is not ours.
            raise error
        self._dead_letter_limit.note(bad=True, reason=str(error))
        return set_aside(item.delivery, "refused_by_database", str(error))

    async def _write(self, batch: Sequence[Decoded]) -> None:
        records = [item.record for item in batch if item.record is not None]
        letters = [item.dead_letter for item in batch if item.dead_letter is not None]
        delay_s = RETRY_FIRST_S
        while True:
            began_s = time.monotonic()
            try:
                result = await self._writer.write(records, letters)
            except StoreUnavailableError as error:
                self.stats.waiting_for_store = True
                log.warning("store_unavailable", records=len(batch), reason=str(error))
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, RETRY_LAST_S)
            else:
                self._written(batch, result, time.monotonic() - began_s)
                return

    def _written(self, batch: Sequence[Decoded], result: WriteResult, took_s: float) -> None:
        self.stats.waiting_for_store = False
        self.stats.wrote(result, sum(len(item.delivery.message.value) for item in batch), took_s)
        for item in batch:
            if (letter := item.dead_letter) is not None:
                self.stats.dead_letters[letter.reason] += 1
                log.warning(
                    "dead_letter", topic=letter.topic, reason=letter.reason, detail=letter.detail
                )
        log.debug(
            "batch_written",
            inserted=result.inserted,
            duplicates=result.duplicates,
            dead_letters=result.dead_letters,
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
