"""What a pool did, step by step, and what came into the queues that it takes its work from."""

from collections.abc import Sequence
from itertools import repeat

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.worker_pool import WorkerPoolMetrics
from store.charts import ARRIVALS, POOL_WORK
from store.queries import queues_of
from store.series import Series, in_steps, stepped
from store.window import Window

__all__ = ["pool_work"]

OF_QUEUES = ("arrivalRate", "waiting")


async def pool_work(connection: AsyncConnection, pool: WorkerPoolMetrics, window: Window) -> Series:
    """Steps of `window` are multiples of a minute.

    `arrivalRate` and `waiting` are null in a step in which one of the queues does not tell it, and
    always for a pool whose queues are not known.
    """
    owner = pool.orchestrator_id
    rows = await connection.execute(stepped(POOL_WORK, (owner, pool.pool_id), window))
    work = in_steps(rows, window, POOL_WORK)
    queues = (await connection.execute(queues_of(owner, pool.pool_name))).scalars().all()
    told = []
    for queue in queues:
        rows = await connection.execute(stepped(ARRIVALS, (owner, queue), window))
        told.append(in_steps(rows, window, ARRIVALS).lines)
    sums = {name: _sums([lines[name] for lines in told], window) for name in OF_QUEUES}
    return Series(window, {**work.lines, **sums})


def _sums(lines: Sequence[Sequence[float | None]], window: Window) -> list[float | None]:
    steps = zip(*lines, strict=True) if lines else repeat((), len(window.starts()))
    return [None if not each or None in each else sum(filter(None, each)) for each in steps]
