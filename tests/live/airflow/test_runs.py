"""Real runs: our figures are those of Airflow's own command line and of its database."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from math import ceil

import httpx
import pytest

from agents.airflow import AirflowCollector, AirflowConfig
from agents.airflow.auth import AirflowAuth
from agents.airflow.dialect import V1, V2, Dialect
from agents.collector import Batch, UnauthorizedError, UnreachableError
from contracts.events import SchedulingDecision
from contracts.orchestrator import OrchestratorMetrics
from tests.agents.airflow.behaviour import AirflowBehaviour
from tests.agents.contract import records_of, unexplained_nulls
from tests.live.airflow.server import ADMIN, VIEWER, AirflowServer, Waited

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

LIMIT_S = 400.0


def config_of(server: AirflowServer, **more: object) -> AirflowConfig:
    settings = server.settings | {"call_timeout_s": 30, "timeout_s": 120, "overlap_s": 20}
    return AirflowConfig.model_validate(settings | more)


async def scrape(collector: AirflowCollector) -> Batch:
    batch = await collector.collect(datetime.now(UTC))
    assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []
    assert batch.orchestrator.health.errors == ()
    return batch


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(1)


async def load(server: AirflowServer, collector: AirflowCollector) -> None:
    """Runs that end well, runs that fail after a retry, and tasks that wait for a full pool."""
    for dag in ("woa_slow", "woa_fast", "woa_fast", "woa_fail"):
        server.trigger(dag)
    await a_full_pool_is_seen(server, collector)
    await until(lambda: all_ended(server))


async def a_full_pool_is_seen(server: AirflowServer, collector: AirflowCollector) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            record = (await scrape(collector)).orchestrator
            told = record.extra_metadata()["airflow"]["pools"]["tiny"]
            queues = {each.name: each for each in (record.queuing and record.queuing.queues) or ()}
            # Pools and tasks are asked for one after the other.
            if told["occupied"] == 2 and told["scheduled"] and queues["pool:tiny"].size:
                break
            await asyncio.sleep(0.5)
    assert record.scheduling is not None
    assert record.scheduling.resource_contentions == 1


def all_ended(server: AirflowServer) -> bool:
    runs = [server.run_states(dag) for dag in ("woa_slow", "woa_fast", "woa_fail")]
    return all(state in ("success", "failed") for states in runs for state in states)


def nearest_rank(values: list[float], q: float) -> float:
    return sorted(values)[max(0, ceil(q * len(values)) - 1)]


def waits_ms(tries: list[Waited], since: str) -> list[float]:
    found = []
    for each in tries:
        begun = getattr(each, since)
        if begun is not None and each.started is not None:
            found.append((each.started - begun).total_seconds() * 1000)
    return found


def the_same(record: OrchestratorMetrics, server: AirflowServer, since: str) -> None:
    """Counts exact, waits to the millisecond: both are of the same times."""
    ended = [state for dag in ("woa_slow", "woa_fast", "woa_fail") for state in server.states(dag)]
    assert record.execution is not None
    assert record.execution.completed_workflows == ended.count("success") == 3
    assert record.execution.failed_workflows == ended.count("failed") == 1
    tries = [each for each in server.tries() if each.queued is not None]
    told = record.extra_metadata()["airflow"]["endedByState"]
    assert told["success"] == sum(each.state == "success" for each in tries)
    waits = waits_ms(tries, since)
    assert record.scheduling is not None
    # The first try of the task that failed may or may not have been seen before the second.
    observed = record.extra_metadata()["airflow"]["latencySamples"]
    assert observed - len(waits) in (0, 1)
    assert record.scheduling.p99_scheduling_latency == pytest.approx(max(waits), abs=1)
    if observed == len(waits):
        for q, value in (
            (0.5, record.scheduling.p50_scheduling_latency),
            (0.95, record.scheduling.p95_scheduling_latency),
        ):
            assert value == pytest.approx(nearest_rank(waits, q), abs=1)


class TestAirflow3:
    async def test_real_runs_retries_and_a_full_pool(self, airflow: AirflowServer) -> None:
        async with (
            AirflowCollector(config_of(airflow)) as whole,
            AirflowCollector(config_of(airflow)) as watching,
        ):
            await scrape(whole)
            await load(airflow, watching)
            batch = await scrape(whole)

        the_same(batch.orchestrator, airflow, "scheduled")
        latency = batch.orchestrator.extra_metadata()["airflow"]["latency"]
        assert latency["executor"]["count"] >= 9
        events = [each for each in batch.events if isinstance(each, SchedulingDecision)]
        assert {each.decision_factors["task"] for each in events} == {"one", "two", "work", "bad"}
        (pool,) = batch.pools
        (worker,) = pool.workers or ()
        assert (worker.tasks_completed, pool.pool_name) == (8, "local")

    async def test_pools_are_those_of_the_command_line(self, airflow: AirflowServer) -> None:
        async with AirflowCollector(config_of(airflow, parallelism=None)) as collector:
            record = (await scrape(collector)).orchestrator

        listed = {each["pool"]: int(each["slots"]) for each in airflow.cli_json("pools", "list")}
        told = record.extra_metadata()["airflow"]["pools"]
        assert {name: pool["slots"] for name, pool in told.items()} == listed
        assert record.capacity is not None
        assert record.capacity.total_slots == sum(listed.values())

    async def test_a_killed_task_has_failed(self, airflow: AirflowServer) -> None:
        async with AirflowCollector(config_of(airflow)) as collector:
            await scrape(collector)
            airflow.trigger("woa_long")
            async with asyncio.timeout(LIMIT_S):
                while True:
                    batch = await scrape(collector)
                    running = batch.pools[0].workers and batch.pools[0].workers[0].current_task
                    if running and "endless" in running:
                        break
                    await asyncio.sleep(0.5)
            os.kill(pid_of(airflow, "endless"), signal.SIGKILL)
            failed = 0
            async with asyncio.timeout(LIMIT_S):
                while not failed:
                    await asyncio.sleep(1)
                    record = (await scrape(collector)).orchestrator
                    failed = (record.execution and record.execution.failed_workflows) or 0

        assert airflow.states("woa_long") == ["failed"]

    async def test_a_restart_loses_no_run_and_an_outage_is_told(
        self, airflow: AirflowServer
    ) -> None:
        async with AirflowCollector(config_of(airflow)) as collector:
            await scrape(collector)
            airflow.trigger("woa_fast")
            await until(lambda: airflow.run_states("woa_fast") == ["success"] * 3)
            airflow.end("api-server", signal.SIGKILL)
            with pytest.raises(UnreachableError):
                await collector.collect(datetime.now(UTC))
            airflow.start_api()

            record = (await scrape(collector)).orchestrator

        assert record.execution is not None
        assert record.execution.completed_workflows == 1

    def test_a_viewer_may_read_what_is_needed_and_nothing_else(
        self, airflow: AirflowServer
    ) -> None:
        signed = airflow.signed(VIEWER)
        refused = [
            httpx.get(f"{airflow.base}/{path}", timeout=60, **signed).status_code
            for path in ("connections", "variables", "config")
        ]
        body = {"pool": "tiny", "slots": 9, "include_deferred": False}
        changed = httpx.patch(f"{airflow.base}/pools/tiny", json=body, timeout=60, **signed)

        assert refused == [403, 403, 403]
        assert changed.status_code == 403

    async def test_a_wrong_password_is_unauthorized(self, airflow: AirflowServer) -> None:
        async with AirflowCollector(config_of(airflow, password="wrong")) as collector:
            with pytest.raises(UnauthorizedError):
                await collector.collect(datetime.now(UTC))


class TestBehaviour3(AirflowBehaviour):
    """After the runs above."""

    @pytest.fixture
    def dialect(self) -> Dialect:
        return V2

    @pytest.fixture
    async def http(self, airflow: AirflowServer) -> AsyncIterator[httpx.AsyncClient]:
        async with client(airflow) as found:
            yield found


class TestAirflow2:
    async def test_real_runs_retries_and_a_full_pool(self, airflow_2: AirflowServer) -> None:
        async with AirflowCollector(config_of(airflow_2)) as collector:
            await scrape(collector)
            for dag in ("woa_slow", "woa_fast", "woa_fast", "woa_fail"):
                airflow_2.trigger(dag)
            await until(lambda: all_ended(airflow_2))
            record = (await scrape(collector)).orchestrator

        the_same(record, airflow_2, "queued")
        assert record.metadata.source.versions["api"] == "v1"

    def test_the_role_may_read_what_is_needed_and_nothing_else(
        self, airflow_2: AirflowServer
    ) -> None:
        signed = airflow_2.signed(VIEWER)
        refused = [
            httpx.get(f"{airflow_2.base}/{path}", timeout=60, **signed).status_code
            for path in ("connections", "variables", "config", "eventLogs")
        ]
        body = {"name": "tiny", "slots": 9}
        changed = httpx.patch(f"{airflow_2.base}/pools/tiny", json=body, timeout=60, **signed)

        assert refused == [403, 403, 403, 403]
        assert changed.status_code == 403


class TestBehaviour2(AirflowBehaviour):
    @pytest.fixture
    def dialect(self) -> Dialect:
        return V1

    @pytest.fixture
    async def http(self, airflow_2: AirflowServer) -> AsyncIterator[httpx.AsyncClient]:
        async with client(airflow_2) as found:
            yield found


def client(server: AirflowServer) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.url, auth=AirflowAuth(config_of(server)), timeout=60)


def pid_of(server: AirflowServer, task: str) -> int:
    """The process that runs a task, as the API tells it to an administrator."""
    path = f"{server.base}/dags/~/dagRuns/~/taskInstances"
    chosen = "state=running&limit=100"
    rows = httpx.get(f"{path}?{chosen}", timeout=60, **server.signed(ADMIN))
    (found,) = [row["pid"] for row in rows.json()["task_instances"] if row["task_id"] == task]
    return int(found)
