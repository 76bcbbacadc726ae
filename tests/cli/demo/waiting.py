"""Waiting for what other processes do."""

import asyncio
from collections.abc import Awaitable, Callable

import psutil

__all__ = ["DEADLINE_S", "eventually", "gone"]

DEADLINE_S = 120.0
POLL_S = 0.1


async def eventually(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Return when `condition` holds; after the deadline fail and say `what` did not come."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not await condition():
                await asyncio.sleep(POLL_S)
    except TimeoutError as error:
        raise AssertionError(f"not within {DEADLINE_S:g} s: {what}") from error


def gone(pid: int) -> bool:
    """No such process, or nothing left of it but its exit code."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
