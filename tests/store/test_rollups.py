"""History by minute and by hour is what its samples say, however they came."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from psycopg.rows import dict_row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    LatencyHistogram,
    OrchestratorMetrics,
    QueueInfo,
    QueueMetrics,
    SchedulingPerformance,
)
from contracts.worker_pool import WorkerPoolMetrics
from store.charts import CAPACITY, LATENCIES, QUEUE, SCHEDULING, Chart, Resolution
from store.engine import create_read_engine
from store.partitions import maintain
from store.series import History, bucket_count, histograms, in_steps, stepped
from store.settings import RetentionSettings
from store.window import Window
from store.write import Writer
from tests.records import NOON, orchestrator_record, pool_record, queue
from tests.store.database import Pool, rows, value
from tests.store.histories import SPAN_S, Arrival, arrivals

R = TypeVar("R")
Sample = tuple[datetime, Any]
Told = Callable[[R], Any]
Expected = dict[datetime, dict[str, object]]

STEPS_S = {"1m": 60, "1h": 3_600}
# Each example writes to a database: to shrink one would take minutes.
PROPERTY = settings(
    max_examples=40,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

OF_ORCHESTRATORS: Mapping[str, tuple[str, Told[OrchestratorMetrics]]] = {
    "status": ("last", lambda r: r.health.status.value),
    "health_score": ("last mean min", lambda r: r.health.health_score),
    "restarts": ("last", lambda r: r.health.restarts),
    "total_slots": ("last", lambda r: capacity(r).total_slots),
    "used_slots": ("last mean max", lambda r: capacity(r).used_slots),
    "capacity_utilization": ("last mean min max", lambda r: capacity(r).capacity_utilization),
    "running_workflows": ("last mean max", lambda r: capacity(r).running_workflows),
    "pending_workflows": ("last mean max", lambda r: capacity(r).pending_workflows),
    "completed_workflows": ("total", lambda r: capacity(r).completed_workflows),
    "failed_workflows": ("total", lambda r: capacity(r).failed_workflows),
    "scheduling_throughput": ("last mean max", lambda r: scheduling(r).scheduling_throughput),
    "queue_depth": ("last mean max", lambda r: scheduling(r).queue_depth),
    "scheduling_latency_ms": ("mean", lambda r: scheduling(r).avg_scheduling_latency),
    "queue_wait_ms": ("mean", lambda r: r.queuing.avg_wait_time if r.queuing else None),
    "execution_completed_workflows": ("total", lambda r: execution(r).completed_workflows),
    "execution_failed_workflows": ("total", lambda r: execution(r).failed_workflows),
    "interval_s": ("min", lambda r: r.metadata.interval_s),
}
OF_POOLS: Mapping[str, tuple[str, Told[WorkerPoolMetrics]]] = {
    "total_workers": ("last mean min max", lambda r: r.total_workers),
    "active_workers": ("last", lambda r: r.active_workers),
    "idle_workers": ("last", lambda r: r.idle_workers),
    "busy_workers": ("last mean max", lambda r: r.busy_workers),
    "failed_workers": ("last max", lambda r: r.failed_workers),
    "terminating_workers": ("last", lambda r: r.terminating_workers),
    "utilization": ("last mean min max", lambda r: r.performance.utilization),
    "used_slots": ("last mean max", lambda r: r.resource_usage.used_slots),
    "total_slots": ("last", lambda r: r.resource_usage.total_slots),
    "throughput": ("last mean", lambda r: r.performance.throughput),
    "avg_task_duration_ms": ("mean", lambda r: r.performance.avg_task_duration),
    "error_rate": ("last", lambda r: r.performance.error_rate),
    "restart_count": ("last", lambda r: r.pool_health.restart_count),
}
OF_QUEUES: Mapping[str, tuple[str, Told[tuple[datetime, QueueInfo]]]] = {
    "size": ("last mean max", lambda r: r[1].size),
    "consumers": ("last", lambda r: r[1].consumers),
    "in_flight": ("last", lambda r: r[1].in_flight),
    "processing_rate": ("last mean", lambda r: r[1].processing_rate),
    "arrival_rate": ("last mean max", lambda r: r[1].arrival_rate),
    "error_rate": ("last", lambda r: r[1].error_rate),
    "avg_processing_time_ms": ("mean", lambda r: r[1].avg_processing_time),
    "oldest_age_s": ("last max", lambda r: age_s(r[0], r[1].oldest_message)),
}


def capacity(record: OrchestratorMetrics) -> CapacityMetrics:
    return record.capacity or CapacityMetrics()


def scheduling(record: OrchestratorMetrics) -> SchedulingPerformance:
    return record.scheduling or SchedulingPerformance()


def execution(record: OrchestratorMetrics) -> ExecutionMetrics:
    return record.execution or ExecutionMetrics()


def age_s(now: datetime, oldest: datetime | None) -> float | None:
    return None if oldest is None else max(0.0, (now - oldest).total_seconds())


def bucket(at: datetime, width_s: int) -> datetime:
    return datetime.fromtimestamp(at.timestamp() // width_s * width_s, UTC)


def kept(name: str, keeps: str, samples: Sequence[Sample]) -> dict[str, object]:
    """The columns of a metric, from all its samples of one row."""
    known = [(at, sample) for at, sample in samples if sample is not None]
    values = [sample for _, sample in known]
    columns: dict[str, object] = {}
    for keep in keeps.split():
        match keep:
            case "last":
                at, last = max(known, default=(None, None))
                columns |= {name: last, f"{name}_at": at}
            case "total":
                columns[name] = sum(values) if values else None
            case "mean":
                # A sample adds no more than that.
                added = sum(min(sample, 1e290) for sample in values)
                columns |= {f"{name}_sum": added if values else None}
                columns |= {f"{name}_samples": len(values)}
            case "min":
                columns[f"{name}_min"] = min(values, default=None)
            case "max":
                columns[f"{name}_max"] = max(values, default=None)
    return columns


def rolled_up(
    samples: Iterable[tuple[datetime, R]], metrics: Mapping[str, tuple[str, Told[R]]], width_s: int
) -> Expected:
    """The rows of a rollup by their bucket, made anew from every sample."""
    by_bucket: dict[datetime, list[tuple[datetime, R]]] = {}
    for at, sample in samples:
        by_bucket.setdefault(bucket(at, width_s), []).append((at, sample))
    found: Expected = {}
    for start, within in by_bucket.items():
        found[start] = {"samples": len(within)}
        for name, (keeps, told) in metrics.items():
            found[start] |= kept(name, keeps, [(at, told(sample)) for at, sample in within])
    return found


async def stored(pool: Pool, table: str, owner: UUID) -> list[dict[str, Any]]:
    query = f"SELECT * FROM {table} WHERE orchestrator_id = %s ORDER BY time_bucket"
    async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(query.encode(), (owner,))).fetchall()


async def by_bucket(pool: Pool, table: str, owner: UUID) -> Expected:
    found = await stored(pool, table, owner)
    assert len({row["time_bucket"] for row in found}) == len(found)
    ids = {"orchestrator_id", "pool_id", "queue_id", "time_bucket"}
    return {row["time_bucket"]: {name: row[name] for name in row.keys() - ids} for row in found}


def about(expected: Expected) -> dict[datetime, dict[str, object]]:
    """Sums of floating point numbers depend on the order in their last digits."""
    return {
        start: {
            name: pytest.approx(told, rel=1e-12) if isinstance(told, int | float) else told
            for name, told in row.items()
        }
        for start, row in expected.items()
    }


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_read_engine(database_url)
    yield made
    await made.dispose()


@PROPERTY
@given(arrival=arrivals())
async def test_rows_are_what_their_samples_say(pool: Pool, arrival: Arrival) -> None:
    writer = Writer(pool)
    for batch in arrival.batches:
        await writer.write(batch)
    owner = arrival.orchestrator_id
    queues = [
        (record.collected_at, (record.collected_at, each))
        for record in arrival.orchestrators
        for each in (record.queuing and record.queuing.queues) or ()
    ]

    for step, width_s in STEPS_S.items():
        orchestrators = ((record.collected_at, record) for record in arrival.orchestrators)
        pools = ((record.collected_at, record) for record in arrival.pools)
        assert await by_bucket(pool, f"orchestrator_rollup_{step}", owner) == about(
            rolled_up(orchestrators, OF_ORCHESTRATORS, width_s)
        )
        assert await by_bucket(pool, f"worker_pool_rollup_{step}", owner) == about(
            rolled_up(pools, OF_POOLS, width_s)
        )
        assert await by_bucket(pool, f"queue_rollup_{step}", owner) == about(
            rolled_up(queues, OF_QUEUES, width_s)
        )


@PROPERTY
@given(arrival=arrivals())
async def test_histograms_of_one_set_of_bounds_add_up(pool: Pool, arrival: Arrival) -> None:
    writer = Writer(pool)
    for batch in arrival.batches:
        await writer.write(batch)

    for step, width_s in STEPS_S.items():
        expected: dict[object, tuple[list[int], float]] = {}
        for record in arrival.orchestrators:
            if (one := scheduling(record).latency_histogram) is not None:
                key = bucket(record.collected_at, width_s), one.bounds_ms
                counts, sum_ms = expected.get(key, ([0] * len(one.counts), 0.0))
                added = [a + b for a, b in zip(counts, one.counts, strict=True)]
                expected[key] = added, sum_ms + min(one.sum_ms, 1e290)
        found = await stored(pool, f"scheduling_latency_rollup_{step}", arrival.orchestrator_id)
        assert {
            (row["time_bucket"], tuple(row["bounds_ms"])): (row["counts"], row["sum_ms"])
            for row in found
        } == {key: (counts, pytest.approx(sum_ms)) for key, (counts, sum_ms) in expected.items()}


async def read(
    connection: AsyncConnection, chart: Chart[History], subject: tuple[UUID, ...], window: Window
) -> dict[Resolution, object]:
    """The lines of a window at each resolution."""
    return {
        resolution: in_steps(
            await connection.execute(stepped(history, subject, window)), window, history
        ).lines
        for resolution, history in chart.at.items()
    }


async def read_histograms(
    connection: AsyncConnection, owner: UUID, window: Window
) -> dict[Resolution, object]:
    found: dict[Resolution, object] = {}
    for resolution, latencies in LATENCIES.at.items():
        buckets = await connection.scalar(bucket_count(latencies, (owner,), window))
        statement = histograms(latencies, (owner,), window, buckets or 0)
        answer = (await connection.execute(statement)).all() if buckets else []
        found[resolution] = sorted(
            (row.step, row.bounds_ms, row.counts, pytest.approx(row.sum_ms)) for row in answer
        )
    return found


@pytest.mark.parametrize("step_s", [3_600, 7_200])
@PROPERTY
@given(arrival=arrivals())
async def test_every_resolution_gives_the_same_numbers(
    pool: Pool, engine: AsyncEngine, step_s: int, arrival: Arrival
) -> None:
    writer = Writer(pool)
    for batch in arrival.batches:
        await writer.write(batch)
    owner = arrival.orchestrator_id
    orders = queue(owner, "orders").id
    assert orders is not None
    span_s = -(-SPAN_S // step_s) * step_s
    window = Window(NOON, NOON + timedelta(seconds=span_s), step_s)

    async with engine.connect() as connection:
        found = [
            await read(connection, CAPACITY, (owner,), window),
            await read(connection, SCHEDULING, (owner,), window),
            await read(connection, QUEUE, (owner, orders), window),
            await read_histograms(connection, owner, window),
        ]

    for at in found:
        assert at[Resolution.MINUTE] == at[Resolution.RAW]
        assert at[Resolution.HOUR] == at[Resolution.RAW]


@pytest.mark.parametrize(
    ("step_s", "resolution"),
    [
        (15, Resolution.RAW),
        (30, Resolution.RAW),
        (60, Resolution.MINUTE),
        (900, Resolution.MINUTE),
        (3_600, Resolution.HOUR),
        (86_400, Resolution.HOUR),
        (3 * 86_400, Resolution.HOUR),
    ],
)
def test_the_coarsest_resolution_that_fits_is_read(step_s: int, resolution: Resolution) -> None:
    assert CAPACITY.for_step(step_s) is CAPACITY.at[resolution]


async def test_a_record_older_than_the_raw_history_stays_in_the_hours(
    pool: Pool, writer: Writer
) -> None:
    await maintain(pool, NOON, RetentionSettings())
    await writer.write([orchestrator_record(), pool_record()])
    present = await rows(pool, "orchestrator_latest")
    old = NOON - timedelta(days=40)

    result = await writer.write(
        [orchestrator_record(collected_at=old), pool_record(collected_at=old)]
    )
    await maintain(pool, NOON, RetentionSettings())

    assert result.inserted == 2
    for table in ("orchestrator_rollup_1h", "worker_pool_rollup_1h"):
        assert [row["time_bucket"] for row in await rows(pool, f"{table}_p202602")] == [old]
    assert [row["collected_at"] for row in await rows(pool, "orchestrator_metrics")] == [NOON]
    assert await rows(pool, "orchestrator_latest") == present


async def test_counts_beyond_a_column_and_bounds_beyond_a_key_cost_no_record(
    writer: Writer, pool: Pool
) -> None:
    most, huge = 2**63 - 1, 1.7976931348623157e308
    wide = LatencyHistogram(
        bounds_ms=tuple(map(float, range(2_000))), counts=(most,) * 2_001, sum_ms=huge
    )
    absurd = {
        "capacity": CapacityMetrics(completed_workflows=most, capacity_utilization=huge),
        "scheduling": SchedulingPerformance(latency_histogram=wide, avg_scheduling_latency=huge),
        "queuing": QueueMetrics(avg_wait_time=huge),
    }

    result = await writer.write(
        [
            orchestrator_record(collected_at=NOON + timedelta(seconds=second), **absurd)
            for second in range(3)
        ]
    )

    assert result.inserted == 3
    maximum = "SELECT max(capacity_utilization_max) FROM orchestrator_rollup_1h"
    assert await value(pool, maximum) == huge
    assert (
        await value(pool, "SELECT sum(counts[1]) FROM scheduling_latency_rollup_1h") == 3.0 * most
    )


async def test_the_summary_has_the_averages_and_sums_of_an_hour_by_type(
    pool: Pool, writer: Writer
) -> None:
    def record(name: str, minute: int, completed: int | None, **more: object) -> Any:
        return orchestrator_record(
            instance_id=name,
            collected_at=NOON + timedelta(minutes=minute),
            execution=ExecutionMetrics(completed_workflows=completed),
            **more,
        )

    await writer.write(
        [
            record("a", 0, 3, capacity=CapacityMetrics(capacity_utilization=0.25)),
            record("a", 1, None, capacity=None),
            record("b", 59, 4, capacity=CapacityMetrics(capacity_utilization=0.75)),
            record("b", 60, 9, orchestrator_type="argo", queuing=None),
        ]
    )

    found = {
        (row["orchestrator_type"], row["time_bucket"]): row
        for row in await rows(pool, "orchestrator_performance_summary")
    }
    assert found.keys() == {("temporal", NOON), ("argo", NOON + timedelta(hours=1))}
    noon = found["temporal", NOON]
    assert noon["avg_health_score"] == pytest.approx(0.84)
    assert noon["avg_utilization"] == 0.5
    assert noon["total_completed"] == 7
    assert noon["total_failed"] is None
    assert found["argo", NOON + timedelta(hours=1)]["avg_queue_wait_time"] is None
