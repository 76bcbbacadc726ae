"""A process that writes numbered records until it is killed: `python -m ... URL`.

It prints the number of a batch once the batch is committed.
"""

import asyncio
import sys
from datetime import timedelta
from itertools import count

from contracts.topics import PublishedRecord
from store.connection import open_pool
from store.write import Writer
from tests.records import NOON, orchestrator_record, pool_record

__all__ = ["BATCH", "batch"]

BATCH = 5
"""Moments in one batch; each has a record of the orchestrator and one of its pool."""


def batch(number: int) -> list[PublishedRecord]:
    """The same number gives the same records."""
    moments = [NOON + timedelta(seconds=number * BATCH + second) for second in range(BATCH)]
    return [
        record
        for moment in moments
        for record in (orchestrator_record(collected_at=moment), pool_record(collected_at=moment))
    ]


async def write_for_ever(url: str) -> None:
    """Batch after batch."""
    pool = await open_pool(url, application_name="endless-writer")
    writer = Writer(pool)
    for number in count():
        await writer.write(batch(number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(write_for_ever(sys.argv[1]))
