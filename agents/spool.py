"""The spool: what an agent has read and the bus has not yet taken survives a crash here.

A small SQLite file (WAL, synchronous FULL). A message is on disk when `append` returns and
leaves only by `remove`, or when the spool must make room: oldest first, and counted.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from bus.port import Message

__all__ = ["Spool", "SpoolError", "SpoolLimits", "SpoolState", "Spooled"]

T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    headers TEXT NOT NULL,
    value BLOB NOT NULL,
    spooled_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS totals (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT OR IGNORE INTO totals VALUES ('dropped', 0);
"""


class SpoolError(Exception):
    """The spool file cannot be written or read: the disk is full, gone or not ours."""


class SpoolLimits(BaseModel):
    """How much an agent keeps while the bus is away."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: PositiveInt = Field(
        default=256 * 1024 * 1024, description="Bytes of messages kept; the oldest go first."
    )
    max_age_s: PositiveFloat = Field(
        default=7 * 24 * 3600, description="Seconds a message is kept."
    )


@dataclass(frozen=True, slots=True)
class Spooled:
    """A message with its place in the spool."""

    seq: int
    message: Message


@dataclass(frozen=True, slots=True)
class SpoolState:
    """What is in the spool, and how many messages it ever gave up."""

    records: int
    bytes: int
    dropped: int


class Spool:
    """First in, first out. Every method may raise `SpoolError`. One process at a time."""

    def __init__(self, path: Path, limits: SpoolLimits | None = None) -> None:
        self._path = path
        self._limits = limits or SpoolLimits()
        self._lock = asyncio.Lock()
        self._db: sqlite3.Connection | None = None

    async def append(self, messages: Sequence[Message], now: datetime) -> int:
        """Keep `messages`; returns how many old ones had to go to make room."""
        return await self._run(lambda db: self._append(db, messages, now.timestamp()))

    async def head(self, limit: int) -> list[Spooled]:
        """The oldest messages, at most `limit`, and at most about 4 MB of them."""
        return await self._run(lambda db: _head(db, limit))

    async def remove(self, seqs: Sequence[int]) -> None:
        """The bus has these."""
        await self._run(
            lambda db: db.executemany("DELETE FROM messages WHERE seq = ?", [(s,) for s in seqs])
        )

    async def give_up(self, seqs: Sequence[int]) -> None:
        """The bus will never take these: they go, and are counted as dropped."""
        await self._run(lambda db: _give_up(db, seqs))

    async def state(self) -> SpoolState:
        """Counts for self-metrics."""
        return await self._run(_state)

    async def aclose(self) -> None:
        """Close the file. Safe to call twice."""
        async with self._lock:
            if self._db is not None:
                await asyncio.to_thread(self._db.close)
                self._db = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        async with self._lock:
            thread = asyncio.ensure_future(asyncio.to_thread(self._transact, work))
            try:
                return await asyncio.shield(thread)
            except asyncio.CancelledError:
                # The thread cannot be stopped; nobody else may use the connection before it ends.
                await asyncio.wait([thread])
                raise

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._db is None:
                self._db = _open(self._path)
            with self._db:
                return work(self._db)
        except (sqlite3.Error, OSError) as error:
            raise SpoolError(
                f"cannot use the spool {self._path}: {error}; check that the disk has room and "
                "that WOA_STATE_DIR belongs to this user"
            ) from error

    def _append(self, db: sqlite3.Connection, messages: Sequence[Message], now_s: float) -> int:
        db.executemany(
            "INSERT INTO messages (topic, key, headers, value, spooled_at) VALUES (?, ?, ?, ?, ?)",
            [(m.topic, m.key, json.dumps(dict(m.headers)), m.value, now_s) for m in messages],
        )
        dropped = db.execute(
            "DELETE FROM messages WHERE spooled_at < ?", (now_s - self._limits.max_age_s,)
        ).rowcount
        dropped += _drop_beyond(db, self._limits.max_bytes)
        _count_dropped(db, dropped)
        return dropped


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, check_same_thread=False, timeout=10)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.executescript(SCHEMA)
    return db


def _head(db: sqlite3.Connection, limit: int, max_bytes: int = 4 * 1024 * 1024) -> list[Spooled]:
    rows = db.execute(
        "SELECT seq, topic, key, headers, value FROM messages ORDER BY seq LIMIT ?", (limit,)
    )
    taken: list[Spooled] = []
    size = 0
    for seq, topic, key, headers, value in rows:
        size += len(value)
        if taken and size > max_bytes:
            break
        taken.append(Spooled(seq, Message(topic, key, value, json.loads(headers))))
    return taken


def _drop_beyond(db: sqlite3.Connection, max_bytes: int) -> int:
    return db.execute(
        """
        DELETE FROM messages WHERE seq IN (
            SELECT seq FROM (
                SELECT seq, sum(length(value)) OVER (ORDER BY seq DESC) AS kept FROM messages
            ) WHERE kept > ?
        )
        """,
        (max_bytes,),
    ).rowcount


def _give_up(db: sqlite3.Connection, seqs: Sequence[int]) -> None:
    gone = db.executemany("DELETE FROM messages WHERE seq = ?", [(seq,) for seq in seqs]).rowcount
    _count_dropped(db, gone)


def _count_dropped(db: sqlite3.Connection, messages: int) -> None:
    db.execute("UPDATE totals SET value = value + ? WHERE name = 'dropped'", (messages,))


def _state(db: sqlite3.Connection) -> SpoolState:
    records, size = db.execute(
        "SELECT count(*), coalesce(sum(length(value)), 0) FROM messages"
    ).fetchone()
    (dropped,) = db.execute("SELECT value FROM totals WHERE name = 'dropped'").fetchone()
    return SpoolState(records, size, dropped)
