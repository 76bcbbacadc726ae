"""What was announced after a cursor: see docs/adr/0004-outbox.md."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from store.engine import connected

__all__ = ["Announcement", "Cursor", "Outbox"]

CURSOR = re.compile(r"(\d{1,19})\.(\d{1,19})", re.ASCII)
LARGEST = 2**63 - 1

SETTLED = "xid < pg_snapshot_xmin(pg_current_snapshot())"
"""Of the transactions below it none is in flight: nothing appears among these rows any more."""

NEWEST = text(
    f"SELECT xid::TEXT AS xid, seq FROM outbox WHERE {SETTLED} ORDER BY xid DESC, seq DESC LIMIT 1"
)
BEHIND = "(xid, seq) > (CAST(CAST(:xid AS TEXT) AS XID8), :seq)"
COLUMNS = "xid::TEXT AS xid, seq, topic, kind, payload, created_at"
AFTER = text(
    f"SELECT {COLUMNS} FROM outbox WHERE {BEHIND} AND {SETTLED} ORDER BY xid, seq LIMIT :most"
)
KNOWN = text(
    "SELECT EXISTS (SELECT FROM outbox WHERE xid = CAST(CAST(:xid AS TEXT) AS XID8) AND seq = :seq)"
)


@dataclass(frozen=True, order=True, slots=True)
class Cursor:
    """A place in the outbox: what is behind it was announced later.

    By transaction, then by number: a number is handed out before the commit, so that a lower one
    may appear after a higher one.
    """

    xid: int = 0
    seq: int = 0

    def __str__(self) -> str:
        return f"{self.xid}.{self.seq}"

    @classmethod
    def parse(cls, said: str) -> Self:
        """Raises `ValueError` for what is no cursor."""
        found = CURSOR.fullmatch(said)
        numbers = [int(each) for each in found.groups()] if found else [LARGEST + 1]
        if max(numbers) > LARGEST:
            raise ValueError("this is no cursor of ours")
        return cls(*numbers)


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something changed: where to look, not what is there."""

    cursor: Cursor
    topic: str
    kind: str
    payload: Mapping[str, Any]
    at: datetime


class Outbox:
    """Each call is one read-only transaction.

    Every method raises `StoreUnavailableError` when PostgreSQL does not answer in time.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(postgresql_readonly=True)

    async def newest(self) -> Cursor:
        """The last announcement; the beginning where there is none."""
        async with connected(self._engine) as connection:
            row = (await connection.execute(NEWEST)).one_or_none()
        return Cursor() if row is None else Cursor(int(row.xid), row.seq)

    async def after(self, cursor: Cursor, most: int) -> list[Announcement]:
        """Announcements behind a cursor, in their order, `most` at a time."""
        async with connected(self._engine) as connection:
            return await _after(connection, cursor, most)

    async def missed(self, cursor: Cursor, until: Cursor, most: int) -> list[Announcement] | None:
        """Announcements behind `cursor`, up to and with `until`.

        None where they cannot all be told: what the cursor names is not kept any more, or there
        are more than `most`.
        """
        async with connected(self._engine) as connection:
            if not await connection.scalar(KNOWN, _place(cursor)):
                return None
            found = await _after(connection, cursor, most + 1)
        between = [each for each in found if each.cursor <= until]
        return between if len(between) <= most else None


async def _after(connection: AsyncConnection, cursor: Cursor, most: int) -> list[Announcement]:
    rows = await connection.execute(AFTER, _place(cursor) | {"most": most})
    return [
        Announcement(
            Cursor(int(row.xid), row.seq), row.topic, row.kind, row.payload, row.created_at
        )
        for row in rows
    ]


def _place(cursor: Cursor) -> dict[str, Any]:
    return {"xid": str(cursor.xid), "seq": cursor.seq}
