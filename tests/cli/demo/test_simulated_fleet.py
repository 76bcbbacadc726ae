"""The simulated orchestrators' past: written once, whole, marked, and gone on with after a stop."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
import structlog

from agents.collector import UnreachableError
from cli.demo.simulated import SimulatedCollector, SimulatedPast
from cli.demo.simulated_fleet import Archive, SimulatedFleet
from cli.demo.simulated_sites import SITES, Site
from contracts.health import HealthStatus
from contracts.orchestrator import OrchestratorMetrics
from contracts.topics import PublishedRecord, encode
from contracts.worker_pool import WorkerPoolMetrics

NOW = datetime(2026, 11, 5, 15, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PER_DAY = 1_440


class Store:
    """What was written, in memory."""

    def __init__(self, fail_after: int | None = None) -> None:
        self.records: list[PublishedRecord] = []
        self.rooms: list[datetime] = []
        self._fail_after = fail_after

    def archive(self) -> Archive:
        return Archive(self.newest, self.make_room, 3, self.write)

    async def newest(self, orchestrator: UUID) -> datetime | None:
        return max((at for at in self.times(orchestrator)), default=None)

    async def make_room(self, at: datetime) -> None:
        self.rooms.append(at)

    async def write(self, records: Sequence[PublishedRecord]) -> None:
        if self._fail_after is not None and len(self.records) >= self._fail_after:
            raise asyncio.CancelledError
        self.records += records

    def times(self, orchestrator: UUID) -> list[datetime]:
        return [
            record.collected_at
            for record in self.records
            if isinstance(record, OrchestratorMetrics) and record.orchestrator_id == orchestrator
        ]


def fleet(folder: Path, now: datetime = NOW, days: int = 1) -> SimulatedFleet:
    return SimulatedFleet(folder, days, lambda: now, structlog.get_logger(), busy_ratio=1)


async def test_every_minute_is_there_once_and_up_to_now(tmp_path: Path) -> None:
    store = Store()
    written = await fleet(tmp_path).write_past(store.archive())

    assert written == len(store.records)
    owners = {record.orchestrator_id for record in store.records}
    assert len(owners) == len(SITES)
    for owner in owners:
        times = store.times(owner)
        assert len(times) == PER_DAY
        assert times[-1] == NOW.replace(second=0)
        assert {later - earlier for earlier, later in pairwise(times)} == {MINUTE}


async def test_fourteen_days_are_at_most_a_hundred_thousand_records(tmp_path: Path) -> None:
    store = Store()
    written = await fleet(tmp_path).write_past(store.archive())

    assert written * 14 <= 100_000


async def test_every_record_says_that_it_is_simulated(tmp_path: Path) -> None:
    store = Store()
    await fleet(tmp_path).write_past(store.archive())
    metrics = [
        record
        for record in store.records
        if isinstance(record, OrchestratorMetrics | WorkerPoolMetrics)
    ]

    assert len(metrics) == len(store.records)
    assert all(record.metadata.simulated for record in metrics)
    assert any(  # the outage of that Thursday is among them
        isinstance(record, OrchestratorMetrics) and record.capacity is None for record in metrics
    )


async def test_an_interrupted_load_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole, parts = Store(), Store(fail_after=1_000)
    await fleet(tmp_path / "whole").write_past(whole.archive())
    with pytest.raises(asyncio.CancelledError):
        await fleet(tmp_path / "parts").write_past(parts.archive())
    interrupted_at = len(parts.records)
    parts._fail_after = None
    await fleet(tmp_path / "parts").write_past(parts.archive())

    def facts(store: Store) -> list[tuple[UUID, object, object]]:
        return [
            (record.id, record.capacity, record.execution and record.execution.interval_s)
            for record in store.records
            if isinstance(record, OrchestratorMetrics) and record.capacity is not None
        ]

    assert 0 < interrupted_at < len(whole.records)
    assert [fact[0] for fact in facts(parts)] == [fact[0] for fact in facts(whole)]
    assert len({record.id for record in parts.records}) == len(parts.records)


async def test_a_restart_fills_the_gap_and_writes_nothing_twice(tmp_path: Path) -> None:
    store = Store()
    await fleet(tmp_path).write_past(store.archive())
    before = len(store.records)
    later = await fleet(tmp_path, NOW + timedelta(hours=2)).write_past(store.archive())
    again = await fleet(tmp_path, NOW + timedelta(hours=2)).write_past(store.archive())

    assert len(store.records) == before + later
    assert later == pytest.approx(3 * 120 + 3 * 24, abs=6)
    assert again == 0
    assert len({record.id for record in store.records}) == len(store.records)


async def test_there_is_room_for_every_day_before_it_is_written(tmp_path: Path) -> None:
    store = Store(fail_after=0)
    with pytest.raises(asyncio.CancelledError):
        await fleet(tmp_path, days=14).write_past(store.archive())

    assert store.rooms[0] <= NOW - timedelta(days=13)
    assert all(later - earlier <= timedelta(days=3) for earlier, later in pairwise(store.rooms))
    assert store.rooms[-1] >= NOW - timedelta(days=3)


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.instance_id)
def test_a_history_is_the_same_bytes_each_time(site: Site) -> None:
    def told() -> list[bytes]:
        past = SimulatedPast(SimulatedCollector(site, NOW, 1))
        return [
            encode(record)
            for minute in range(1, 300)
            for record in past.records(NOW + MINUTE * minute)
        ]

    assert told() == told()


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.instance_id)
def test_counts_of_a_record_agree(site: Site) -> None:
    collector = SimulatedCollector(site, NOW, 1)
    for minute in range(1, PER_DAY):
        try:
            batch = collector.read(NOW + MINUTE * minute)
        except UnreachableError:
            continue
        record, (pool,) = batch.orchestrator, batch.pools
        assert record.capacity
        assert record.queuing
        assert record.queuing.queues
        sizes = [queue.size for queue in record.queuing.queues]
        assert sum(size for size in sizes if size is not None) == record.queuing.backlog_size
        assert record.capacity.used_slots == record.capacity.running_workflows
        assert pool.resource_usage.used_slots == record.capacity.used_slots
        assert pool.workers
        assert pool.total_workers == len(pool.workers)


def test_the_outage_of_the_week_is_critical_with_its_reason() -> None:
    warehouse = SITES[0]
    thursday = datetime(2026, 11, 5, 14, 0, tzinfo=UTC)
    past = SimulatedPast(SimulatedCollector(warehouse, thursday, 1))
    told = [past.records(thursday + MINUTE * minute)[0] for minute in range(1, 40)]
    out = [record for record in told if isinstance(record, OrchestratorMetrics)]
    critical = [record for record in out if record.capacity is None]

    assert len(critical) == 12
    assert all(record.health.status is HealthStatus.CRITICAL for record in critical)
    assert critical[0].health.errors[0].code == "unreachable"
    assert out[-1].capacity is not None


async def test_the_collector_is_what_the_runner_expects() -> None:
    collector = SimulatedCollector(SITES[1], NOW, 1)
    batch = await collector.collect(NOW + MINUTE)

    assert batch.orchestrator.orchestrator_id == collector.orchestrator_id
    assert batch.orchestrator.orchestrator_type == SITES[1].orchestrator_type
