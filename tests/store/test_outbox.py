"""Readers of the outbox: in order, and nothing is passed over."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.connection import Connection, connect
from store.engine import create_read_engine
from store.outbox import Announcement, Cursor, Outbox
from store.write import Writer
from tests.records import NOON, orchestrator_record
from tests.store.database import Pool, execute

ANNOUNCE = b"INSERT INTO outbox (topic, kind, payload) VALUES (%s, 'told', '{}')"


@pytest.fixture
async def outbox(database_url: str, pool: Pool) -> AsyncIterator[Outbox]:
    engine = create_read_engine(database_url)
    yield Outbox(engine)
    await engine.dispose()


@asynccontextmanager
async def transaction(url: str) -> AsyncIterator[Connection]:
    """One that has its number, and whose end the test decides."""
    async with await connect(url, "tests") as connection:
        await connection.execute(b"BEGIN")
        await connection.execute(b"SELECT pg_current_xact_id()")
        yield connection


async def announce(pool: Pool, *topics: str) -> None:
    for topic in topics:
        await execute(pool, ANNOUNCE.decode(), topic)


def topics_of(found: Iterable[Announcement] | None) -> list[str] | None:
    return None if found is None else [each.topic for each in found]


async def test_an_empty_outbox_begins_at_the_beginning(outbox: Outbox) -> None:
    assert await outbox.newest() == Cursor()
    assert await outbox.after(Cursor(), 10) == []


async def test_what_the_writer_announces_is_read(outbox: Outbox, writer: Writer) -> None:
    record = orchestrator_record()
    await writer.write([record])

    (found,) = await outbox.after(Cursor(), 10)

    assert (found.topic, found.kind) == (
        f"orchestrator:{record.orchestrator_id}",
        "orchestrator_update",
    )
    assert found.payload["id"] == str(record.orchestrator_id)
    assert await outbox.newest() == found.cursor


async def test_it_is_read_in_parts_and_from_a_cursor(outbox: Outbox, pool: Pool) -> None:
    await announce(pool, "a", "b", "c")
    first = await outbox.after(Cursor(), 2)
    rest = await outbox.after(first[-1].cursor, 2)

    assert (topics_of(first), topics_of(rest)) == (["a", "b"], ["c"])
    assert await outbox.after(rest[-1].cursor, 2) == []


async def test_what_commits_late_is_not_passed_over(
    outbox: Outbox, pool: Pool, database_url: str
) -> None:
    """The one that began first takes the higher number and is done first."""
    async with transaction(database_url) as early, transaction(database_url) as late:
        await late.execute(ANNOUNCE, ["low"])
        await early.execute(ANNOUNCE, ["high"])
        await early.execute(b"COMMIT")
        before = await outbox.after(Cursor(), 10)
        await announce(pool, "third")  # it waits for the one in flight
        meanwhile = await outbox.after(before[-1].cursor, 10)
        await late.execute(b"COMMIT")
    after = await outbox.after(before[-1].cursor, 10)

    assert topics_of(before) == ["high"]
    assert meanwhile == []
    assert topics_of(after) == ["low", "third"]
    assert after[0].cursor.seq < before[0].cursor.seq


async def test_what_was_missed_is_told_or_known_to_be_lost(outbox: Outbox, pool: Pool) -> None:
    await announce(pool, "a", "b", "c", "d")
    a, _, c, d = await outbox.after(Cursor(), 10)

    assert topics_of(await outbox.missed(a.cursor, c.cursor, 10)) == ["b", "c"]
    assert await outbox.missed(c.cursor, c.cursor, 10) == []
    assert await outbox.missed(d.cursor, c.cursor, 10) == []
    assert await outbox.missed(a.cursor, d.cursor, 2) is None
    assert await outbox.missed(Cursor(a.cursor.xid, 99), d.cursor, 10) is None
    assert await outbox.missed(Cursor(), d.cursor, 10) is None


async def test_a_cursor_that_was_trimmed_away_is_lost(outbox: Outbox, pool: Pool) -> None:
    await announce(pool, "a", "b")
    a, b = await outbox.after(Cursor(), 10)
    await execute(pool, "DELETE FROM outbox WHERE topic = 'a'")

    assert await outbox.missed(a.cursor, b.cursor, 10) is None


async def test_it_says_when_it_was_announced(outbox: Outbox, pool: Pool) -> None:
    await announce(pool, "a")
    (found,) = await outbox.after(Cursor(), 1)

    assert found.at.utcoffset() == timedelta(0)
    assert found.at > NOON


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_a_cursor_is_read_back(xid: int, seq: int) -> None:
    assert Cursor.parse(str(Cursor(xid, seq))) == Cursor(xid, seq)


@pytest.mark.parametrize(
    "said", ["", "1", "1.2.3", "-1.2", "a.b", "1.2 ", "1.9223372036854775808", "٣.٤"]
)
def test_what_is_no_cursor_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="no cursor of ours"):
        Cursor.parse(said)
