"""What the database takes, against what PostgreSQL itself says, and what goes next."""

from datetime import UTC, date, datetime, timedelta

import pytest

from store.partitions import maintain
from store.settings import RetentionSettings
from store.size import DatabaseSize, StoreUnavailableError, TableSize, database_size
from store.write import Writer
from tests.records import NOON, orchestrator_record
from tests.store.database import Pool, execute, value

RETENTION = RetentionSettings(raw_days=14)
DAY = timedelta(days=1)


async def filled(pool: Pool, days: range) -> None:
    """A record a day, counted from `NOON`, each in its day's partition."""
    for day in days:
        await maintain(pool, NOON + DAY * day, RetentionSettings(raw_days=400))
        await Writer(pool).write([orchestrator_record(collected_at=NOON + DAY * day)])


def table(size: DatabaseSize, name: str) -> TableSize:
    (found,) = [one for one in size.tables if one.table == name]
    return found


async def test_partitions_add_up_to_their_table(database_url: str, pool: Pool) -> None:
    await filled(pool, range(3))
    size = table(await database_size(database_url, NOON, RETENTION), "orchestrator_metrics")
    count = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'orchestrator_metrics'::REGCLASS"
    total = """
        SELECT sum(pg_total_relation_size(inhrelid))::BIGINT FROM pg_inherits
        WHERE inhparent = 'orchestrator_metrics'::REGCLASS
    """

    assert size.partitions == await value(pool, count)
    assert size.total_bytes == await value(pool, total)
    assert (size.oldest_day, size.newest_day) == (NOON.date(), NOON.date() + DAY * 2)


async def test_every_table_is_there_once(database_url: str, pool: Pool) -> None:
    size = await database_size(database_url, NOON, RETENTION)
    names = [one.table for one in size.tables]
    tables = """
        SELECT array_agg(relname::TEXT ORDER BY relname COLLATE "C") FROM pg_class
        WHERE relnamespace = 'public'::REGNAMESPACE AND relkind IN ('r', 'p')
            AND NOT relispartition
    """

    assert sorted(names) == await value(pool, tables)


async def test_rows_that_nobody_counted_are_unknown(database_url: str, pool: Pool) -> None:
    await filled(pool, range(2))
    before = await database_size(database_url, NOON, RETENTION)
    await execute(pool, "ANALYZE")
    after = await database_size(database_url, NOON, RETENTION)

    assert table(before, "orchestrator_metrics").rows is None
    assert table(before, "dead_letters").rows == 0
    assert table(after, "orchestrator_metrics").rows == 2


async def test_what_is_due_and_what_goes_next(database_url: str, pool: Pool) -> None:
    await filled(pool, range(3))
    now = NOON + DAY * 15
    size = await database_size(database_url, now, RETENTION)

    days = {drop.name[-4:] for drop in size.due if drop.parent == "orchestrator_metrics"}
    assert days == {"0313", "0314"}
    assert size.next_drop is not None
    assert size.next_drop.day == date(2026, 3, 15)
    assert size.next_drop.at == datetime(2026, 3, 30, tzinfo=UTC)
    assert size.next_drop.bytes > 0


async def test_the_next_to_go_really_goes_then(database_url: str, pool: Pool) -> None:
    await filled(pool, range(3))
    size = await database_size(database_url, NOON, RETENTION)
    assert size.next_drop is not None
    early = await maintain(pool, size.next_drop.at - timedelta(seconds=1), RETENTION)
    then = await maintain(pool, size.next_drop.at, RETENTION)
    name = f"orchestrator_metrics_p{size.next_drop.day:%Y%m%d}"

    assert name not in {drop.name for drop in early.dropped}
    assert name in {drop.name for drop in then.dropped}


async def test_without_history_nothing_goes(database_url: str) -> None:
    size = await database_size(database_url, NOON, RETENTION)

    assert (size.due, size.next_drop) == ((), None)


async def test_a_server_that_is_away_is_told() -> None:
    with pytest.raises(StoreUnavailableError, match="WOA_DATABASE_URL"):
        await database_size("postgresql://127.0.0.1:1/x", NOON, RETENTION)
