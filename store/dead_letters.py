"""Dead letters as they are kept: to look at, to send again, to forget."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from store.connection import Connection
from store.errors import translated
from store.staging import DeadLetter

__all__ = ["Chosen", "DeadLetterHead", "DeadLetters"]


@dataclass(frozen=True)
class DeadLetterHead:
    """One of them, without what it carries."""

    id: UUID
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    payload_bytes: int
    received_at: datetime


@dataclass(frozen=True)
class Chosen:
    """Which of them; what is None chooses all. `id` may be the beginning of one."""

    id: str | None = None
    topic: str | None = None
    reason: str | None = None


CHOSEN = """
    (%(id)s::TEXT IS NULL OR starts_with(id::TEXT, %(id)s))
    AND (%(topic)s::TEXT IS NULL OR topic = %(topic)s)
    AND (%(reason)s::TEXT IS NULL OR reason = %(reason)s)
"""
HEADS = f"""
SELECT id, topic, partition, log_offset AS "offset", reason, detail,
    length(payload) AS payload_bytes, received_at
FROM dead_letters
WHERE {CHOSEN}
ORDER BY received_at DESC, id
LIMIT %(limit)s
"""
COUNT = f"SELECT count(*) FROM dead_letters WHERE {CHOSEN}"
LETTER = """
SELECT topic, partition, log_offset AS "offset", reason, detail, headers, payload
FROM dead_letters WHERE id = %s
"""


class DeadLetters:
    """Those of one database. Every method raises `StoreUnavailableError`."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    async def heads(self, chosen: Chosen, limit: int | None) -> list[DeadLetterHead]:
        """At most `limit` of those, the newest first."""
        try:
            async with (
                self._pool.connection() as connection,
                connection.cursor(row_factory=class_row(DeadLetterHead)) as cursor,
            ):
                await cursor.execute(HEADS.encode(), vars(chosen) | {"limit": limit})
                return await cursor.fetchall()
        except psycopg.Error as error:
            raise translated(error) from error

    async def count(self, chosen: Chosen) -> int:
        """How many those are."""
        try:
            async with self._pool.connection() as connection:
                row = await (await connection.execute(COUNT.encode(), vars(chosen))).fetchone()
        except psycopg.Error as error:
            raise translated(error) from error
        return int(row[0]) if row else 0

    async def letter(self, letter_id: UUID) -> DeadLetter | None:
        """The whole of one; None where it is gone."""
        try:
            async with (
                self._pool.connection() as connection,
                connection.cursor(row_factory=class_row(DeadLetter)) as cursor,
            ):
                await cursor.execute(LETTER, (letter_id,))
                return await cursor.fetchone()
        except psycopg.Error as error:
            raise translated(error) from error

    async def forget(self, letter_ids: Collection[UUID]) -> None:
        """They are dealt with."""
        ids: Sequence[UUID] = list(letter_ids)
        try:
            async with self._pool.connection() as connection:
                await connection.execute("DELETE FROM dead_letters WHERE id = ANY (%s)", (ids,))
        except psycopg.Error as error:
            raise translated(error) from error
