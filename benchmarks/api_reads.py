"""Whether reads stay as cheap when history grows: 30 days of hourly samples against one day.

Two databases are written through the write path with the same fleet. Then each route is asked in
both; the statements that it really ran are explained, not ones written down here. The two ratios
are 30 days / 1 day: rows that the scans looked at, and buffers touched. Goal: at most 1.2.
"""

import argparse
import asyncio
import json
import math
import secrets
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
from prometheus_client import CollectorRegistry
from psycopg import sql
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import PREFIX, create_app
from api.services import ApiServices
from api.settings import ApiSettings
from benchmarks.fleet import Fleet
from store.connection import open_pool
from store.embedded import EmbeddedPostgres
from store.engine import create_read_engine
from store.migrate import migrate
from store.outbox import Outbox
from store.partitions import maintain
from store.reads import Reads
from store.records import Records
from store.settings import RetentionSettings
from store.tokens import Tokens
from store.write import Writer

__all__ = ["configure", "run"]

STEP = timedelta(hours=1)
NOW = datetime(2026, 11, 2, tzinfo=UTC)
BATCH_RECORDS = 500
KEEP = RetentionSettings(raw_days=60, rollup_1m_days=60, raw_bytes=10**13, rollup_1m_bytes=10**13)


@dataclass(frozen=True)
class Load:
    """One database, and what writing it took."""

    url: str
    records: int
    wall_s: float
    bytes: int


@dataclass(frozen=True)
class Cost:
    """What the statements of one request cost."""

    statements: int
    rows_scanned: float
    buffers: int
    planning_buffers: int


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of this benchmark."""
    parser.add_argument("--orchestrators", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=30, help="of the longer history")
    parser.add_argument("--requests", type=int, default=100, help="of each route, for latencies")


def run(arguments: argparse.Namespace) -> dict[str, float]:
    """The figures."""
    with tempfile.TemporaryDirectory(prefix="woa-api-reads-") as folder:
        Path(folder).chmod(0o755)  # an unprivileged PostgreSQL must reach it when we are root
        return asyncio.run(_run(Path(folder) / "state", arguments))


async def _run(state_dir: Path, arguments: argparse.Namespace) -> dict[str, float]:
    postgres = EmbeddedPostgres(state_dir)
    try:
        server = await postgres.start()
        short, long = [
            await _load(server, f"days_{days}", arguments.orchestrators, days)
            for days in (1, arguments.days)
        ]
        return _sizes(short, long) | await _compare(short, long, arguments)
    finally:
        await postgres.stop()


async def _load(server: str, name: str, orchestrators: int, days: int) -> Load:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = make_conninfo(server, dbname=name)
    await migrate(url)
    start = NOW - timedelta(days=days)
    empty = _database_bytes(url)
    written = 0
    async with await open_pool(url, application_name="benchmark") as pool:
        for day in range(days + 1):
            await maintain(pool, start + timedelta(days=day), KEEP)
        writer = Writer(pool)
        began_s = time.monotonic()
        for records in Fleet(orchestrators, start).records(24 * days, STEP):
            for first in range(0, len(records), BATCH_RECORDS):
                batch = records[first : first + BATCH_RECORDS]
                written += (await writer.write(batch)).inserted
        wall_s = time.monotonic() - began_s
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
    return Load(url, written, wall_s, _database_bytes(url) - empty)


def _database_bytes(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row
    return int(row[0])


def _sizes(short: Load, long: Load) -> dict[str, float]:
    return {
        "records_1_day": short.records,
        "records_long": long.records,
        "bytes_per_record": round(long.bytes / long.records),
        "records_per_s": round(long.records / long.wall_s),
    }


def _routes(fleet: Fleet) -> dict[str, str]:
    owner = quote(str(fleet.owners[len(fleet.owners) // 2]))
    return {
        "list": "/orchestrators",
        "health": f"/orchestrators/{owner}/health",
        "capacity": f"/orchestrators/{owner}/capacity",
        "capacity_24h": f"/orchestrators/{owner}/capacity?time_range=24h",
        "queues": f"/queues?orchestrator_id={owner}",
    }


async def _compare(short: Load, long: Load, arguments: argparse.Namespace) -> dict[str, float]:
    figures: dict[str, float] = {}
    routes = _routes(Fleet(arguments.orchestrators, NOW))
    async with _served(short.url) as few, _served(long.url) as many:
        for name, route in routes.items():
            one, other = await few.cost(route), await many.cost(route)
            figures[f"{name}_rows_scanned"] = other.rows_scanned
            figures[f"{name}_rows_scanned_ratio"] = _ratio(other.rows_scanned, one.rows_scanned)
            figures[f"{name}_buffers"] = other.buffers
            figures[f"{name}_buffers_ratio"] = _ratio(other.buffers, one.buffers)
            figures[f"{name}_planning_buffers"] = other.planning_buffers
            latencies_ms: dict[str, list[float]] = {"1_day": [], "long": []}
            for _ in range(arguments.requests):  # in turn, so that a busy moment hits both
                latencies_ms["1_day"].append(await few.latency_ms(route))
                latencies_ms["long"].append(await many.latency_ms(route))
            for which, values in latencies_ms.items():
                figures[f"{name}_{which}_p50_ms"] = round(statistics.median(values), 2)
                figures[f"{name}_{which}_p95_ms"] = round(_percentile(values, 0.95), 2)
    for kind in ("rows_scanned_ratio", "buffers_ratio"):
        figures[kind] = max(figures[f"{name}_{kind}"] for name in routes)
    return figures


def _ratio(many: float, few: float) -> float:
    if few == 0:
        return 1.0 if many == 0 else math.inf
    return round(many / few, 3)


def _percentile(values: Sequence[float], q: float) -> float:
    return sorted(values)[math.ceil(q * len(values)) - 1]


@dataclass
class _Served:
    """The application on one database, asked without a network."""

    client: httpx.AsyncClient
    engine: AsyncEngine

    async def cost(self, route: str) -> Cost:
        """Asked once to warm up, then explained as it was asked the second time."""
        await self._get(route)
        with _statements(self.engine) as statements:
            await self._get(route)
        plans = [await self._explained(*statement) for statement in statements]
        return Cost(
            statements=len(plans),
            rows_scanned=sum(rows for plan in plans for rows in _scanned(plan["Plan"])),
            buffers=sum(_buffers(plan["Plan"]) for plan in plans),
            planning_buffers=sum(_buffers(plan.get("Planning", {})) for plan in plans),
        )

    async def latency_ms(self, route: str) -> float:
        began_s = time.perf_counter()
        await self._get(route)
        return (time.perf_counter() - began_s) * 1_000

    async def _get(self, route: str) -> None:
        (await self.client.get(PREFIX + route)).raise_for_status()

    async def _explained(self, statement: str, parameters: Any) -> dict[str, Any]:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        async with self.engine.begin() as connection:
            found = (await connection.exec_driver_sql(explain, parameters)).scalar_one()
        (plan,) = json.loads(found) if isinstance(found, str) else found
        return dict(plan)


@asynccontextmanager
async def _served(url: str) -> AsyncIterator[_Served]:
    engine = create_read_engine(url)
    tokens = Tokens(engine, _clock)
    secret = secrets.token_urlsafe(32)
    await tokens.ensure_admin_token(SecretStr(secret))
    services = ApiServices(
        reads=Reads(engine),
        records=Records(engine),
        outbox=Outbox(engine),
        tokens=tokens,
        settings=ApiSettings(),
        clock=_clock,
        registry=CollectorRegistry(),
        version="benchmark",
    )
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(services)),
        base_url="http://localhost:8650",
        headers={"Authorization": f"Bearer {secret}"},
    )
    try:
        async with client:
            yield _Served(client, engine)
    finally:
        await engine.dispose()


def _clock() -> datetime:
    return NOW


@contextmanager
def _statements(engine: AsyncEngine) -> Iterator[list[tuple[str, Any]]]:
    """What the engine runs meanwhile: the reads, with their parameters."""
    found: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            found.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


def _scanned(plan: dict[str, Any]) -> Iterator[float]:
    """Rows that each scan of a table or an index looked at, whether it kept them or not."""
    if "Scan" in plan["Node Type"] and "Relation Name" in plan:
        rows = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        yield rows * plan["Actual Loops"]
    for child in plan.get("Plans", ()):
        yield from _scanned(child)


def _buffers(plan: dict[str, Any]) -> int:
    return int(plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0))
