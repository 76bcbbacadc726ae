"""Tasks that run elsewhere: what we tell of workers and schedulers is what Airflow's tools tell."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from agents.airflow import AirflowCollector
from agents.collector import Batch
from contracts.coordination import StateMetrics
from contracts.events import CoordinationEvent
from contracts.worker_pool import WorkerPoolMetrics, WorkerStatus
from tests.live.airflow.distributed import DistributedAirflow
from tests.live.airflow.test_runs import config_of, scrape
from tests.live.matrix.versions import asked_version, environment_of
from tests.postgres import PostgresServer
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

LIMIT_S = 240.0


@pytest.fixture(scope="module")
def server(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DistributedAirflow]:
    """One for all tests of this file."""
    if asked_version("airflow"):
        pytest.skip("the executors are tried with the version of `make airflow` alone")
    environment = environment_of("airflow", "airflow")
    if environment is None or not (environment / "bin" / "celery").exists():
        require_or_skip("live", "there is no Airflow with the Celery executor: make airflow")
    if shutil.which("redis-server") is None:
        require_or_skip("live", "there is no redis-server: apt-get install redis-server")
    with postgres_server.empty_database() as url:
        folder = tmp_path_factory.mktemp("airflow-far")
        server = DistributedAirflow(folder, environment, database=url)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture
async def collector(server: DistributedAirflow) -> AsyncIterator[AirflowCollector]:
    async with AirflowCollector(config_of(server, parallelism=None)) as collector:
        await scrape(collector)
        yield collector


async def seen(collector: AirflowCollector, told: Callable[[Batch], bool]) -> Batch:
    """The first batch that tells it."""
    async with asyncio.timeout(LIMIT_S):
        while not told(batch := await scrape(collector)):
            await asyncio.sleep(0.5)
    return batch


def pool(batch: Batch, name: str) -> WorkerPoolMetrics:
    (found,) = [each for each in batch.pools if each.pool_name == name]
    return found


def state(batch: Batch) -> StateMetrics:
    assert batch.coordination is not None
    assert batch.coordination.state_management is not None
    return batch.coordination.state_management


def used(batch: Batch, name: str) -> int | None:
    usage = pool(batch, name).resource_usage
    return None if usage is None else usage.used_slots


def size(batch: Batch, queue: str) -> int | None:
    queuing = batch.orchestrator.queuing
    found = [each.size for each in (queuing and queuing.queues) or () if each.name == queue]
    return found[0] if found else None


async def test_two_schedulers_of_which_one_is_killed(
    server: DistributedAirflow, collector: AirflowCollector
) -> None:
    server.begin("scheduler", name="scheduler-2")
    both = await seen(collector, lambda batch: state(batch).healthy_members == 2)

    told = both.orchestrator.extra_metadata()["airflow"]["schedulers"]
    running = "SELECT id FROM job WHERE job_type = 'SchedulerJob' AND state = 'running'"
    assert {(each["job"],) for each in told} == set(server.rows(running))
    assert all(each["alive"] for each in told)

    server.kill("scheduler-2")
    one = await seen(collector, lambda batch: state(batch).healthy_members == 1)

    assert state(one).members == 2
    told = one.orchestrator.extra_metadata()["airflow"]["schedulers"]
    (lost,) = [each for each in told if not each["alive"]]
    components = {each.name: each for each in one.orchestrator.health.components}
    assert [each.code for each in components["scheduler"].issues] == ["scheduler_lost"]
    (left,) = [each for each in one.events if isinstance(each, CoordinationEvent)]
    assert (left.event_type, left.details["job"]) == ("scheduler_left", lost["job"])


async def test_a_celery_worker_is_full_and_killed(
    server: DistributedAirflow, collector: AirflowCollector
) -> None:
    server.begin_celery()
    server.trigger("woa_celery")
    full = await seen(
        collector,
        lambda batch: used(batch, "default") == 2 and size(batch, "default") == 1,
    )

    (worker,) = pool(full, "default").workers or ()
    assert (worker.status, worker.used_slots, worker.total_slots) == (WorkerStatus.BUSY, 2, 2)
    (listed,) = server.cli_json("celery", "list-workers")
    assert listed["worker_name"].endswith(f"@{worker.hostname}")

    server.kill("celery")
    gone = await seen(collector, lambda batch: pool(batch, "default").total_workers == 0)

    assert pool(gone, "default").workers == ()
    assert size(gone, "default") == 1
    server.begin_celery()
    server.let_go("celery")
    ended = await seen(
        collector,
        lambda batch: bool((each := batch.orchestrator.execution) and each.failed_workflows),
    )
    assert ended.orchestrator.execution is not None
    assert ended.orchestrator.execution.failed_workflows == 1
    assert server.states("woa_celery") == ["failed"]


async def test_an_edge_worker_works_and_is_killed(
    server: DistributedAirflow, collector: AirflowCollector
) -> None:
    server.begin_edge()
    await seen(collector, lambda batch: pool(batch, "edge").idle_workers == 1)
    server.trigger("woa_edge")
    works = await seen(
        collector,
        lambda batch: any(each.current_task for each in pool(batch, "edge").workers or ()),
    )

    (worker,) = pool(works, "edge").workers or ()
    assert (worker.status, worker.used_slots, worker.total_slots) == (WorkerStatus.ACTIVE, 1, 2)
    assert worker.current_task is not None
    assert worker.current_task.endswith("/held#1")
    (listed,) = server.cli_json("edge", "list-workers")
    assert (listed["worker_name"], listed["state"]) == (worker.hostname, "running")
    queuing = works.orchestrator.queuing
    queues = {each.name: each for each in (queuing and queuing.queues) or ()}
    assert queues["EdgeExecutor/far"].consumers == 1

    server.kill("edge")
    lost = await seen(collector, lambda batch: pool(batch, "edge").failed_workers == 1)

    (worker,) = pool(lost, "edge").workers or ()
    assert worker.status is WorkerStatus.FAILED
    (listed,) = server.cli_json("edge", "list-workers")
    assert listed["state"] == "unknown"
