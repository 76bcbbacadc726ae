"""Partitions are there before they are needed and go when they are too old or too much."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from contracts.orchestrator import OrchestratorMetrics
from store.partition_plan import Drop
from store.partitions import MaintenanceReport, maintain
from store.settings import RetentionSettings
from store.write import DeadLetter, Writer
from tests.records import NOON, orchestrator_record, pool_record
from tests.store.database import Pool, contents, execute, present, rows, value

RAW = (
    "coordination_events",
    "coordination_metrics",
    "load_balancing_metrics",
    "orchestrator_metrics",
    "queue_metrics",
    "scheduling_decisions",
    "worker_pool_metrics",
)
ROLLED_UP = ("orchestrator", "queue", "scheduling_latency", "worker_pool")
MINUTES = tuple(f"{subject}_rollup_1m" for subject in ROLLED_UP)
HOURS = tuple(f"{subject}_rollup_1h" for subject in ROLLED_UP)
DAILY = (*RAW, *MINUTES)
RETENTION = RetentionSettings()
DAY = timedelta(days=1)


def record_of(day: int) -> OrchestratorMetrics:
    """Collected so many days after that of `NOON`."""
    return orchestrator_record(collected_at=NOON + DAY * day)


async def partitions(pool: Pool) -> set[str]:
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT inhrelid::REGCLASS::TEXT FROM pg_inherits "
            "JOIN pg_class ON pg_class.oid = inhrelid WHERE relkind = 'r'"
        )
        return {name for (name,) in await cursor.fetchall()}


async def days_of(pool: Pool, parent: str = "orchestrator_metrics") -> set[str]:
    """The days that have a partition, as month and day."""
    names = await partitions(pool)
    return {name[-4:] for name in names if name.startswith(f"{parent}_p")}


async def test_days_from_yesterday_on_get_partitions(pool: Pool) -> None:
    report = await maintain(pool, NOON, RetentionSettings(days_ahead=2))

    expected = {f"{parent}_p202603{day}" for parent in DAILY for day in (13, 14, 15, 16)}
    expected |= {f"{parent}_p202603" for parent in HOURS}
    assert set(report.created) == expected
    assert await partitions(pool) == expected | {f"{p}_default" for p in (*DAILY, *HOURS)}


@pytest.mark.parametrize(
    ("day", "months"), [(1, {"202602", "202603"}), (2, {"202603"}), (31, {"202603", "202604"})]
)
async def test_steps_of_an_hour_have_a_partition_a_month(
    pool: Pool, day: int, months: set[str]
) -> None:
    await maintain(pool, NOON.replace(day=day), RETENTION)

    found = {name for name in await partitions(pool) if "_1h_p" in name}
    assert found == {f"{parent}_p{month}" for parent in HOURS for month in months}


async def test_second_run_changes_nothing(pool: Pool) -> None:
    first = await maintain(pool, NOON, RETENTION)

    second = await maintain(pool, NOON, RETENTION)

    assert second == MaintenanceReport(
        history_bytes=first.history_bytes, rollup_bytes=first.rollup_bytes
    )


async def test_day_is_that_of_utc(pool: Pool) -> None:
    just_before = datetime(2026, 3, 14, 23, 59, 59, 999_999, tzinfo=UTC)
    just_after = datetime(2026, 3, 15, tzinfo=UTC)
    await maintain(pool, NOON, RETENTION)

    await Writer(pool).write(
        [orchestrator_record(collected_at=t) for t in (just_before, just_after)]
    )

    for day, moment in (("14", just_before), ("15", just_after)):
        (row,) = await rows(pool, f"orchestrator_metrics_p202603{day}")
        assert row["collected_at"] == moment


async def test_partitions_have_the_indexes_of_their_table(pool: Pool) -> None:
    await Writer(pool).write([record_of(0)])
    await maintain(pool, NOON, RETENTION)

    count = "SELECT count(*) FROM pg_indexes WHERE tablename = 'orchestrator_metrics"
    assert await value(pool, f"{count}_p20260314'") == await value(pool, f"{count}_default'") == 3


async def test_partitions_leave_room_for_updates_as_the_default_one_does(pool: Pool) -> None:
    await maintain(pool, NOON, RETENTION)

    options = "SELECT reloptions FROM pg_class WHERE relname = 'orchestrator_rollup_1m"
    assert await value(pool, f"{options}_default'") == ["fillfactor=50"]
    assert await value(pool, f"{options}_p20260314'") == ["fillfactor=50"]


async def test_rows_that_waited_in_the_default_partition_move(pool: Pool) -> None:
    await Writer(pool).write([record_of(-3), record_of(0), pool_record()])
    before = await contents(pool)

    report = await maintain(pool, NOON, RETENTION)

    assert report.moved_rows == 2 + 6 + 1 + 2 * (2 + 2 + 6 + 1)
    assert report.default_not_empty == []
    assert await days_of(pool) >= {"0311", "0313", "0314"}
    assert await contents(pool) == before


async def test_record_of_a_moved_row_stays_a_duplicate(pool: Pool) -> None:
    await Writer(pool).write([record_of(0)])
    await maintain(pool, NOON, RETENTION)

    result = await Writer(pool).write([record_of(0)])

    assert (result.inserted, result.duplicates) == (0, 1)


async def test_rows_of_a_wrong_clock_are_reported(pool: Pool) -> None:
    await Writer(pool).write([record_of(400)])

    report = await maintain(pool, NOON, RETENTION)

    tables = (*DAILY, *HOURS)
    holding = {
        f"{name}_default" for name in tables if name.startswith(("orchestrator_m", "queue_m"))
    }
    holding |= {f"{name}_default" for name in (*MINUTES, *HOURS) if "pool" not in name}
    assert set(report.default_not_empty) == holding


async def test_partitions_beyond_their_days_are_dropped(pool: Pool) -> None:
    await maintain(pool, NOON, RetentionSettings(days_ahead=1))
    await Writer(pool).write([record_of(-1), record_of(0)])

    report = await maintain(pool, NOON + DAY * 4, RetentionSettings(raw_days=4))

    assert report.dropped == [
        Drop(parent, f"{parent}_p20260313", "older than 4 days") for parent in RAW
    ]
    assert {row["collected_at"] for row in await rows(pool, "orchestrator_metrics")} == {NOON}


async def test_partition_stays_while_a_row_of_it_may_be_young_enough(pool: Pool) -> None:
    await maintain(pool, NOON, RETENTION)

    report = await maintain(pool, NOON + DAY, RetentionSettings(raw_days=1))

    assert report.dropped == [
        Drop(parent, f"{parent}_p20260313", "older than 1 days") for parent in RAW
    ]


async def test_rows_too_old_for_a_partition_are_deleted(pool: Pool) -> None:
    await Writer(pool).write([record_of(-30), record_of(0)])

    report = await maintain(pool, NOON, RetentionSettings(rollup_1m_days=14))

    assert report.expired_rows == 1 + 3 + (1 + 1 + 3)
    assert {row["collected_at"] for row in await rows(pool, "orchestrator_metrics")} == {NOON}
    assert await present(pool, "orchestrator_rollup_1m", "time_bucket") == {NOON}
    assert await present(pool, "orchestrator_rollup_1h", "time_bucket") == {NOON, NOON - DAY * 30}


async def test_rollups_outlive_the_history_they_were_made_of(pool: Pool) -> None:
    await Writer(pool).write([record_of(-20), record_of(-10), record_of(0)])
    retention = RetentionSettings(raw_days=15, rollup_1m_days=1, rollup_1h_days=1)

    await maintain(pool, NOON, retention)

    kept = {NOON - DAY * 10, NOON}
    assert await present(pool, "orchestrator_metrics", "collected_at") == kept
    assert await present(pool, "orchestrator_rollup_1m", "time_bucket") == kept
    assert await present(pool, "orchestrator_rollup_1h", "time_bucket") == kept


async def test_rollups_are_dropped_by_their_own_age(pool: Pool) -> None:
    await maintain(pool, NOON, RETENTION)
    retention = RetentionSettings(raw_days=1, rollup_1m_days=3, rollup_1h_days=30)

    early = await maintain(pool, NOON + DAY * 3, retention)
    late = await maintain(pool, NOON + DAY * 60, retention)

    assert [d.name for d in early.dropped if d.parent in MINUTES] == [
        f"{parent}_p20260313" for parent in MINUTES
    ]
    assert [drop for drop in early.dropped if drop.parent in HOURS] == []
    assert [drop for drop in late.dropped if drop.parent in HOURS] == [
        Drop(parent, f"{parent}_p202603", "older than 30 days") for parent in HOURS
    ]


async def test_oldest_days_go_while_there_is_too_much(pool: Pool) -> None:
    await maintain(pool, NOON, RETENTION)
    await maintain(pool, NOON + DAY * 2, RETENTION)
    await Writer(pool).write([record_of(day) for day in (0, 1, 2)])

    report = await maintain(pool, NOON + DAY * 2, RetentionSettings(raw_bytes=1))

    names = [drop.name for drop in report.dropped]
    assert names == [
        f"{parent}_p202603{day}"
        for parent in ("orchestrator_metrics", "queue_metrics")
        for day in (14, 15)
    ]
    assert "1 are allowed" in report.dropped[0].reason
    assert {row["collected_at"] for row in await rows(pool, "orchestrator_metrics")} == {
        NOON + DAY * 2
    }


@asynccontextmanager
async def holding(pool: Pool, statement: str) -> AsyncIterator[None]:
    """A transaction that has run a statement and does not end meanwhile."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(statement.encode())
        yield


async def test_another_maintainer_is_left_alone(pool: Pool) -> None:
    turn = "SELECT pg_advisory_xact_lock(hashtextextended('woa:maintain', 0))"
    async with holding(pool, turn):
        report = await maintain(pool, NOON, RETENTION)

    assert report == MaintenanceReport(busy=True)


async def test_several_maintainers_make_every_partition_once(pool: Pool) -> None:
    reports = await asyncio.gather(*(maintain(pool, NOON, RETENTION) for _ in range(4)))

    created = [name for report in reports for name in report.created]
    assert len(created) == len(set(created))
    later = await maintain(pool, NOON, RETENTION)
    assert len(created) + len(later.created) == len(DAILY) * 5 + len(HOURS)


async def test_table_in_use_is_left_to_the_next_run(pool: Pool) -> None:
    async with holding(pool, "SELECT FROM queue_metrics"):
        report = await maintain(pool, NOON, RETENTION)

    assert {name.rpartition("_")[0] for name in report.postponed} == {"queue_metrics"}
    created = {name.rpartition("_")[0] for name in report.created}
    assert created == {*DAILY, *HOURS} - {"queue_metrics"}
    again = await maintain(pool, NOON, RETENTION)
    assert set(again.created) == set(report.postponed)


async def test_partition_in_use_is_dropped_by_the_next_run(pool: Pool) -> None:
    await maintain(pool, NOON, RETENTION)
    later = NOON + DAY * 30
    await maintain(pool, later, RetentionSettings(raw_days=90))
    async with holding(pool, "SELECT FROM queue_metrics"):
        report = await maintain(pool, later, RETENTION)

    assert report.postponed[0] == "queue_metrics_p20260313"
    again = await maintain(pool, later, RETENTION)
    assert {drop.name for drop in again.dropped} == set(report.postponed)


async def test_writers_beside_maintenance_lose_nothing(pool: Pool) -> None:
    """Days pass while records are written: partitions come and rows move under the writers."""

    async def write(number: int) -> None:
        writer = Writer(pool)
        for step in range(12):
            moment = NOON + timedelta(hours=6 * step)
            await writer.write(
                [
                    orchestrator_record(instance_id=f"o{number}", collected_at=moment),
                    pool_record(pool_name=f"p{number}", collected_at=moment),
                ]
            )

    async def pass_days() -> None:
        for step in range(12):
            await maintain(pool, NOON + timedelta(hours=6 * step), RetentionSettings(days_ahead=1))

    await asyncio.gather(write(1), write(2), pass_days())

    await maintain(pool, NOON + timedelta(hours=66), RETENTION)
    assert await value(pool, "SELECT count(*) FROM orchestrator_metrics") == 24
    assert await value(pool, "SELECT count(*) FROM queue_metrics") == 72
    assert await value(pool, "SELECT count(*) FROM worker_pool_metrics") == 24
    assert await value(pool, "SELECT count(*) FROM orchestrator_metrics_default") == 0


async def test_ledgers_are_trimmed_by_age(pool: Pool) -> None:
    letters = [DeadLetter("t", 0, 1, "not_json", "", {}, bytes([i])) for i in range(2)]
    await Writer(pool).write([record_of(0), pool_record()], letters)
    for table, column in (("outbox", "created_at"), ("dead_letters", "received_at")):
        await execute(pool, f"UPDATE {table} SET {column} = %s", NOON)
        await execute(
            pool,
            f"UPDATE {table} SET {column} = %s WHERE ctid = (SELECT min(ctid) FROM {table})",
            NOON - DAY * 60,
        )

    report = await maintain(pool, NOON + timedelta(hours=23), RETENTION)

    assert (report.trimmed_outbox, report.trimmed_dead_letters) == (1, 1)
    assert len(await rows(pool, "outbox")) == len(await rows(pool, "dead_letters")) == 1


async def test_expired_sessions_go_and_tokens_stay(pool: Pool) -> None:
    for number, (kind, expires) in enumerate(
        [
            ("session", NOON - DAY),
            ("login", NOON - DAY),
            ("token", NOON - DAY),
            ("session", NOON + DAY),
            ("login", None),
        ]
    ):
        await execute(
            pool,
            "INSERT INTO api_tokens (id, kind, name, secret_hash, expires_at) "
            "VALUES (gen_random_uuid(), %s, 'n', %s, %s)",
            kind,
            bytes([number]),
            expires,
        )

    report = await maintain(pool, NOON, RETENTION)

    assert report.trimmed_tokens == 2
    kept = sorted(str(row["kind"]) for row in await rows(pool, "api_tokens"))
    assert kept == ["login", "session", "token"]
