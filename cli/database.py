"""`woa db`: brings the database up to date, and says what it takes."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

from cli.exits import CommandError, Exit
from cli.lifecycle import needing
from cli.running import read_note
from cli.settings import Settings
from cli.surroundings import utc_now
from cli.tables import UNKNOWN, number, show_table, size
from store.errors import StoreUnavailableError
from store.migrate import MigrationError, SchemaState, migrate, schema_state
from store.size import DatabaseSize, database_size

__all__ = ["database_address", "run_migrate", "run_size"]


def run_migrate(settings: Settings, *, check: bool) -> Exit:
    """With `check` nothing is changed, and `Exit.FAILED` says that something is to be done."""
    try:
        return asyncio.run(_migrate(settings, check=check))
    except (MigrationError, StoreUnavailableError) as error:
        raise CommandError(str(error)) from error


def run_size(settings: Settings, *, as_json: bool) -> Exit:
    """Table by table, the largest first."""
    try:
        found = asyncio.run(_size(settings))
    except (MigrationError, StoreUnavailableError) as error:
        raise CommandError(str(error)) from error
    if as_json:
        print(json.dumps(_document(found), indent=2))
    else:
        _show(found)
    return Exit.OK


async def _migrate(settings: Settings, *, check: bool) -> Exit:
    async with database_address(settings, may_make=not check) as url:
        before = await schema_state(url)
        if before.is_current:
            print(f"Nothing to do: the database has version {before.newest}, the newest")
            return Exit.OK
        steps = [f"{step.version:04} {step.name}" for step in before.pending]
        if check:
            print(f"To do: {_from_to(before)}", *steps, sep="\n  ")
            return Exit.FAILED
        if _is_running(settings):
            raise CommandError(
                f"an older woa runs with its data in {settings.state_dir}: stop it; `woa up` of "
                "this version brings the database up to date when it starts"
            )
        started_s = time.monotonic()
        await migrate(url)
        took_s = time.monotonic() - started_s
        print(f"Done in {took_s:.1f} s: {_from_to(before)}", *steps, sep="\n  ")
        return Exit.OK


async def _size(settings: Settings) -> DatabaseSize:
    async with database_address(settings, may_make=False) as url:
        if (await schema_state(url)).version is None:
            raise CommandError("the database is empty; `woa db migrate` makes its tables")
        return await database_size(url, utc_now(), settings.retention)


def _from_to(state: SchemaState) -> str:
    before = "an empty database" if state.version is None else f"version {state.version}"
    return f"from {before} to version {state.newest}"


def _is_running(settings: Settings) -> bool:
    return settings.database_url is None and read_note(settings.state_dir) is not None


@asynccontextmanager
async def database_address(settings: Settings, *, may_make: bool) -> AsyncIterator[str]:
    """The address of the database; the embedded one is started for as long as it takes."""
    note = read_note(settings.state_dir)
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
    elif note is not None:
        yield note.database_url
    else:
        async with _embedded(settings, may_make=may_make) as url:
            yield url


@asynccontextmanager
async def _embedded(settings: Settings, *, may_make: bool) -> AsyncIterator[str]:
    with needing("demo", "the embedded PostgreSQL", "or set WOA_DATABASE_URL to a server of yours"):
        from store.embedded import EmbeddedPostgres, EmbeddedPostgresError

    if not may_make and not any(settings.state_dir.glob("pg[0-9]*/PG_VERSION")):
        raise CommandError(
            f"there is no database in {settings.state_dir} yet: `woa up` or `woa db migrate` "
            "makes it, or set WOA_DATABASE_URL"
        )
    postgres = EmbeddedPostgres(settings.state_dir)
    try:
        yield await postgres.start()
    except EmbeddedPostgresError as error:
        raise CommandError(str(error)) from error
    finally:
        await postgres.stop()


def _document(found: DatabaseSize) -> dict[str, object]:
    tables = [asdict(table) | {"total_bytes": table.total_bytes} for table in found.tables]
    document = {
        "tables": tables,
        "total_bytes": sum(table.total_bytes for table in found.tables),
        "due": [asdict(drop) for drop in found.due],
        "next_drop": asdict(found.next_drop) if found.next_drop else None,
    }
    plain: dict[str, object] = json.loads(json.dumps(document, default=lambda at: at.isoformat()))
    return plain


def _show(found: DatabaseSize) -> None:
    headers = ("TABLE", "ROWS ABOUT", "DATA", "INDEXES", "TOTAL", "PARTITIONS", "OLDEST", "NEWEST")
    rows = [
        (
            table.table,
            number(table.rows),
            size(table.table_bytes),
            size(table.index_bytes),
            size(table.total_bytes),
            str(table.partitions or UNKNOWN),
            str(table.oldest_day or UNKNOWN),
            str(table.newest_day or UNKNOWN),
        )
        for table in sorted(found.tables, key=lambda table: -table.total_bytes)
    ]
    show_table(headers, rows, headers[1:6])
    print(f"\nAll together {size(sum(table.total_bytes for table in found.tables))}")
    for reason, count in Counter(drop.reason for drop in found.due).items():
        print(f"Due at the next upkeep of a running woa: {count} partitions, {reason}")
    if found.next_drop is None:
        print("Retention has nothing to drop yet")
    else:
        after = found.next_drop
        print(f"Next to go: {after.day} at {after.at:%Y-%m-%d %H:%M} UTC, {size(after.bytes)}")
