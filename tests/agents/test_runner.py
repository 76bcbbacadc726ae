"""The runner: every outcome is a record, and the source is treated politely."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents.collector import (
    CollectorConfig,
    NothingNewError,
    UnauthorizedError,
    UnreachableError,
)
from agents.forwarder import Forwarder
from agents.runner import AgentRunner
from agents.spool import Spool
from analytics.health import analyze_health
from bus.direct import DirectBus
from contracts.health import HealthStatus
from contracts.orchestrator import OrchestratorMetrics
from contracts.topics import decode
from tests.agents.scripted import FakeTime, ScriptedCollector, fails


@asynccontextmanager
async def running(
    collector: ScriptedCollector, time: FakeTime, folder: Path
) -> AsyncIterator[tuple[AgentRunner, Spool]]:
    async with Spool(folder / "spool.db") as spool, DirectBus() as bus:
        yield AgentRunner(collector, Forwarder(spool, bus), time.surroundings()), spool


async def spooled(spool: Spool) -> list[OrchestratorMetrics]:
    records = [
        decode(entry.message.topic, entry.message.headers["woa-schema"], entry.message.value)
        for entry in await spool.head(1_000)
    ]
    return [record for record in records if isinstance(record, OrchestratorMetrics)]


async def scrape(runner: AgentRunner, time: FakeTime, times: int) -> None:
    """Run until the runner has scraped so often and rests."""
    task = asyncio.create_task(runner.run())
    async with asyncio.timeout(30):
        while len(time.slept_s) < times:
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


async def test_a_record_is_scored_and_kept_before_it_is_sent(tmp_path: Path) -> None:
    async with running(ScriptedCollector(), FakeTime(), tmp_path) as (runner, spool):
        await runner.tick()
        (record,) = await spooled(spool)

        assert record.health.health_score is not None
        assert record.health.diagnostics.score_parts


async def test_the_record_and_the_analysis_agree(tmp_path: Path) -> None:
    async with running(ScriptedCollector(), FakeTime(), tmp_path) as (runner, spool):
        await runner.tick()
        (record,) = await spooled(spool)
        analysis = analyze_health(record)

        assert analysis.health_score == record.health.health_score
        assert analysis.health_status == record.health.status


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnreachableError("connection refused"), "unreachable"),
        (UnauthorizedError("wrong token"), "unauthorized"),
        (ZeroDivisionError("a bug"), "agent_error"),
    ],
)
async def test_an_outage_is_a_record_with_its_reason(
    error: Exception, code: str, tmp_path: Path
) -> None:
    async with running(ScriptedCollector(fails(error)), FakeTime(), tmp_path) as (runner, spool):
        await runner.tick()
        (record,) = await spooled(spool)

        assert record.health.status is HealthStatus.CRITICAL
        assert (record.health.errors[0].code, record.capacity) == (code, None)
        assert str(error) in record.health.errors[0].message
        assert code in record.metadata.unavailable["/capacity"]


async def test_a_scrape_beyond_its_deadline_is_an_outage(tmp_path: Path) -> None:
    class Hanging(ScriptedCollector):
        async def collect(self, now):  # type: ignore[no-untyped-def]  # never returns
            await asyncio.Event().wait()

    collector = Hanging(config=CollectorConfig(instance_id="x", timeout_s=0.01))
    async with running(collector, FakeTime(), tmp_path) as (runner, spool):
        await runner.tick()
        (record,) = await spooled(spool)

        assert record.health.errors[0].code == "unreachable"
        assert "timeout_s" in record.health.errors[0].message


async def test_it_recovers_alone(tmp_path: Path) -> None:
    time = FakeTime()
    collector = ScriptedCollector(fails(UnreachableError("gone")), fails(UnreachableError("gone")))
    async with running(collector, time, tmp_path) as (runner, spool):
        await scrape(runner, time, 3)
        statuses = [record.capacity is not None for record in await spooled(spool)]

        assert statuses == [False, False, True]
        assert runner.stats.consecutive_failures == 0


async def test_failures_double_the_wait_up_to_a_minute(tmp_path: Path) -> None:
    time = FakeTime()
    collector = ScriptedCollector(*[fails(UnreachableError("gone"))] * 6)
    async with running(collector, time, tmp_path) as (runner, _):
        await scrape(runner, time, 6)

        assert [round(wait / 15) for wait in time.slept_s[:5]] == [1, 2, 4, 4, 4]


async def test_a_slow_source_is_asked_less_often(tmp_path: Path) -> None:
    time = FakeTime()
    collector = ScriptedCollector(time.advance(12))
    async with running(collector, time, tmp_path) as (runner, _):
        await scrape(runner, time, 1)

        # Half of the time at most: 12 s of scraping, at least 12 s of rest instead of 3.
        assert 12 <= time.slept_s[0] <= 14


async def test_one_scrape_is_in_flight(tmp_path: Path) -> None:
    time = FakeTime()
    collector = ScriptedCollector()
    async with running(collector, time, tmp_path) as (runner, _):
        await scrape(runner, time, 5)

        assert collector.most_in_flight == 1


async def test_the_record_says_how_its_agent_is_doing(tmp_path: Path) -> None:
    time = FakeTime()
    collector = ScriptedCollector(fails(UnreachableError("gone")))
    async with running(collector, time, tmp_path) as (runner, spool):
        await scrape(runner, time, 2)
        agent = (await spooled(spool))[1].metadata.agent

        assert agent
        assert (agent.scrapes, agent.failed_scrapes, agent.spooled_records) == (
            2,
            {"unreachable": 1},
            1,
        )


async def test_a_full_disk_loses_the_record_and_not_the_agent(tmp_path: Path) -> None:
    time = FakeTime()
    (tmp_path / "spool.db").mkdir()
    async with running(ScriptedCollector(), time, tmp_path) as (runner, _):
        await scrape(runner, time, 2)

        assert runner.stats.failures["spool"] == 2


async def test_nothing_new_is_neither_a_record_nor_a_failure(tmp_path: Path) -> None:
    collector = ScriptedCollector(fails(NothingNewError("wait")), fails(NothingNewError("wait")))
    async with running(collector, FakeTime(), tmp_path) as (runner, spool):
        assert await runner.tick() is None
        assert await runner.tick() is None
        assert await runner.tick() is not None
        (record,) = await spooled(spool)

    assert record.health.errors == ()
    assert runner.stats.failures == {}
