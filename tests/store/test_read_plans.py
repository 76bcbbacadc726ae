"""What a request costs the database does not grow with the history it does not ask for."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.orchestrator import CapacityMetrics, Metadata, OrchestratorMetrics, QueueMetrics
from contracts.topics import PublishedRecord
from store.connection import connect, open_pool
from store.engine import create_read_engine
from store.partitions import maintain
from store.reads import Range, Reads
from store.settings import RetentionSettings
from store.write import Writer
from tests.postgres import PostgresServer
from tests.records import NOON, orchestrator_record, pool_record, queue

ORCHESTRATORS = 10
RETENTION = RetentionSettings(raw_days=60, rollup_1m_days=60)
NOW = NOON + timedelta(minutes=30)
OWNER = orchestrator_record(instance_id="0").orchestrator_id
ORDERS = queue(OWNER, "orders").id
POOL = pool_record(orchestrator_id=OWNER).pool_id
PARTITION = re.compile(r"(.+)_p(\d+|default)|(.+)_default")

Request = Callable[[Reads], Awaitable[object]]


def asked(range_s: int = 3_600) -> Range:
    """As the API asks when nothing is said."""
    return Range(range_s, 300, NOW)


REQUESTS: dict[str, Request] = {
    "list": lambda reads: reads.orchestrators(100),
    "health": lambda reads: reads.latest(OWNER, queues=True),
    "capacity": lambda reads: reads.capacity_series(OWNER, asked()),
    "scheduling": lambda reads: reads.scheduling_series(OWNER, asked()),
    "queues": lambda reads: reads.queues(OWNER, 100),
    "queue": lambda reads: reads.queue(some(ORDERS)),
    "queue-metrics": lambda reads: reads.queue_series(OWNER, some(ORDERS), asked()),
    "pools": lambda reads: reads.pools(OWNER, 100),
    "workers": lambda reads: reads.workers(POOL, None, 100),
    "algorithm-hours": lambda reads: reads.algorithm_hours(OWNER, NOW - timedelta(hours=1)),
    "whole": lambda reads: reads.whole(OWNER, 1_000),
}


def some(value: Any) -> Any:
    assert value is not None
    return value


@dataclass
class Cost:
    """What the statements of a request did."""

    rows: int = 0
    buffers: int = 0
    relations: set[str] = field(default_factory=set)
    scanned_whole: set[str] = field(default_factory=set)

    @property
    def partitions(self) -> set[str]:
        return {name for name in self.relations if PARTITION.fullmatch(name)}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def add(cost: Cost, plan: dict[str, Any]) -> None:
    cost.buffers += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    for node in nodes(plan):
        assert node.get("Subplans Removed", 0) == 0, "pruned only after planning"
        if "Relation Name" not in node:
            continue
        dropped = node.get("Rows Removed by Filter", 0)
        cost.rows += round((node["Actual Rows"] + dropped) * node["Actual Loops"])
        cost.relations.add(node["Relation Name"])
        if node["Node Type"] == "Seq Scan":
            cost.scanned_whole.add(node["Relation Name"])


async def cost_of(engine: AsyncEngine, request: Request) -> Cost:
    """Runs a request, and then explains every statement it sent."""
    sent: list[tuple[str, Any]] = []

    def keep(_c: object, _k: object, statement: str, parameters: object, *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", keep)
    await request(Reads(engine))
    event.remove(engine.sync_engine, "before_cursor_execute", keep)
    cost = Cost()
    async with engine.connect() as connection:
        for statement, parameters in sent:
            explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
            plan = await connection.exec_driver_sql(explain, parameters)
            found = plan.scalar_one()
            add(cost, (json.loads(found) if isinstance(found, str) else found)[0]["Plan"])
    return cost


def hourly(name: str, at: datetime) -> OrchestratorMetrics:
    metadata = Metadata(interval_s=3_600.0)
    record = orchestrator_record(instance_id=name, collected_at=at, metadata=metadata)
    queues = QueueMetrics(queues=(queue(record.orchestrator_id, "orders", at),))
    capacity = CapacityMetrics(used_slots=at.hour, total_slots=24)
    return record.model_copy(update={"queuing": queues, "capacity": capacity})


@asynccontextmanager
async def history(server: PostgresServer, days: int) -> AsyncIterator[AsyncEngine]:
    """A database with an hourly sample of each orchestrator for so many days."""
    with server.database() as url:
        pool = await open_pool(url, application_name="tests")
        times = [NOON - timedelta(hours=hour) for hour in range(24 * days)]
        for start in range(0, len(times), 48):
            batch: list[PublishedRecord] = []
            for at in times[start : start + 48]:
                batch += [hourly(str(number), at) for number in range(ORCHESTRATORS)]
                batch.append(pool_record(orchestrator_id=OWNER, collected_at=at))
            await Writer(pool).write(batch)
        await maintain(pool, NOW, RETENTION)
        await pool.close()
        connection = await connect(url, "tests")
        await connection.execute("VACUUM ANALYZE")
        await connection.close()
        # Ten rows are best read whole; the plans looked for are those of thousands.
        engine = create_read_engine(f"{url}&options=-c%20enable_seqscan%3Doff")
        try:
            yield engine
        finally:
            await engine.dispose()


async def test_requests_of_a_month_cost_what_those_of_a_day_cost(
    postgres_server: PostgresServer,
) -> None:
    async with history(postgres_server, 1) as engine:
        day = {name: await cost_of(engine, request) for name, request in REQUESTS.items()}
    async with history(postgres_server, 30) as engine:
        month = {name: await cost_of(engine, request) for name, request in REQUESTS.items()}
        long = await cost_of(engine, lambda reads: reads.capacity_series(OWNER, asked(30 * 86_400)))

    for name in REQUESTS:
        # A few more: versions of a row that a vacuum could not take away yet, and a page for each
        # statement whose index has grown a level.
        assert month[name].rows <= max(1.2 * day[name].rows, day[name].rows + 3), name
        assert month[name].buffers <= max(1.2 * day[name].buffers, day[name].buffers + 3), name
        assert month[name].partitions == day[name].partitions, name
        assert not month[name].scanned_whole & month[name].partitions, name
    assert long.partitions == {f"orchestrator_rollup_1h_p2026{month}" for month in ("02", "03")}
    assert long.rows <= 2 * 30 * 24
