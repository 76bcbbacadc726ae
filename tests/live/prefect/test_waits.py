"""Runs that wait for a worker for known times."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from agents.prefect import PrefectCollector, PrefectConfig
from tests.agents.prefect.driver import Driver
from tests.live.prefect.server import PrefectServer
from tests.live.waits.workload import Item, play, the_known_p95

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]


async def test_the_p95_of_known_waits_is_told(
    prefect_server: PrefectServer, driver: Driver
) -> None:
    pool = f"waits-{uuid4().hex[:6]}"
    await driver.pool(pool)
    deployment = await driver.deployment(f"waits-{pool}", pool)
    runs: dict[Item, str] = {}
    one_by_one = asyncio.Lock()  # SQLite refuses whoever waits too long for others' writes

    async def submit(item: Item) -> None:
        """A run that is due now, in a pool that no worker asks."""
        async with one_by_one:
            runs[item] = await driver.run(deployment)

    async def release(item: Item) -> None:
        """What a worker says of a run that it takes."""
        async with one_by_one:
            await driver.finish(runs[item])

    settings = {"call_timeout_s": 30, "timeout_s": 60}
    config = PrefectConfig.model_validate(prefect_server.settings | settings)
    async with PrefectCollector(config) as collector:
        await collector.collect(datetime.now(UTC))
        known_ms = await play(submit, release)
        batch = await collector.collect(datetime.now(UTC))

    the_known_p95(batch.orchestrator, known_ms)
