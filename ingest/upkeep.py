"""Keeps history's partitions made ahead and its size within bounds."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from store.errors import StoreUnavailableError
from store.partitions import maintain
from store.settings import RetentionSettings

__all__ = ["UPKEEP_INTERVAL_S", "upkeep"]

log = structlog.get_logger(__name__)

UPKEEP_INTERVAL_S = 600.0


async def upkeep(
    pool: AsyncConnectionPool[AsyncConnection],
    retention: RetentionSettings,
    utc_now: Callable[[], datetime],
) -> None:
    """Maintain now and every ten minutes, until cancelled. A failure is retried next time."""
    while True:
        try:
            report = await maintain(pool, utc_now(), retention)
        except StoreUnavailableError as error:
            log.warning("upkeep_failed", reason=str(error))
        else:
            log.debug("upkeep_done", report=report)
        await asyncio.sleep(UPKEEP_INTERVAL_S)
