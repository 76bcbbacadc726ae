"""Brings a database to the structure this code expects.

`schema.sql` makes a fresh one; `migrations/NNNN_what.sql` bring an old one there. What has been
applied stands in the table `schema_migrations`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg

from store.connection import Connection, connect
from store.errors import StoreUnavailableError, translated

__all__ = [
    "Migration",
    "MigrationError",
    "SchemaFiles",
    "SchemaState",
    "StoreUnavailableError",
    "migrate",
    "schema_state",
]

OLDEST_SERVER = 15
MIGRATION_NAME = re.compile(r"(?P<version>\d{4})_(?P<name>[a-z0-9_]+)\.sql")
LOCK = "SELECT pg_advisory_lock(hashtextextended('woa:migrate', 0))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('woa:migrate', 0))"
MAKE_LEDGER = """
CREATE TABLE schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
)
"""
HAS_LEDGER = "SELECT to_regclass('schema_migrations') IS NOT NULL"
# What an extension brought does not count: a server may add some to every new database.
FOREIGN_TABLES = """
SELECT array_agg(relname::TEXT ORDER BY relname) FROM pg_class
WHERE relnamespace = current_schema()::REGNAMESPACE AND relkind IN ('r', 'p', 'v', 'm')
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
"""


class MigrationError(Exception):
    """The database cannot be brought to this version as it is; the message says what to do.

    What the failing step had begun was rolled back.
    """


@dataclass(frozen=True, order=True)
class Migration:
    """One step of an old database towards this version."""

    version: int
    name: str
    sql: str


@dataclass(frozen=True)
class SchemaFiles:
    """The whole structure, and the steps that lead to it, oldest first."""

    schema: str
    migrations: tuple[Migration, ...]

    @classmethod
    def shipped(cls) -> Self:
        """Those of this version, from a wheel or from a checkout."""
        here = Path(__file__).parent
        schema = next(p for p in (here / "schema.sql", here.parent / "schema.sql") if p.is_file())
        return cls(schema.read_text(), _read_migrations((here / "migrations").glob("*.sql")))

    @property
    def newest(self) -> int:
        """The version they lead to."""
        return max((migration.version for migration in self.migrations), default=0)


@dataclass(frozen=True)
class SchemaState:
    """Which structure a database has, and what leads it to that of this version."""

    version: int | None
    """Null: it is empty, and schema.sql makes the whole structure at once."""
    newest: int
    pending: tuple[Migration, ...]

    @property
    def is_current(self) -> bool:
        """Nothing is to be done."""
        return self.version is not None and not self.pending


async def schema_state(url: str, files: SchemaFiles | None = None) -> SchemaState:
    """What `migrate` would find; changes nothing. Raises what it raises."""
    connection = await connect(url, "woa-migrate")
    try:
        await _check_server(connection)
        return await _state(connection, files or SchemaFiles.shipped())
    except psycopg.Error as error:
        raise translated(error) from error
    finally:
        await connection.close()


async def migrate(url: str, files: SchemaFiles | None = None) -> tuple[int, ...]:
    """Apply what is pending and return the versions applied; empty: nothing was.

    Safe to run from several processes at once: they take turns. Raises `MigrationError` for a
    database that is too old, too new, not ours or not open to us, `StoreUnavailableError` when
    the server does not answer.
    """
    connection = await connect(url, "woa-migrate")
    try:
        await _check_server(connection)
        await connection.execute(LOCK)
        applied = await _apply(connection, files or SchemaFiles.shipped())
        await connection.execute(UNLOCK)
    except psycopg.errors.InsufficientPrivilege as error:
        raise MigrationError(
            f"{error.diag.message_primary}: the role {connection.info.user!r} must be allowed to "
            f"create tables in database {connection.info.dbname!r}"
        ) from error
    except psycopg.Error as error:
        raise translated(error) from error
    finally:
        await connection.close()
    return applied


async def _state(connection: Connection, files: SchemaFiles) -> SchemaState:
    if not await _value(connection, HAS_LEDGER):
        await _refuse_foreign(connection)
        return SchemaState(None, files.newest, files.migrations)
    rows = await (await connection.execute("SELECT version FROM schema_migrations")).fetchall()
    known: set[int] = {version for (version,) in rows}
    version = max(known, default=0)
    if version > files.newest:
        raise MigrationError(
            f"the database has version {version}, this program knows {files.newest}: "
            "a newer one has been here; use that, or restore a backup"
        )
    pending = tuple(m for m in files.migrations if m.version not in known)
    return SchemaState(version, files.newest, pending)


async def _apply(connection: Connection, files: SchemaFiles) -> tuple[int, ...]:
    state = await _state(connection, files)
    if state.version is None:
        await _create(connection, files)
    else:
        for migration in state.pending:
            async with connection.transaction():
                await _run(connection, migration.sql, f"migration {migration.version:04}")
                await _record(connection, (migration,))
    return tuple(migration.version for migration in state.pending)


async def _refuse_foreign(connection: Connection) -> None:
    foreign = await _value(connection, FOREIGN_TABLES)
    if isinstance(foreign, list):
        raise MigrationError(
            f"database {connection.info.dbname!r} already holds {', '.join(foreign[:5])} and has "
            "no schema_migrations: it is not ours; nothing was changed. Use an empty database"
        )


async def _create(connection: Connection, files: SchemaFiles) -> None:
    async with connection.transaction():
        await _run(connection, files.schema, "schema.sql")
        await connection.execute(MAKE_LEDGER)
        await _record(connection, files.migrations)


async def _run(connection: Connection, script: str, what: str) -> None:
    try:
        await connection.execute(script.encode())
    except psycopg.errors.InsufficientPrivilege:
        raise
    except (psycopg.ProgrammingError, psycopg.DataError, psycopg.IntegrityError) as error:
        raise MigrationError(f"{what} failed and was rolled back: {error}") from error


async def _record(connection: Connection, migrations: Iterable[Migration]) -> None:
    rows = [(migration.version, migration.name) for migration in migrations]
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO schema_migrations (version, name) VALUES (%s, %s)", rows
        )


async def _check_server(connection: Connection) -> None:
    version = connection.info.server_version // 10_000
    if version < OLDEST_SERVER:
        raise MigrationError(f"PostgreSQL {OLDEST_SERVER} or later is needed, this is {version}")
    encoding = await _value(connection, "SHOW server_encoding")
    if encoding != "UTF8":
        raise MigrationError(
            f"database {connection.info.dbname!r} has encoding {encoding}, UTF8 is needed: "
            "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        )


async def _value(connection: Connection, query: str) -> object:
    row = await (await connection.execute(query.encode())).fetchone()
    return row[0] if row else None


def _read_migrations(paths: Iterable[Path]) -> tuple[Migration, ...]:
    found: dict[int, Migration] = {}
    for path in paths:
        match = MIGRATION_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name} is not named NNNN_what.sql")
        migration = Migration(int(match["version"]), match["name"], path.read_text())
        if migration.version in found:
            raise MigrationError(f"two migrations have the number {migration.version:04}")
        found[migration.version] = migration
    return tuple(sorted(found.values()))
