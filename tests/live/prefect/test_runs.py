"""Real runs on real workers: our figures are those that Prefect's own client reads."""

import asyncio
import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from statistics import fmean
from typing import Any
from uuid import uuid4

import pytest

from agents.collector import Batch, UnauthorizedError, UnreachableError
from agents.prefect import PrefectCollector, PrefectConfig
from contracts.events import SchedulingDecision
from contracts.worker_pool import WorkerPoolMetrics, WorkerStatus
from tests.agents.contract import records_of, unexplained_nulls
from tests.agents.prefect.driver import Driver
from tests.live.prefect.server import PrefectServer, stop

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

LIMIT_S = 240.0
WORKERS_SINCE = (3, 2)
"""Before, runs do not tell their worker."""


def collector_of(server: PrefectServer) -> PrefectCollector:
    settings = {"call_timeout_s": 30, "timeout_s": 60, "decision_samples": 50}
    return PrefectCollector(PrefectConfig.model_validate(server.settings | settings))


async def scrape(collector: PrefectCollector) -> Batch:
    batch = await collector.collect(datetime.now(UTC))
    assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []
    return batch


def pool_in(batch: Batch, name: str) -> WorkerPoolMetrics:
    (found,) = [pool for pool in batch.pools if pool.pool_name == name]
    return found


async def test_real_runs_retries_a_full_pool_and_a_killed_worker(
    prefect_server: PrefectServer, driver: Driver
) -> None:
    pool = f"real-{uuid4().hex[:6]}"
    await driver.pool(pool, concurrency_limit=2)
    sleepy = await driver.deployment(
        f"sleepy-{pool}", pool, **prefect_server.deployment_settings("sleepy")
    )
    failing = await driver.deployment(
        f"failing-{pool}", pool, **prefect_server.deployment_settings("failing")
    )
    async with collector_of(prefect_server) as whole, collector_of(prefect_server) as watching:
        await scrape(whole)
        runs = [await driver.run(sleepy, parameters={"seconds": 8}) for _ in range(4)]
        runs.append(await driver.run(failing))
        with prefect_server.worker(pool, "w1") as worker:
            workers = prefect_server.version >= WORKERS_SINCE
            await a_full_pool_is_seen(watching, pool, workers=workers)
            await all_ended(driver, runs)
            batch = await scrape(whole)
            theirs = await asyncio.to_thread(prefect_server.oracle, pool)
            the_same(batch, pool, theirs, workers=workers)
            stop(worker, signal.SIGKILL)
            await the_worker_is_seen_failed(watching, pool)


async def a_full_pool_is_seen(collector: PrefectCollector, pool: str, *, workers: bool) -> None:
    """While two run, the others wait for the limit, and the worker is busy, where runs name it."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            batch = await scrape(collector)
            told = pool_in(batch, pool)
            causes = batch.orchestrator.extra_metadata()["prefect"]["waitingByCause"]
            (worker,) = told.workers or (None,)
            # Slots and runs are asked for one after the other, and a run is labelled a moment
            # after it took its slot: only some of the records are of one moment.
            used = {told.resource_usage.used_slots}
            used |= {worker.used_slots} if worker and workers else set()
            if worker is not None and used == {2} and causes.get("limit"):
                break
            await asyncio.sleep(0.5)
    assert told.performance.utilization == 1
    if not workers:
        return
    assert worker.status is WorkerStatus.BUSY
    assert told.busy_workers == 1


async def all_ended(driver: Driver, runs: list[str]) -> None:
    body = {"flow_runs": {"id": {"any_": runs}}}
    async with asyncio.timeout(LIMIT_S):
        while True:
            answer = await driver.http.post("flow_runs/filter", json=body)
            if all(each["state_type"] in ("COMPLETED", "FAILED") for each in answer.json()):
                return
            await asyncio.sleep(0.5)


def the_same(batch: Batch, pool: str, theirs: Mapping[str, Any], *, workers: bool) -> None:
    """Counts exact, waits to the microsecond: both are of the same times."""
    record, told = batch.orchestrator, pool_in(batch, pool)
    assert theirs["states"] == {"COMPLETED": 4, "FAILED": 1}
    assert record.execution is not None
    assert record.execution.completed_workflows == 4
    assert record.execution.failed_workflows == 1
    assert record.execution.retried_tasks == theirs["retries"] == 1
    waits = theirs["waits_ms"]
    assert record.scheduling is not None
    assert record.scheduling.p50_scheduling_latency == pytest.approx(waits[2], abs=1)
    assert record.scheduling.p95_scheduling_latency == pytest.approx(waits[4], abs=1)
    assert record.scheduling.avg_scheduling_latency == pytest.approx(fmean(waits), abs=1)
    assert told.resource_usage.total_slots == theirs["limit"]
    (worker,) = told.workers or ()
    assert {worker.labels["name"]: "ONLINE"} == theirs["workers"]
    if workers:
        assert (worker.tasks_completed, worker.tasks_failed) == (4, 1)
    decisions = [each for each in batch.events if isinstance(each, SchedulingDecision)]
    assert len(decisions) == 5
    assert {each.selected_worker for each in decisions} == {"w1" if workers else None}
    split = [
        sum(float(str(each.decision_factors[name])) for name in ("limitMs", "queueMs", "startUpMs"))
        for each in decisions
    ]
    assert sorted(split) == pytest.approx(waits, abs=1)


async def the_worker_is_seen_failed(collector: PrefectCollector, pool: str) -> None:
    async with asyncio.timeout(LIMIT_S):
        while (told := pool_in(await scrape(collector), pool)).failed_workers != 1:
            await asyncio.sleep(0.5)
    assert told.pool_health.unhealthy_workers == 1
    assert told.pool_health.average_health == 0


async def test_a_restart_loses_no_run_and_an_outage_is_told(
    prefect_server: PrefectServer, driver: Driver
) -> None:
    pool = f"outage-{uuid4().hex[:6]}"
    await driver.pool(pool)
    deployment = await driver.deployment(f"outage-{pool}", pool)
    async with collector_of(prefect_server) as collector:
        await scrape(collector)
        await driver.finish(await driver.run(deployment))
        prefect_server.stop(signal.SIGKILL)
        with pytest.raises(UnreachableError):
            await collector.collect(datetime.now(UTC))
        prefect_server.start()
        async with prefect_server.client() as client:
            again = Driver(client)
            await again.finish(await again.run(deployment))

            record = (await scrape(collector)).orchestrator

    assert record.execution is not None
    assert record.execution.completed_workflows == 2
    assert record.health.restarts == 1
    assert record.resources is not None
    assert record.resources.cpu_cores is None


async def test_a_wrong_password_is_unauthorized(prefect_server: PrefectServer) -> None:
    if prefect_server.version < (3, 2):
        pytest.skip("3.0 has no password")
    settings = prefect_server.settings | {"auth_string": "admin:wrong"}
    async with PrefectCollector(PrefectConfig.model_validate(settings)) as collector:
        with pytest.raises(UnauthorizedError):
            await collector.collect(datetime.now(UTC))
