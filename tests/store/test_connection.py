"""Connections say clearly what is wrong, and never a password."""

import asyncio
from datetime import UTC, datetime

import psycopg
import pytest

from store.connection import connect, open_pool
from store.errors import RecordRefusedError, StoreUnavailableError, translated
from store.write import Writer, WriteResult
from tests.postgres import PostgresServer, embedded_bin
from tests.records import orchestrator_record
from tests.store.database import Pool, value


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (
            "postgresql://woa:secret@127.0.0.1:1/woa",
            r"127\.0\.0\.1, database woa.*WOA_DATABASE_URL",
        ),
        ("postgresql://woa:secret@/woa?host=/no/such/place", "/no/such/place, database woa"),
        ("postgres//woa:secret@db/woa", "WOA_DATABASE_URL is not a PostgreSQL address"),
        ("postgresql://woa:secret@db:port/woa", "WOA_DATABASE_URL"),
        ("password=secret nonsense=1", "WOA_DATABASE_URL is not a PostgreSQL address"),
    ],
)
async def test_address_that_does_not_work_is_named_without_its_password(
    url: str, says: str
) -> None:
    with pytest.raises(StoreUnavailableError, match=says) as raised:
        await open_pool(url, application_name="tests")

    chain = [raised.value, raised.value.__cause__]
    assert not any("secret" in str(error) for error in chain)


async def test_database_that_is_missing_is_named(postgres_server: PostgresServer) -> None:
    with pytest.raises(StoreUnavailableError, match='database "nowhere" does not exist'):
        await open_pool(postgres_server.url("nowhere"), application_name="tests")


async def test_times_come_in_utc_whatever_the_server_is_set_to(pool: Pool) -> None:
    moment = await value(pool, "SELECT TIMESTAMPTZ '2026-03-14 12:00:00+05:30'")

    assert moment == datetime(2026, 3, 14, 6, 30, tzinfo=UTC)
    assert await value(pool, "SHOW TimeZone") == "UTC"


async def test_statements_are_bounded_in_time(pool: Pool) -> None:
    limit = await value(pool, "SHOW statement_timeout")

    assert limit == "1min"


async def test_commit_is_on_disk_even_where_the_server_would_not_wait(pool: Pool) -> None:
    query = "SELECT reset_val || ' ' || setting FROM pg_settings WHERE name = 'synchronous_commit'"

    assert await value(pool, query) == "off on"


async def test_connections_carry_their_name(pool: Pool) -> None:
    name = await value(
        pool, "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    )

    assert name == "tests"


async def test_settings_of_the_address_win(database_url: str) -> None:
    connection = await connect(f"{database_url}&application_name=mine", "tests")
    try:
        cursor = await connection.execute("SHOW application_name")
        assert await cursor.fetchone() == ("mine",)
    finally:
        await connection.close()


async def test_writer_recovers_when_the_server_comes_back() -> None:
    server = PostgresServer(embedded_bin())
    try:
        server.start()
        with server.database() as url:
            pool = await open_pool(url, application_name="tests")
            writer = Writer(pool)
            await writer.write([orchestrator_record()])
            server.halt()
            with pytest.raises(StoreUnavailableError):
                await writer.write([orchestrator_record()])
            server.resume()
            result = await written(writer)
            await pool.close()
    finally:
        server.stop()

    assert (result.inserted, result.duplicates) == (0, 1)


async def written(writer: Writer) -> WriteResult:
    """Write as ingest does: again until it works."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await writer.write([orchestrator_record()])
            except StoreUnavailableError:
                await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("the connection is lost"),
        psycopg.InterfaceError("the connection is closed"),
        psycopg.errors.AdminShutdown(),
        psycopg.errors.ConnectionException(),
        psycopg.errors.SerializationFailure(),
        psycopg.errors.DeadlockDetected(),
        psycopg.errors.DiskFull(),
        psycopg.errors.TooManyConnections(),
        psycopg.errors.LockNotAvailable(),
        psycopg.errors.IoError(),
        psycopg.errors.QueryCanceled(),
        psycopg.errors.ReadOnlySqlTransaction(),
        psycopg.errors.UndefinedTable(),
        psycopg.errors.UndefinedColumn(),
        psycopg.errors.InsufficientPrivilege(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_wrong_with_the_server_is_tried_again(error: psycopg.Error) -> None:
    ours = translated(error)

    assert isinstance(ours, StoreUnavailableError)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"),
        psycopg.errors.NumericValueOutOfRange(),
        psycopg.errors.StringDataRightTruncation(),
        psycopg.errors.UntranslatableCharacter(),
        psycopg.errors.InvalidTextRepresentation(),
        psycopg.errors.UniqueViolation(),
        psycopg.errors.ForeignKeyViolation(),
        psycopg.errors.NotNullViolation(),
        psycopg.errors.ProgramLimitExceeded(),
        psycopg.errors.CardinalityViolation(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_wrong_with_the_data_is_refused(error: psycopg.Error) -> None:
    ours = translated(error)

    assert isinstance(ours, RecordRefusedError)
