"""The write path: a batch of records becomes one transaction, and a record counts once.

COPY into staging tables, from there `INSERT .. ON CONFLICT DO NOTHING` into history; what is new
moves the present and leaves word in the outbox. See docs/adr/0006-sqlalchemy-reads-copy-writes.md
and docs/adr/0004-outbox.md.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from contracts.topics import PublishedRecord
from store.connection import Connection
from store.errors import RecordRefusedError, StoreUnavailableError, translated
from store.rollup_sql import add_latencies, add_samples
from store.rollups import ORCHESTRATOR_ROLLUP, POOL_ROLLUP, QUEUE_ROLLUP, STEPS
from store.staging import COLUMNS, DeadLetter, Row, Staged, dead_letter_row, stage

__all__ = [
    "DeadLetter",
    "RecordRefusedError",
    "StoreUnavailableError",
    "WriteResult",
    "Writer",
    "copy_rows",
]

HERE = Path(__file__).parent
STAGING = (HERE / "write_staging.sql").read_bytes()
SORT_ORCHESTRATORS = (HERE / "write_orchestrators.sql").read_bytes()
SORT_POOLS = (HERE / "write_pools.sql").read_bytes()
ROLL_UP_ORCHESTRATORS = "".join(
    add_samples(ORCHESTRATOR_ROLLUP, step) + add_latencies(step) + add_samples(QUEUE_ROLLUP, step)
    for step in STEPS
).encode()
ROLL_UP_POOLS = "".join(add_samples(POOL_ROLLUP, step) for step in STEPS).encode()
SORT_OTHERS = {
    f"staged_{name}": (HERE / f"write_{name}.sql").read_bytes()
    for name in (
        "worker_usage",
        "load_balancing",
        "coordination",
        "scheduling_decisions",
        "coordination_events",
        "scaling_events",
    )
}
"""For records of one row each: the statements that sort their staging table into the tables."""
ADD_DEAD_LETTER = """
INSERT INTO dead_letters (id, topic, partition, log_offset, reason, detail, headers, payload)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO NOTHING
"""


@dataclass(frozen=True)
class WriteResult:
    """What one transaction did."""

    inserted: int
    """Records that are new; further pages of a pool's workers count whenever they come.

    A worker's usage has no history: it is new when it is newer than what is known.
    """
    duplicates: int
    """Records that were there before, or twice in the batch, and usages that come late."""
    dead_letters: int
    """Dead letters that are new."""


class Writer:
    """Writes batches. Several may write at once, in one process or in many."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    async def write(
        self, records: Sequence[PublishedRecord], dead_letters: Sequence[DeadLetter] = ()
    ) -> WriteResult:
        """Commit all of it or nothing; when this returns, it survives a crash.

        A record's id names its sample: writing it again changes nothing. Records may come in
        any order. Raises `StoreUnavailableError` and `RecordRefusedError`; after a broken
        connection the batch may be there all the same, and writing it again is right.
        """
        if not records and not dead_letters:
            return WriteResult(0, 0, 0)
        staged = stage(records)
        try:
            async with self._pool.connection() as connection, connection.transaction():
                inserted = await _write_records(connection, staged)
                buried = await _bury(connection, dead_letters)
        except psycopg.Error as error:
            raise translated(error) from error
        return WriteResult(inserted, len(records) - inserted, buried)


async def _write_records(connection: Connection, staged: Staged) -> int:
    """Returns how many are new."""
    if not (staged.orchestrators or staged.pools or staged.worker_pages or staged.others):
        return 0
    await connection.execute(STAGING)
    inserted = 0
    if staged.orchestrators:
        await copy_rows(connection, "staged_orchestrators", staged.orchestrators.values())
        await copy_rows(connection, "staged_queues", staged.queues)
        known = await connection.execute(SORT_ORCHESTRATORS)
        inserted += len(staged.orchestrators) - known.rowcount
        await connection.execute(ROLL_UP_ORCHESTRATORS)
    if staged.pools or staged.worker_pages:
        await copy_rows(connection, "staged_pools", staged.pools.values())
        await copy_rows(connection, "staged_worker_pages", staged.worker_pages.values())
        await copy_rows(connection, "staged_workers", staged.workers)
        known = await connection.execute(SORT_POOLS)
        inserted += len(staged.pools) - known.rowcount + staged.further_pages
        await connection.execute(ROLL_UP_POOLS)
    # In one order for every writer, so that they never wait for one another in a ring.
    for table, statements in SORT_OTHERS.items():
        if rows := staged.others.get(table):
            await copy_rows(connection, table, rows.values())
            known = await connection.execute(statements)
            inserted += len(rows) - known.rowcount
    return inserted


async def copy_rows(connection: Connection, table: str, rows: Collection[Row]) -> None:
    """Into a staging table."""
    if not rows:
        return
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))
    )
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row(row)


async def _bury(connection: Connection, dead_letters: Sequence[DeadLetter]) -> int:
    """Returns how many are new."""
    rows = sorted({row[0]: row for row in map(dead_letter_row, dead_letters)}.values(), key=_id)
    if not rows:
        return 0
    async with connection.cursor() as cursor:
        await cursor.executemany(ADD_DEAD_LETTER, rows)
        return cursor.rowcount


def _id(row: Row) -> str:
    return str(row[0])
