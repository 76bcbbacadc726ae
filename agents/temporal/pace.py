"""At most so many calls a second, however many want to be made."""

import asyncio

__all__ = ["Pace"]

BURST_S = 1.0


class Pace:
    """Lets `rate` callers a second pass, and up to a second's worth of them at once."""

    def __init__(self, rate: float) -> None:
        self._step_s = 1.0 / rate
        self._burst_s = max(BURST_S, self._step_s)
        self._next_at = 0.0

    async def turn(self) -> None:
        """Return when it is the caller's turn."""
        now = asyncio.get_running_loop().time()
        self._next_at = max(self._next_at, now - self._burst_s) + self._step_s
        await asyncio.sleep(max(0.0, self._next_at - now))
