"""The bus inside one process: `publish` returns when a subscriber has committed.

Nothing is kept here that is not in the sender's spool as well, so a crash loses nothing.
See docs/adr/0003-direct-bus.md.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from bus.port import BusClosedError, Closing, Delivery, Lag, Message

__all__ = ["DirectBus"]


@dataclass(slots=True)
class _Entry:
    delivery: Delivery
    done: asyncio.Future[None]
    since_s: float = field(default_factory=time.monotonic)


class DirectBus(Closing):
    """Both ends of the bus. At most `capacity` messages wait; publishers wait for room.

    One partition: every message keeps its order.
    """

    def __init__(self, capacity: int = 1_000) -> None:
        self._capacity = capacity
        self._offsets = count()
        self._waiting: deque[_Entry] = deque()
        self._unsettled: dict[int, _Entry] = {}
        self._changed = asyncio.Condition()
        self._closed = False

    async def publish(self, messages: Sequence[Message]) -> None:
        """See `bus.port.Publisher.publish`."""
        entries: list[_Entry] = []
        try:
            for message in messages:
                entries.append(await self._put(message))
            await asyncio.gather(*(asyncio.shield(entry.done) for entry in entries))
        except asyncio.CancelledError:
            await self._withdraw(entries)
            raise

    async def receive(self, max_messages: int, max_wait_s: float) -> list[Delivery]:
        """See `bus.port.Subscriber.receive`."""
        async with self._changed:
            try:
                async with asyncio.timeout(max_wait_s):
                    await self._changed.wait_for(lambda: self._waiting or self._closed)
            except TimeoutError:
                return []
            self._refuse_closed()
            taken = [self._waiting.popleft() for _ in range(min(max_messages, len(self._waiting)))]
            self._unsettled |= {entry.delivery.offset: entry for entry in taken}
            self._changed.notify_all()
            return [entry.delivery for entry in taken]

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        """See `bus.port.Subscriber.commit`."""
        for delivery in deliveries:
            entry = self._unsettled.pop(delivery.offset, None)
            if entry is not None and not entry.done.done():
                entry.done.set_result(None)

    async def lags(self) -> list[Lag]:
        """See `bus.port.Subscriber.lags`. All topics share the one partition."""
        behind = (*self._unsettled.values(), *self._waiting)
        age_s = time.monotonic() - min(entry.since_s for entry in behind) if behind else 0.0
        return [Lag("direct", 0, len(behind), age_s)]

    async def aclose(self) -> None:
        """Refuse everything that waits, so that its sender keeps it."""
        async with self._changed:
            self._closed = True
            for entry in (*self._waiting, *self._unsettled.values()):
                if not entry.done.done():
                    entry.done.set_exception(BusClosedError("the bus was closed"))
                    entry.done.exception()  # a sender that was cancelled does not ask any more
            self._waiting.clear()
            self._unsettled.clear()
            self._changed.notify_all()

    async def _put(self, message: Message) -> _Entry:
        async with self._changed:
            await self._changed.wait_for(
                lambda: len(self._waiting) < self._capacity or self._closed
            )
            self._refuse_closed()
            delivery = Delivery(message, partition=0, offset=next(self._offsets))
            entry = _Entry(delivery, asyncio.get_running_loop().create_future())
            self._waiting.append(entry)
            self._changed.notify_all()
            return entry

    async def _withdraw(self, entries: list[_Entry]) -> None:
        # The sender sends again after a timeout; what nobody has taken yet must not pile up.
        for entry in entries:
            if entry in self._waiting:
                self._waiting.remove(entry)
        async with self._changed:
            self._changed.notify_all()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise BusClosedError("the bus was closed")
