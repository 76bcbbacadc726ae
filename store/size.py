"""What the database takes, table by table, and what retention takes away from it next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

import psycopg
from psycopg.rows import class_row

from store.connection import connect
from store.errors import StoreUnavailableError, translated
from store.partition_plan import DAY, Drop, Partition, drops, keeping, midnight
from store.settings import RetentionSettings

__all__ = ["DatabaseSize", "NextDrop", "StoreUnavailableError", "TableSize", "database_size"]

HERE = Path(__file__).parent
SIZE = (HERE / "size.sql").read_bytes()
PARTITIONS = (HERE / "partitions_list.sql").read_bytes()


@dataclass(frozen=True)
class TableSize:
    """One table, its partitions added up."""

    table: str
    partitions: int
    rows: int | None
    """The server's estimate; null when it has none for a part that is not empty."""
    table_bytes: int
    index_bytes: int
    oldest_day: date | None
    """Of the partitions that hold something; null for a table without."""
    newest_day: date | None

    @property
    def total_bytes(self) -> int:
        """With the indexes."""
        return self.table_bytes + self.index_bytes


@dataclass(frozen=True)
class NextDrop:
    """The first day of what is the next to go by its age, and when."""

    day: date
    at: datetime
    bytes: int


@dataclass(frozen=True)
class DatabaseSize:
    """All tables of ours; what goes at the next upkeep, and what will go after it."""

    tables: tuple[TableSize, ...]
    due: tuple[Drop, ...]
    next_drop: NextDrop | None


@dataclass(frozen=True)
class _Part:
    """A row of size.sql."""

    table: str
    rows: int | None
    table_bytes: int
    index_bytes: int


async def database_size(url: str, now: datetime, retention: RetentionSettings) -> DatabaseSize:
    """Sizes as they are now. `now` is aware. Raises `StoreUnavailableError`."""
    connection = await connect(url, "woa-size")
    try:
        async with connection.cursor(row_factory=class_row(_Part)) as cursor:
            parts = await (await cursor.execute(SIZE)).fetchall()
        async with connection.cursor(row_factory=class_row(Partition)) as cursor:
            partitions = await (await cursor.execute(PARTITIONS)).fetchall()
    except psycopg.Error as error:
        raise StoreUnavailableError(str(translated(error))) from error
    finally:
        await connection.close()
    due = drops(partitions, now, retention)
    return DatabaseSize(_tables(parts, partitions), due, _next_drop(partitions, due, retention))


def _tables(parts: Sequence[_Part], partitions: Sequence[Partition]) -> tuple[TableSize, ...]:
    grouped = groupby(parts, key=lambda part: part.table)
    return tuple(
        _table(name, list(group), [p for p in partitions if p.parent == name])
        for name, group in grouped
    )


def _table(name: str, parts: Sequence[_Part], partitions: Sequence[Partition]) -> TableSize:
    rows = [part.rows for part in parts]
    days = [p.start for p in partitions if p.start and p.filled]
    return TableSize(
        table=name,
        partitions=len(partitions),
        rows=None if None in rows else sum(known for known in rows if known is not None),
        table_bytes=sum(part.table_bytes for part in parts),
        index_bytes=sum(part.index_bytes for part in parts),
        oldest_day=min(days, default=None),
        newest_day=max(days, default=None),
    )


def _next_drop(
    partitions: Iterable[Partition], due: Iterable[Drop], retention: RetentionSettings
) -> NextDrop | None:
    going = {drop.name for drop in due}
    left = [
        (_expires(p, p.start, retention), p.start, p)
        for p in partitions
        if p.start and p.filled and p.name not in going
    ]
    if not left:
        return None
    at, day, _ = min(left, key=lambda each: each[:2])
    return NextDrop(
        day=day,
        at=at,
        bytes=sum(partition.bytes for when, _, partition in left if when == at),
    )


def _expires(partition: Partition, start: date, retention: RetentionSettings) -> datetime:
    kept = keeping(partition.parent, retention)
    return midnight(kept.grain.end(start)) + DAY * kept.days
