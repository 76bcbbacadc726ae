"""Connections for readers: pooled, bounded in time, and one error when PostgreSQL is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from store.connection import DEFAULTS
from store.errors import StoreUnavailableError

__all__ = ["connected", "create_read_engine"]

# A reader gives up sooner than a writer: somebody waits for the answer.
CONNECT_TIMEOUT_S = 3
POOL_TIMEOUT_S = 2.0
STATEMENT_TIMEOUT_S = 10
TRANSACTION_TIMEOUT_S = 15.0
# Each kept connection is a server process of some 20 MB; reads take milliseconds.
CONNECTIONS_KEPT = 2
CONNECTIONS_MORE = 3


def create_read_engine(url: str) -> AsyncEngine:
    """An engine on any libpq address. It connects on first use; `dispose` closes it.

    A connection is tested before it is handed out, so a restarted server costs no request.
    Raises `psycopg.ProgrammingError` for what is no address.
    """
    given = conninfo_to_dict(url)
    options = f"{given.pop('options', '')} -c statement_timeout={STATEMENT_TIMEOUT_S}s"
    # A plan for any window would have to look at every partition; one for this window does not.
    options += " -c plan_cache_mode=force_custom_plan"
    defaults = {**DEFAULTS, "application_name": "woa-api", "connect_timeout": CONNECT_TIMEOUT_S}
    settings = {name: str(value) for name, value in {**defaults, **given}.items()}
    conninfo = make_conninfo(**settings | {"options": f"{options} -c TimeZone=UTC"})

    async def connect() -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(conninfo)

    return create_async_engine(
        "postgresql+psycopg://",
        async_creator=connect,
        pool_pre_ping=True,
        pool_timeout=POOL_TIMEOUT_S,
        pool_size=CONNECTIONS_KEPT,
        max_overflow=CONNECTIONS_MORE,
    )


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction. Raises `StoreUnavailableError` when PostgreSQL does not answer in time."""
    try:
        async with asyncio.timeout(TRANSACTION_TIMEOUT_S), engine.begin() as connection:
            yield connection
    except (TimeoutError, PoolTimeoutError, OperationalError, InterfaceError, OSError) as error:
        # What SQLAlchemy says repeats the statement and its values; the driver's own words do not.
        reason = getattr(error, "orig", None) or type(error).__name__
        raise StoreUnavailableError(f"PostgreSQL does not answer: {reason}") from error
