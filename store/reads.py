"""What the API asks of the database: the present from latest-state tables, history in steps."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.orchestrator import (
    LatencyHistogram,
    OrchestratorMetrics,
    OrchestratorType,
    QueueInfo,
)
from contracts.worker_pool import WorkerStatus
from store.charts import (
    CAPACITY,
    DEMAND_BY_HOUR,
    HOUR_S,
    INTERVAL,
    LATENCIES,
    MINUTE_S,
    POOL_BY_MINUTE,
    QUEUE,
    SCHEDULING,
    Chart,
)
from store.engine import connected
from store.periods import Sums, sums_of
from store.pool_work import pool_work
from store.queries import (
    ORCHESTRATOR_KEY,
    ORCHESTRATOR_NOW,
    POOL_KEY,
    POOL_NOW,
    QUEUE_KEY,
    QUEUE_NOW,
    WORKER_KEY,
    WORKER_NOW,
    After,
    Key,
    paged,
)
from store.rows import (
    Latest,
    PoolRow,
    QueueRow,
    WorkerRow,
    latest_of,
    pool_of,
    queue_info,
    queue_of,
    worker_of,
)
from store.scheduling import AlgorithmHour, algorithm_hours
from store.series import (
    History,
    Series,
    bucket_count,
    histograms,
    in_steps,
    shortest_interval_s,
    stepped,
)
from store.tables import (
    ORCHESTRATOR_LATEST,
    ORCHESTRATORS,
    QUEUE_LATEST,
    QUEUES,
    WORKER_INSTANCES,
    WORKER_POOLS,
)
from store.whole import Whole, clusters_with, pools_with_workers
from store.window import Window, choose_window, whole_steps

__all__ = ["Page", "Range", "Reads", "SchedulingSeries"]

MOST = 2**63 - 1
"""The largest count of a record."""

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some items in the order of their key, and the key to go on behind; null at the end."""

    items: list[T]
    next_after: After | None


@dataclass(frozen=True, slots=True)
class Range:
    """The history asked for: how far back from when, in how many steps at most."""

    seconds: float
    max_points: int
    now: datetime


@dataclass(frozen=True)
class SchedulingSeries:
    """Gauges in steps, and for each step the histograms observed in it.

    A step has one histogram for each set of bounds; they are the caller's to merge.
    """

    gauges: Series
    histograms: dict[datetime, list[LatencyHistogram]]


class Reads:
    """Each call is one read-only transaction that sees one moment.

    Every method raises `StoreUnavailableError` when PostgreSQL does not answer in time.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    async def ping(self) -> None:
        """Return when the database answers and has our tables."""
        async with connected(self._engine) as connection:
            await connection.execute(select(ORCHESTRATORS.c.id).limit(1))

    async def orchestrators(self, limit: int, after: After | None = None) -> Page[Latest]:
        """By type, cluster and instance, without the queues of their records."""
        return await self._page(
            ORCHESTRATOR_NOW, ORCHESTRATOR_KEY, (limit, after), lambda row: latest_of(row, None)
        )

    async def latest(self, orchestrator_id: UUID, *, queues: bool = False) -> Latest | None:
        """One orchestrator, on demand with the queues that belong to its queuing section."""
        async with connected(self._engine) as connection:
            return await _latest(connection, orchestrator_id, queues=queues)

    async def latest_of(self, orchestrator_ids: Collection[UUID]) -> dict[UUID, Latest]:
        """Those that there are of these orchestrators, with the queues of their records."""
        wanted = ORCHESTRATORS.c.id.in_(orchestrator_ids)
        theirs = QUEUES.c.orchestrator_id.in_(orchestrator_ids)
        queues: dict[UUID, list[QueueInfo]] = {}
        async with connected(self._engine) as connection:
            rows = (await connection.execute(ORCHESTRATOR_NOW.where(wanted))).mappings().all()
            for row in await _queues_seen(connection, theirs):
                queues.setdefault(row["orchestrator_id"], []).append(queue_info(row))
        return {row["id"]: latest_of(row, tuple(queues.get(row["id"], ()))) for row in rows}

    async def latest_record(self, orchestrator_id: UUID) -> OrchestratorMetrics | None:
        """The newest record as it was published; its queues come by name."""
        latest = await self.latest(orchestrator_id, queues=True)
        return latest.published() if latest else None

    async def whole(self, orchestrator_id: UUID, most_workers: int) -> Whole | None:
        """One orchestrator with all that belongs to it; see `store.whole`."""
        async with connected(self._engine) as connection:
            latest = await _latest(connection, orchestrator_id, queues=True)
            if latest is None:
                return None
            pools = await pools_with_workers(connection, orchestrator_id, most_workers)
            return Whole(latest, pools)

    async def clusters_with(
        self, pods: Sequence[str], cluster_id: str | None, limit: int
    ) -> list[UUID]:
        """Kubernetes clusters that have pods of these names; see `store.whole`."""
        async with connected(self._engine) as connection:
            return await clusters_with(connection, pods, cluster_id, limit)

    async def watches(self, orchestrator_type: OrchestratorType) -> bool:
        """Whether there is an orchestrator of the type."""
        statement = (
            select(ORCHESTRATORS.c.id)
            .where(ORCHESTRATORS.c.orchestrator_type == orchestrator_type.value)
            .limit(1)
        )
        async with connected(self._engine) as connection:
            return await connection.scalar(statement) is not None

    async def queues(
        self, orchestrator_id: UUID | None, limit: int, after: After | None = None
    ) -> Page[QueueRow]:
        """By orchestrator and name."""
        statement = QUEUE_NOW
        if orchestrator_id is not None:
            statement = statement.where(QUEUES.c.orchestrator_id == orchestrator_id)
        return await self._page(statement, QUEUE_KEY, (limit, after), queue_of)

    async def queue(self, queue_id: UUID) -> QueueRow | None:
        """One queue."""
        return await self._one(QUEUE_NOW.where(QUEUES.c.id == queue_id), queue_of)

    async def pools(
        self, orchestrator_id: UUID | None, limit: int, after: After | None = None
    ) -> Page[PoolRow]:
        """By orchestrator and name."""
        statement = POOL_NOW
        if orchestrator_id is not None:
            statement = statement.where(WORKER_POOLS.c.orchestrator_id == orchestrator_id)
        return await self._page(statement, POOL_KEY, (limit, after), pool_of)

    async def pool(self, pool_id: UUID) -> PoolRow | None:
        """One pool."""
        return await self._one(POOL_NOW.where(WORKER_POOLS.c.id == pool_id), pool_of)

    async def pools_whole(
        self, pool_ids: Collection[UUID]
    ) -> dict[UUID, tuple[PoolRow, list[WorkerRow]]]:
        """Those that there are of these pools, with all of their workers."""
        pools = POOL_NOW.where(WORKER_POOLS.c.id.in_(pool_ids))
        theirs = WORKER_NOW.where(WORKER_INSTANCES.c.pool_id.in_(pool_ids)).order_by(*WORKER_KEY)
        async with connected(self._engine) as connection:
            rows = (await connection.execute(pools)).mappings().all()
            found: dict[UUID, tuple[PoolRow, list[WorkerRow]]] = {
                row["pool_id"]: (pool_of(row), []) for row in rows
            }
            for row in (await connection.execute(theirs)).mappings():
                found[row["pool_id"]][1].append(worker_of(row))
        return found

    async def workers(
        self, pool_id: UUID, status: WorkerStatus | None, limit: int, after: After | None = None
    ) -> Page[WorkerRow]:
        """Workers of a pool by their own id."""
        statement = WORKER_NOW.where(WORKER_INSTANCES.c.pool_id == pool_id)
        if status is not None:
            statement = statement.where(WORKER_INSTANCES.c.status == status.value)
        return await self._page(statement, WORKER_KEY, (limit, after), worker_of)

    async def capacity_series(self, orchestrator_id: UUID, asked: Range) -> Series:
        """History of the capacity section."""
        async with connected(self._engine) as connection:
            window = await _window(connection, orchestrator_id, asked)
            return await _series(connection, CAPACITY, (orchestrator_id,), window)

    async def demand_by_hour(self, orchestrator_id: UUID, hours: int, now: datetime) -> Series:
        """Used slots, pending workflows and total slots of the last whole hours."""
        window = whole_steps(hours, HOUR_S, now)
        return await self._history(DEMAND_BY_HOUR, (orchestrator_id,), window)

    async def pool_by_minute(
        self, orchestrator_id: UUID, pool_id: UUID, minutes: int, now: datetime
    ) -> Series:
        """Used slots, total slots and total workers of a pool in the last whole minutes."""
        window = whole_steps(minutes, MINUTE_S, now)
        return await self._history(POOL_BY_MINUTE, (orchestrator_id, pool_id), window)

    async def queue_by_minute(
        self, orchestrator_id: UUID, queue_id: UUID, minutes: int, now: datetime
    ) -> Series:
        """The lines of a queue's chart in the last whole minutes."""
        window = whole_steps(minutes, MINUTE_S, now)
        return await self._history(QUEUE.for_step(MINUTE_S), (orchestrator_id, queue_id), window)

    async def pool_work(self, pool: PoolRow, steps: int, step_s: int, now: datetime) -> Series:
        """What a pool did in the last whole steps, of minutes each; see `store.pool_work`."""
        async with connected(self._engine) as connection:
            return await pool_work(connection, pool.pool, whole_steps(steps, step_s, now))

    async def scheduling_series(self, orchestrator_id: UUID, asked: Range) -> SchedulingSeries:
        """History of the scheduling section."""
        subject = (orchestrator_id,)
        async with connected(self._engine) as connection:
            window = await _window(connection, orchestrator_id, asked)
            gauges = await _series(connection, SCHEDULING, subject, window)
            return SchedulingSeries(gauges, await _histograms(connection, subject, window))

    async def algorithm_hours(
        self, orchestrator_id: UUID, since: datetime
    ) -> Sequence[AlgorithmHour]:
        """Waits by scheduling algorithm and hour; see `store.scheduling`."""
        async with connected(self._engine) as connection:
            return await algorithm_hours(connection, orchestrator_id, since)

    async def queue_series(self, orchestrator_id: UUID, queue_id: UUID, asked: Range) -> Series:
        """History of one queue."""
        async with connected(self._engine) as connection:
            window = await _window(connection, orchestrator_id, asked)
            return await _series(connection, QUEUE, (orchestrator_id, queue_id), window)

    async def sums(self, orchestrator_ids: Sequence[UUID], since: datetime) -> dict[UUID, Sums]:
        """What was recorded of each since then; see `store.periods`."""
        async with connected(self._engine) as connection:
            return await sums_of(connection, orchestrator_ids, since)

    async def _history(self, history: History, subject: tuple[UUID, ...], window: Window) -> Series:
        async with connected(self._engine) as connection:
            rows = await connection.execute(stepped(history, subject, window))
            return in_steps(rows, window, history)

    async def _page(
        self,
        statement: Select[Any],
        key: Key,
        where: tuple[int, After | None],
        read: Callable[[RowMapping], T],
    ) -> Page[T]:
        limit, after = where
        async with connected(self._engine) as connection:
            found = await connection.execute(paged(statement, key, after).limit(limit + 1))
            rows = found.mappings().all()
        last = rows[limit - 1] if len(rows) > limit else None
        next_after = tuple(last[column.name] for column in key) if last is not None else None
        return Page([read(row) for row in rows[:limit]], next_after)

    async def _one(self, statement: Select[Any], read: Callable[[RowMapping], T]) -> T | None:
        async with connected(self._engine) as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return read(row) if row is not None else None


async def _latest(
    connection: AsyncConnection, orchestrator_id: UUID, *, queues: bool
) -> Latest | None:
    statement = ORCHESTRATOR_NOW.where(ORCHESTRATORS.c.id == orchestrator_id)
    row = (await connection.execute(statement)).mappings().one_or_none()
    if row is None:
        return None
    theirs = QUEUES.c.orchestrator_id == orchestrator_id
    seen = await _queues_seen(connection, theirs) if queues else None
    return latest_of(row, None if seen is None else tuple(queue_info(each) for each in seen))


async def _queues_seen(
    connection: AsyncConnection, theirs: ColumnElement[bool]
) -> Sequence[RowMapping]:
    """The queues that belong to the newest queuing section of their orchestrator."""
    statement = (
        QUEUE_NOW.where(theirs)
        .where(QUEUE_LATEST.c.collected_at == ORCHESTRATOR_LATEST.c.queuing_at)
        .order_by(QUEUES.c.queue_name)
    )
    rows: Sequence[RowMapping] = (await connection.execute(statement)).mappings().all()
    return rows


async def _window(connection: AsyncConnection, orchestrator_id: UUID, asked: Range) -> Window:
    """An agent that cannot reach its orchestrator asks less often: its shortest interval counts.

    Where the interval matters there are fewer samples in the range than rows are looked at here.
    """
    widest = choose_window(asked.seconds, asked.max_points, None, asked.now)
    rows = 2 * asked.max_points
    intervals = INTERVAL.for_step(widest.step_s)
    statement = shortest_interval_s(intervals, (orchestrator_id,), widest, rows)
    shortest = await connection.scalar(statement)
    return choose_window(asked.seconds, asked.max_points, shortest, asked.now)


async def _series(
    connection: AsyncConnection,
    chart: Chart[History],
    subject: tuple[UUID, ...],
    window: Window,
) -> Series:
    history = chart.for_step(window.step_s)
    rows = await connection.execute(stepped(history, subject, window))
    return in_steps(rows, window, history)


async def _histograms(
    connection: AsyncConnection, subject: tuple[UUID, ...], window: Window
) -> dict[datetime, list[LatencyHistogram]]:
    latencies = LATENCIES.for_step(window.step_s)
    buckets = await connection.scalar(bucket_count(latencies, subject, window))
    found: dict[datetime, list[LatencyHistogram]] = {}
    if not buckets:
        return found
    statement = histograms(latencies, subject, window, buckets)
    for row in (await connection.execute(statement)).mappings():
        histogram = LatencyHistogram(
            bounds_ms=row["bounds_ms"],
            counts=[min(int(count), MOST) for count in row["counts"] if count is not None],
            sum_ms=row["sum_ms"],
        )
        found.setdefault(row["step"], []).append(histogram)
    return found
