"""The bus port: what every carrier promises. tests/bus/contract.py holds them to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

__all__ = [
    "BusClosedError",
    "BusError",
    "BusUnavailableError",
    "Closing",
    "Delivery",
    "Lag",
    "Message",
    "MessageTooLargeError",
    "Publisher",
    "Subscriber",
]


class BusError(Exception):
    """Base of what a carrier raises."""


class BusUnavailableError(BusError):
    """The bus did not take or hand out messages now; keep them and try again later."""


class BusClosedError(BusUnavailableError):
    """This end was closed: another one may take the messages, this one never will."""


class MessageTooLargeError(BusError):
    """The bus will never take one of the messages, however often it is tried."""


@dataclass(frozen=True, slots=True)
class Message:
    """What travels: bytes under a topic. Messages of one key keep their order."""

    topic: str
    key: str
    value: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as a subscriber gets it. (topic, partition, offset) names it for ever."""

    message: Message
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a subscriber is behind in one partition."""

    topic: str
    partition: int
    messages: int
    """Published and not yet committed."""
    age_s: float | None
    """Age of the oldest of them, or somewhat more; 0 without any, None: not known yet."""


class Publisher(Protocol):
    """Puts messages on the bus."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return when the bus answers for every message: it survives a crash from here on.

        Raises `BusUnavailableError` when it does not; some may have been taken all the same,
        so a message can arrive twice but is never lost. Cancelling leaves it as unknown.
        Raises `MessageTooLargeError` when one is over the limit of the bus.
        """

    async def aclose(self) -> None:
        """Stop taking messages. Safe to call twice."""


class Subscriber(Protocol):
    """Takes messages off the bus, at least once."""

    async def receive(self, max_messages: int, max_wait_s: float) -> list[Delivery]:
        """Up to `max_messages`, those of one key in the order they were published.

        Waits up to `max_wait_s` for the first and then takes what is there; an empty list
        means that nothing came. Raises `BusUnavailableError`.
        """

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        """These are dealt with. What is never committed is delivered again."""

    async def lags(self) -> list[Lag]:
        """Of the partitions that are this subscriber's now. Raises `BusUnavailableError`."""

    async def aclose(self) -> None:
        """Stop. What was received and not committed goes to another subscriber. Safe twice."""


class Closing:
    """Async context that closes what it holds."""

    async def aclose(self) -> None:
        """Overridden by the carrier."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
