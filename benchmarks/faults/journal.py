"""The truth of a run: what was handed over, kept by a process of its own.

`python -m benchmarks.faults.journal FILE SOCKET`: every line that comes over the socket is on
the disk before it is answered. The producer waits for that answer before it hands a record over,
so nothing can be in the system that the journal does not know.
"""

import asyncio
import base64
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bus.port import Message

__all__ = ["Entry", "JournalWriter", "Known", "Poisoned", "Put", "entries"]

LINE_LIMIT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Known:
    """A valid record that will be handed over."""

    message: Message


@dataclass(frozen=True)
class Poisoned:
    """A message that is no record, and the reason with which it must be set aside."""

    name: str
    kind: str
    reason: str
    message: Message


@dataclass(frozen=True)
class Put:
    """Messages that the spool, or for poison the brokers, have taken, by their names."""

    names: tuple[str, ...]


Entry = Known | Poisoned | Put


class JournalWriter:
    """The producer's end of the socket. One writer at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, socket: Path) -> Self:
        """Raises `OSError` where no journal listens."""
        return cls(*await asyncio.open_unix_connection(socket))

    async def note(self, entries: Sequence[Entry]) -> None:
        """Return when they are on the disk."""
        line = json.dumps([_written(entry) for entry in entries])
        self._writer.write(line.encode() + b"\n")
        await self._writer.drain()
        if await self._reader.readline() != b"ok\n":
            raise ConnectionResetError("the journal is gone")

    async def aclose(self) -> None:
        """Nothing more will be noted."""
        self._writer.close()
        await self._writer.wait_closed()


def entries(file: Path) -> Iterator[Entry]:
    """All that was noted, in order."""
    with file.open("rb") as lines:
        for line in lines:
            for entry in json.loads(line):
                yield _read(entry)


def _written(entry: Entry) -> dict[str, object]:
    match entry:
        case Known(message):
            return {"known": _message(message)}
        case Poisoned(name, kind, reason, message):
            about = {"name": name, "kind": kind, "reason": reason}
            return {"poisoned": about, "message": _message(message)}
        case Put(names):
            return {"put": names}


def _message(message: Message) -> list[object]:
    value = base64.b85encode(message.value).decode()
    return [message.topic, message.key, value, dict(message.headers)]


def _read(entry: Mapping[str, object]) -> Entry:
    match entry:
        case {"known": message}:
            return Known(_read_message(message))
        case {"poisoned": {"name": str(name), "kind": str(kind), "reason": str(reason)}}:
            return Poisoned(name, kind, reason, _read_message(entry["message"]))
        case {"put": list(names)}:
            return Put(tuple(names))
        case _:
            raise ValueError(f"not an entry of a journal: {entry!r:.100}")


def _read_message(written: object) -> Message:
    match written:
        case [str(topic), str(key), str(value), dict(headers)]:
            return Message(topic, key, base64.b85decode(value), headers)
        case _:
            raise ValueError(f"not a message of a journal: {written!r:.100}")


async def _keep(file: Path, socket: Path) -> None:
    kept = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def follow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            os.write(kept, line)
            os.fsync(kept)
            writer.write(b"ok\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(follow, socket, limit=LINE_LIMIT_BYTES)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_keep(Path(sys.argv[1]), Path(sys.argv[2])))
