"""Keeps the history's partitions made ahead, its size within bounds, and the ledgers short.

Every step is a short transaction of one table that waits at most a second for a lock, so that
it holds up no writer for longer; a table in use it leaves to the next run.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from store.connection import Connection
from store.errors import StoreUnavailableError, translated
from store.partition_plan import (
    Drop,
    Grain,
    Partition,
    defaults,
    drops,
    keeping,
    midnight,
    to_have,
)
from store.settings import RetentionSettings

__all__ = ["Drop", "MaintenanceReport", "StoreUnavailableError", "maintain"]

HERE = Path(__file__).parent
LIST = (HERE / "partitions_list.sql").read_bytes()
TRIM = (HERE / "partitions_trim.sql").read_bytes()
TAKE_TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended('woa:maintain', 0))"
# Moving what piled up in a default partition may take longer than a statement usually may.
LIMITS = "SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '10min'"
USAGE_KEPT = timedelta(days=1)
"""Long after a usage counts as unknown; workers come and go."""


@dataclass
class MaintenanceReport:
    """What one run did, for the log and for metrics."""

    busy: bool = False
    """Another process is at it; nothing, or only a part, was done."""
    created: list[str] = field(default_factory=list)
    dropped: list[Drop] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)
    """Partitions whose table was in use; the next run tries again."""
    moved_rows: int = 0
    """Rows that had waited in a default partition for one of their own."""
    expired_rows: int = 0
    """Rows of default partitions that were too old."""
    trimmed_outbox: int = 0
    trimmed_dead_letters: int = 0
    trimmed_tokens: int = 0
    trimmed_usages: int = 0
    trimmed_scaling_events: int = 0
    history_bytes: int = 0
    """What the raw history takes now, indexes included."""
    rollup_bytes: int = 0
    """What the rollups take, likewise."""
    default_not_empty: list[str] = field(default_factory=list)
    """Default partitions that hold rows: of a clock that is wrong by days, most likely."""


class _BusyError(Exception):
    """Another process holds the turn."""


async def maintain(
    pool: AsyncConnectionPool[Connection], now: datetime, retention: RetentionSettings
) -> MaintenanceReport:
    """Make partitions ahead, drop what is too old or too much, trim outbox, dead letters and
    expired sessions. `now` is aware. Run it as often as you like, from as many processes as
    you like. Raises `StoreUnavailableError`.
    """
    run = _Run(pool, now, retention)
    try:
        await run.make()
        await run.drop()
        await run.expire()
        await run.trim()
        await run.look()
    except _BusyError:
        run.report.busy = True
    except psycopg.Error as error:
        raise StoreUnavailableError(str(translated(error))) from error
    return run.report


class _Run:
    def __init__(
        self,
        pool: AsyncConnectionPool[Connection],
        now: datetime,
        retention: RetentionSettings,
    ) -> None:
        self.report = MaintenanceReport()
        self._pool = pool
        self._now = now
        self._retention = retention

    async def make(self) -> None:
        """Partitions to have ahead, and those that rows in a default partition wait for."""
        async with self._step() as connection:
            found = defaults(await _partitions(connection))
        for default in found:
            await self._make_missing(default)

    async def drop(self) -> None:
        """What is too old, then what is too much."""
        async with self._step() as connection:
            planned = drops(await _partitions(connection), self._now, self._retention)
        for _, group in groupby(sorted(planned, key=_parent), key=_parent):
            of_parent = list(group)
            names = sql.SQL(", ").join(sql.Identifier(drop.name) for drop in of_parent)
            try:
                async with self._step() as connection:
                    await connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(names))
            except psycopg.errors.LockNotAvailable:
                self.report.postponed += [drop.name for drop in of_parent]
            else:
                self.report.dropped += of_parent

    async def expire(self) -> None:
        """Rows that came so late that they had no partition any more."""
        async with self._step() as connection:
            for default in defaults(await _partitions(connection)):
                query = sql.SQL("DELETE FROM {} WHERE {} < %s").format(
                    sql.Identifier(default.name), sql.Identifier(default.time_column)
                )
                cursor = await connection.execute(query, (self._oldest(default),))
                self.report.expired_rows += cursor.rowcount

    async def trim(self) -> None:
        """Ledgers that only grow."""
        retention = self._retention
        arguments = {
            "now": self._now,
            "outbox_before": self._now - timedelta(hours=retention.outbox_hours),
            "dead_letters_before": self._now - timedelta(days=retention.dead_letter_days),
            "usage_before": self._now - USAGE_KEPT,
            "scaling_before": self._now - timedelta(days=retention.scaling_event_days),
        }
        async with self._step() as connection:
            row = await (await connection.execute(TRIM, arguments)).fetchone()
        if row is not None:
            report = self.report
            report.trimmed_outbox, report.trimmed_dead_letters, *others = row
            report.trimmed_tokens, report.trimmed_usages, report.trimmed_scaling_events = others

    async def look(self) -> None:
        """How it stands now."""
        async with self._step() as connection:
            found = await _partitions(connection)
            for partition in found:
                if "_rollup_" in partition.parent:
                    self.report.rollup_bytes += partition.bytes
                else:
                    self.report.history_bytes += partition.bytes
            for default in defaults(found):
                query = sql.SQL("SELECT EXISTS (SELECT FROM {})")
                cursor = await connection.execute(query.format(sql.Identifier(default.name)))
                if await cursor.fetchone() == (True,):
                    self.report.default_not_empty.append(default.name)

    async def _make_missing(self, default: Partition) -> None:
        grain = keeping(default.parent, self._retention).grain
        names: list[str] = []
        moved = 0
        try:
            async with self._step() as connection:
                starts = await self._missing(connection, default, grain)
                names = [grain.partition_name(default.parent, start) for start in starts]
                for start in starts:
                    moved += await _make_partition(connection, default, grain, start)
        except psycopg.errors.LockNotAvailable:
            self.report.postponed += names
        else:
            self.report.created += names
            self.report.moved_rows += moved

    async def _missing(
        self, connection: Connection, default: Partition, grain: Grain
    ) -> list[date]:
        """The starts of the partitions that are missing."""
        wanted = to_have(grain, self._now, self._retention)
        query = sql.SQL(
            "SELECT DISTINCT ({at} AT TIME ZONE 'UTC')::DATE FROM {table} "
            "WHERE {at} >= %s AND {at} < %s"
        ).format(at=sql.Identifier(default.time_column), table=sql.Identifier(default.name))
        span = (self._oldest(default), midnight(grain.end(wanted[-1])))
        cursor = await connection.execute(query, span)
        waiting = {grain.start(day) for (day,) in await cursor.fetchall()}
        known = {partition.name for partition in await _partitions(connection)}
        return sorted(
            start
            for start in waiting.union(wanted)
            if grain.partition_name(default.parent, start) not in known
        )

    def _oldest(self, default: Partition) -> datetime:
        """The time of the oldest rows that its table keeps."""
        return self._now - timedelta(days=keeping(default.parent, self._retention).days)

    @asynccontextmanager
    async def _step(self) -> AsyncIterator[Connection]:
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(LIMITS)
            if await (await connection.execute(TAKE_TURN)).fetchone() != (True,):
                raise _BusyError
            yield connection


def _parent(drop: Drop) -> str:
    return drop.parent


async def _partitions(connection: Connection) -> Sequence[Partition]:
    async with connection.cursor(row_factory=class_row(Partition)) as cursor:
        return await (await cursor.execute(LIST)).fetchall()


async def _make_partition(
    connection: Connection, default: Partition, grain: Grain, start: date
) -> int:
    """Returns how many rows of it the default partition had.

    The parent is locked first: a writer that routes a row meanwhile would otherwise still take
    it to the default partition, and fail there.
    """
    names = {
        "parent": sql.Identifier(default.parent),
        "default": sql.Identifier(default.name),
        "name": sql.Identifier(grain.partition_name(default.parent, start)),
        "at": sql.Identifier(default.time_column),
        "start": sql.Literal(midnight(start)),
        "end": sql.Literal(midnight(grain.end(start))),
        "fillfactor": sql.Literal(default.fillfactor),
    }
    await connection.execute(
        sql.SQL(
            "LOCK TABLE {parent} IN ACCESS EXCLUSIVE MODE;"
            "CREATE TABLE {name} (LIKE {parent} INCLUDING ALL EXCLUDING INDEXES) "
            "WITH (fillfactor = {fillfactor})"
        ).format(**names)
    )
    cursor = await connection.execute(
        sql.SQL(
            "WITH moved AS (DELETE FROM {default} "
            "WHERE {at} >= {start} AND {at} < {end} RETURNING *) "
            "INSERT INTO {name} SELECT * FROM moved"
        ).format(**names)
    )
    await connection.execute(
        sql.SQL(
            "ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})"
        ).format(**names)
    )
    return cursor.rowcount
