"""A database gets the structure of this version, however it starts; or it is left alone."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from store.connection import Connection, connect
from store.errors import StoreUnavailableError
from store.migrate import Migration, MigrationError, SchemaFiles, migrate, schema_state
from store.write import Writer
from tests.postgres import DEBIAN_BIN, PostgresServer, embedded_bin
from tests.records import orchestrator_record
from tests.requirements import require_or_skip
from tests.store.database import Pool, contents, execute, rows

NOTHING_YET = SchemaFiles("SELECT 1", ())
SHIPPED = SchemaFiles.shipped()


def structure(server: PostgresServer, url: str) -> str:
    """All but the ledger of migrations, as pg_dump writes it."""
    options = ("--schema-only", "--no-owner", "--no-privileges")
    dump = subprocess.run(
        [server.programs / "pg_dump", *options, "--exclude-table=schema_migrations", url],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    # A newer pg_dump frames its output with a random key.
    return re.sub(r"(?m)^\\(un)?restrict .*$", "", dump)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Connection]:
    connection = await connect(url, "tests")
    try:
        yield connection
    finally:
        await connection.close()


async def run(url: str, statement: str) -> None:
    async with opened(url) as connection:
        await connection.execute(statement.encode())


async def tables(url: str) -> list[str]:
    async with opened(url) as connection:
        query = "SELECT relname::TEXT FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = "
        cursor = await connection.execute(f"{query} 'public'::REGNAMESPACE ORDER BY 1".encode())
        return [name for (name,) in await cursor.fetchall()]


async def test_fresh_database_has_every_version(empty_database_url: str) -> None:
    applied = await migrate(empty_database_url)

    assert applied == tuple(migration.version for migration in SHIPPED.migrations)
    assert applied[0] == 1


async def test_second_run_does_nothing(database_url: str) -> None:
    applied = await migrate(database_url)

    assert applied == ()


async def test_upgraded_database_is_like_a_fresh_one(
    postgres_server: PostgresServer, database_url: str, empty_database_url: str
) -> None:
    await migrate(empty_database_url, NOTHING_YET)

    applied = await migrate(empty_database_url)

    assert applied == tuple(migration.version for migration in SHIPPED.migrations)
    fresh = structure(postgres_server, database_url)
    assert structure(postgres_server, empty_database_url) == fresh
    assert "CREATE TABLE public.orchestrator_metrics" in fresh


def portable(dump: str) -> str:
    """A dump without what differs between the versions of PostgreSQL that wrote it."""
    lines = (line for line in dump.splitlines() if not line.startswith(("--", "SET ")))
    # Only a newer one has a name for what is not null.
    named = re.compile(r" CONSTRAINT \w+_not_null NOT NULL")
    return named.sub(" NOT NULL", re.sub(r"\n{2,}", "\n", "\n".join(lines)))


async def test_every_server_has_the_same_structure(
    postgres_of: Callable[[Path], PostgresServer],
) -> None:
    if not (DEBIAN_BIN / "initdb").exists():
        require_or_skip("debian15", f"no PostgreSQL 15 in {DEBIAN_BIN}")
    found = set()
    for server in map(postgres_of, (embedded_bin(), DEBIAN_BIN)):
        with server.empty_database() as old, server.database() as fresh:
            await migrate(old, NOTHING_YET)
            await migrate(old)
            found |= {portable(structure(server, url)) for url in (old, fresh)}

    assert len(found) == 1
    assert "CREATE VIEW public.orchestrator_performance_summary" in found.pop()


async def test_difference_in_structure_shows(
    postgres_server: PostgresServer, database_url: str
) -> None:
    before = structure(postgres_server, database_url)

    await run(database_url, "DROP INDEX idx_outbox_created")

    assert structure(postgres_server, database_url) != before


async def test_only_pending_migrations_run_and_keep_the_data(database_url: str, pool: Pool) -> None:
    await Writer(pool).write([orchestrator_record()])
    before = await contents(pool)
    added = Migration(SHIPPED.newest + 1, "note", "CREATE TABLE note (id INTEGER PRIMARY KEY)")

    applied = await migrate(database_url, SchemaFiles(SHIPPED.schema, (*SHIPPED.migrations, added)))

    assert applied == (added.version,)
    assert await contents(pool) == before
    ledger = {row["version"]: row["name"] for row in await rows(pool, "schema_migrations")}
    assert ledger[added.version] == "note"


async def test_failed_migration_leaves_what_came_before_it(database_url: str) -> None:
    newest = SHIPPED.newest
    good = Migration(newest + 1, "good", "CREATE TABLE good (id INTEGER)")
    bad = Migration(newest + 2, "bad", "CREATE TABLE half (id INTEGER); SELECT no_such_column")
    files = SchemaFiles(SHIPPED.schema, (*SHIPPED.migrations, good, bad))

    with pytest.raises(MigrationError, match=rf"migration {bad.version:04} .*no_such_column"):
        await migrate(database_url, files)

    assert "half" not in await tables(database_url)
    assert await migrate(database_url, SchemaFiles("", (*SHIPPED.migrations, good))) == ()


async def test_failed_schema_leaves_an_empty_database(empty_database_url: str) -> None:
    broken = SchemaFiles("CREATE TABLE half (id INTEGER); SELECT no_such_column", ())

    with pytest.raises(MigrationError, match=r"schema\.sql"):
        await migrate(empty_database_url, broken)

    assert await tables(empty_database_url) == []


async def test_newer_database_is_refused(database_url: str, pool: Pool) -> None:
    await execute(pool, "INSERT INTO schema_migrations (version, name) VALUES (9000, 'future')")

    with pytest.raises(MigrationError, match=r"version 9000, this program knows \d"):
        await migrate(database_url)


async def test_database_of_somebody_else_is_left_alone(empty_database_url: str) -> None:
    await run(empty_database_url, "CREATE TABLE invoices (id INTEGER)")

    with pytest.raises(MigrationError, match="already holds invoices"):
        await migrate(empty_database_url)

    assert await tables(empty_database_url) == ["invoices"]


async def test_what_an_extension_brought_does_not_count(empty_database_url: str) -> None:
    await run(empty_database_url, "CREATE EXTENSION pg_stat_statements")

    applied = await migrate(empty_database_url)

    assert applied


async def test_role_without_rights_is_told_what_it_lacks(
    postgres_server: PostgresServer, empty_database_url: str
) -> None:
    await run(postgres_server.url(), "DROP ROLE IF EXISTS reader")
    await run(postgres_server.url(), "CREATE ROLE reader LOGIN")

    with pytest.raises(MigrationError, match="role 'reader' must be allowed to create tables"):
        await migrate(empty_database_url.replace("postgres@", "reader@"))


async def test_database_of_another_encoding_is_refused(postgres_server: PostgresServer) -> None:
    options = "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"
    await run(postgres_server.url(), f"CREATE DATABASE latin {options}")
    try:
        with pytest.raises(MigrationError, match="encoding LATIN1, UTF8 is needed"):
            await migrate(postgres_server.url("latin"))
    finally:
        await run(postgres_server.url(), "DROP DATABASE latin")


async def test_processes_take_turns(empty_database_url: str) -> None:
    results = await asyncio.gather(*(migrate(empty_database_url) for _ in range(4)))

    assert sorted(len(applied) for applied in results) == [0, 0, 0, len(SHIPPED.migrations)]


async def test_server_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(StoreUnavailableError, match="WOA_DATABASE_URL"):
        await migrate("postgresql://woa:secret@127.0.0.1:1/woa")


async def test_state_says_what_migrate_would_do_and_changes_nothing(
    empty_database_url: str,
) -> None:
    empty = await schema_state(empty_database_url)
    untouched = await tables(empty_database_url)
    await migrate(empty_database_url)
    current = await schema_state(empty_database_url)
    added = Migration(SHIPPED.newest + 1, "note", "SELECT 1")
    behind = await schema_state(
        empty_database_url, SchemaFiles(SHIPPED.schema, (*SHIPPED.migrations, added))
    )

    assert (empty.version, empty.pending, empty.is_current) == (None, SHIPPED.migrations, False)
    assert untouched == []
    assert (current.version, current.pending, current.is_current) == (SHIPPED.newest, (), True)
    assert (behind.version, behind.pending, behind.is_current) == (
        SHIPPED.newest,
        (added,),
        False,
    )


async def test_state_of_a_newer_database_is_refused(database_url: str, pool: Pool) -> None:
    await execute(pool, "INSERT INTO schema_migrations (version, name) VALUES (9000, 'future')")

    with pytest.raises(MigrationError, match="9000"):
        await schema_state(database_url)
