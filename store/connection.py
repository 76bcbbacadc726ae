"""Connections to PostgreSQL: in UTC, bounded in time, and silent about passwords."""

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from store.errors import StoreUnavailableError

__all__ = ["StoreUnavailableError", "connect", "open_pool"]

CONNECT_TIMEOUT_S = 10
POOL_TIMEOUT_S = 5.0
MAX_IDLE_S = 30.0  # each connection is a server process of some 20 MB
# Between two tries to reconnect the pool waits twice as long as before. It gives up soon, and
# begins anew when it is next asked: after a long outage it is back within seconds.
RECONNECT_TIMEOUT_S = 10.0
STATEMENT_TIMEOUT_S = 60

# What the address itself may override. A peer that vanished is noticed within a minute.
DEFAULTS: dict[str, str | int] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

# Sections are JSON of some kilobytes: lz4 takes a third less time than pglz, where it is built in.
# And a commit means that it is on disk, even where the server is set to answer before.
CONFIGURE = """
SELECT set_config(name, value, FALSE)
FROM (
    VALUES ('TimeZone', 'UTC'), ('statement_timeout', %s), ('synchronous_commit', 'on'),
        ('default_toast_compression', 'lz4')
) AS wanted (name, value)
JOIN pg_settings USING (name)
WHERE (enumvals IS NULL OR value = ANY (enumvals))
    AND (name <> 'synchronous_commit' OR setting = 'off')
"""

Connection = psycopg.AsyncConnection[TupleRow]


async def open_pool(
    url: str, *, min_size: int = 1, max_size: int = 4, application_name: str
) -> AsyncConnectionPool[Connection]:
    """Connect and return an open pool; the caller closes it.

    Its connections speak UTC, cancel a statement after a minute, are tested before they are
    handed out and are replaced when the server restarts. Raises `StoreUnavailableError`.
    """
    conninfo = _conninfo(url, application_name)
    await (await connect(url, application_name)).close()
    pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        conninfo,
        min_size=min_size,
        max_size=max_size,
        timeout=POOL_TIMEOUT_S,
        max_idle=MAX_IDLE_S,
        reconnect_timeout=RECONNECT_TIMEOUT_S,
        name=application_name,
        configure=_configure,
        check=AsyncConnectionPool.check_connection,
        open=False,
    )
    await pool.open()
    return pool


async def connect(url: str, application_name: str) -> Connection:
    """One connection of its own, autocommitting. Raises `StoreUnavailableError`."""
    conninfo = _conninfo(url, application_name)
    try:
        return await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
    except psycopg.Error as error:
        raise StoreUnavailableError(
            f"cannot connect to PostgreSQL at {_place(conninfo)} (setting WOA_DATABASE_URL): "
            f"{error}"
        ) from error


def _conninfo(url: str, application_name: str) -> str:
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The parser's message repeats the address, and with it the password.
        raise StoreUnavailableError(
            "WOA_DATABASE_URL is not a PostgreSQL address; expected something like "
            "postgresql://user:password@host:5432/database"
        ) from None
    ours = DEFAULTS | {"application_name": application_name}
    return make_conninfo(url, **{name: ours[name] for name in ours.keys() - given.keys()})


def _place(conninfo: str) -> str:
    known = conninfo_to_dict(conninfo)
    host = known.get("host") or known.get("hostaddr") or "the default host"
    return f"{host}, database {known.get('dbname') or 'of the default name'}"


async def _configure(connection: Connection) -> None:
    await connection.execute(CONFIGURE, (f"{STATEMENT_TIMEOUT_S}s",))
    await connection.commit()
