"""The real clock, sleep and randomness that the parts get when `woa` wires them."""

import asyncio
import time
from datetime import UTC, datetime
from random import Random

from agents.runner import Surroundings

__all__ = ["surroundings", "utc_now"]


def utc_now() -> datetime:
    """The present."""
    return datetime.now(UTC)


def surroundings() -> Surroundings:
    """What runners take from outside."""
    return Surroundings(
        utc_now=utc_now,
        monotonic_s=time.monotonic,
        sleep=asyncio.sleep,
        random=Random(),  # spreads scrapes over time, keeps no secret
    )
