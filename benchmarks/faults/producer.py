"""The agents of a run, as a process of their own: real spool, real forwarder, known records.

`python -m benchmarks.faults.producer SETTINGS`, with `ProducerSettings` as JSON. Lines on standard
input: `allow N` lets it send N more of its traffic; `drain` is answered when the brokers have taken
all that was sent; at the end of the input it ends. What becomes of it is told on standard output,
a JSON object a line: `{"sent": .., "spool_failures": .., "drained": .., "done": ..}`.
"""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import structlog
from pydantic import BaseModel

from agents.forwarder import Forwarder, message_of
from agents.spool import Spool, SpoolError
from benchmarks.faults.journal import Entry, JournalWriter, Known, Poisoned, Put
from benchmarks.faults.traffic import REASONS, Load, Poison, Sent, Valid, traffic
from bus.kafka import KafkaPublisher
from bus.kafka_settings import KafkaSettings
from bus.port import BusUnavailableError, Message
from contracts.topics import PublishedRecord

__all__ = ["CHUNK", "ProducerSettings", "entry_of"]

CHUNK = 20
"""It sends so many together, when it may."""
RETRY_S = 0.3
PUBLISH_TIMEOUT_S = 15.0
DRAIN_TIMEOUT_S = 600.0


class ProducerSettings(BaseModel):
    """What the process is told when it starts."""

    load: Load
    records_per_s: float
    spool: Path
    journal: Path
    kafka: KafkaSettings
    """How the agents reach the brokers."""
    poison_kafka: KafkaSettings
    """How poison reaches them, which no agent sends."""


class Producer:
    """Sends what it is allowed to, and notes it before and after."""

    def __init__(
        self, settings: ProducerSettings, journal: JournalWriter, forwarder: Forwarder
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._forwarder = forwarder
        self._poisoner = KafkaPublisher(settings.poison_kafka)
        self._allowed = asyncio.Semaphore(0)
        self._sent = 0
        self._spool_failures = 0

    async def send_all(self) -> None:
        """Return when all of the traffic is in the spool, or with the brokers."""
        items = traffic(self._settings.load)
        while chunk := list(islice(items, CHUNK)):
            started_s = time.monotonic()
            for _ in chunk:
                await self._allowed.acquire()
            await self._journal.note([entry_of(item) for item in chunk])
            await self._hand_over(chunk)
            await self._journal.note([Put(tuple(map(_name, chunk)))])
            self._sent += len(chunk)
            self._tell()
            pace_s = len(chunk) / self._settings.records_per_s
            await asyncio.sleep(max(0.0, started_s + pace_s - time.monotonic()))
        await self._poisoner.aclose()
        self._tell(done=True)

    async def obey(self, lines: Callable[[], str]) -> None:
        """Return at the end of the input."""
        while line := await asyncio.to_thread(lines):
            match line.split():
                case ["allow", number]:
                    for _ in range(int(number)):
                        self._allowed.release()
                case ["drain"]:
                    drained = await self._forwarder.drained(DRAIN_TIMEOUT_S)
                    self._tell(drained=drained)
                case _:
                    raise ValueError(f"not a command: {line!r}")

    async def _hand_over(self, chunk: Sequence[Sent]) -> None:
        records: list[PublishedRecord] = []
        messages: list[Message] = []
        for item in chunk:
            match item:
                case Valid(record) | Poison(content=record) if not isinstance(record, Message):
                    records.append(record)
                case Poison(content=message) if isinstance(message, Message):
                    messages.append(message)
        await self._until_done(lambda: self._forwarder.put(records, datetime.now(UTC)))
        if messages:
            await self._until_done(lambda: self._poisoner.publish(messages))

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        """An agent would read its source again; these records must not be lost."""
        while True:
            try:
                async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                    await work()
            except SpoolError:
                self._spool_failures += 1
                self._tell()
            except (BusUnavailableError, TimeoutError):
                pass
            else:
                return
            await asyncio.sleep(RETRY_S)

    def _tell(self, *, drained: bool | None = None, done: bool = False) -> None:
        state = {"sent": self._sent, "spool_failures": self._spool_failures}
        print(json.dumps(state | {"drained": drained, "done": done}), flush=True)


def entry_of(item: Sent) -> Entry:
    """What the journal is told before it is handed over."""
    match item:
        case Valid(record):
            return Known(message_of(record))
        case Poison(name, kind, content):
            message = content if isinstance(content, Message) else message_of(content)
            return Poisoned(name, kind, REASONS[kind], message)


def _name(item: Sent) -> str:
    return str(item.record.id) if isinstance(item, Valid) else item.name


async def _run(settings: ProducerSettings) -> None:
    journal = await JournalWriter.connect(settings.journal)
    async with Spool(settings.spool) as spool, KafkaPublisher(settings.kafka) as publisher:
        forwarder = Forwarder(spool, publisher, settings.kafka.max_message_bytes)
        producer = Producer(settings, journal, forwarder)
        async with asyncio.TaskGroup() as group:
            forwarding = group.create_task(forwarder.run())
            sending = group.create_task(producer.send_all())
            await producer.obey(sys.stdin.readline)
            forwarding.cancel()
            sending.cancel()
    await journal.aclose()


if __name__ == "__main__":
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    asyncio.run(_run(ProducerSettings.model_validate_json(sys.argv[1])))
