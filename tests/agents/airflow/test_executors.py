"""Pools, workers and schedulers, by executor."""

import pytest

from contracts.events import CoordinationEvent
from contracts.health import ComponentStatus
from contracts.worker_pool import WorkerPoolMetrics, WorkerStatus
from tests.agents.airflow.scenes import Scene, busy, meanwhile


class TestPools:
    async def test_with_the_local_executor_tasks_run_beside_the_scheduler(self) -> None:
        scene = busy(executor="local", parallelism=2)

        pools = pools_of((await scene.scrape()).pools)

        (worker,) = pools["local"].workers or ()
        assert worker.status is WorkerStatus.ACTIVE
        assert (worker.used_slots, worker.total_slots) == (1, 2)
        assert worker.current_task == "etl/r2/a#1"
        assert worker.uptime == 3600

    async def test_hosts_that_are_only_seen_are_an_estimate(self) -> None:
        scene = busy(executor="celery")
        scene.server.task("r2", "x", "running", queue="gpu", hostname="host-9", start_date=scene.at)

        pools = pools_of((await scene.scrape()).pools)

        assert pools.keys() == {"default", "gpu"}
        assert pools["gpu"].total_workers == 1
        assert pools["gpu"].idle_workers is None
        assert "/totalWorkers" in pools["gpu"].metadata.estimated

    async def test_a_triggerer_is_a_pool_of_its_own(self) -> None:
        scene = busy()
        scene.server.triggerer(9, "host-3")

        pools = pools_of((await scene.scrape()).pools)

        assert pools["triggerer"].total_workers == 1

    async def test_tasks_are_counted_by_host(self) -> None:
        scene = busy(executor="local", parallelism=4)
        await scene.scrape()
        meanwhile(scene)

        pools = pools_of((await scene.scrape()).pools)

        (worker,) = pools["local"].workers or ()
        assert (worker.tasks_completed, worker.tasks_failed) == (2, 2)

    async def test_of_several_executors_each_has_its_own(self) -> None:
        scene = busy(executor="local", parallelism=4)
        elsewhere = {"executor": "CeleryExecutor", "hostname": "host-9", "start_date": scene.at}
        scene.server.task("r2", "x", "running", queue="gpu", **elsewhere)

        pools = pools_of((await scene.scrape()).pools)

        assert pools.keys() == {"local", "CeleryExecutor/gpu"}
        assert pools["CeleryExecutor/gpu"].worker_type == "celery-executor"
        assert pools["local"].resource_usage is not None
        assert pools["local"].resource_usage.used_slots == 1  # a, not x

    async def test_two_schedulers_of_one_host_have_the_slots_of_both(self) -> None:
        scene = busy(executor="local", parallelism=4)
        scene.server.scheduler(2)

        pools = pools_of((await scene.scrape()).pools)

        (worker,) = pools["local"].workers or ()
        assert worker.total_slots == 8

    async def test_a_celery_worker_is_full_where_its_slots_are_known(self) -> None:
        scene = busy(executor="celery", worker_concurrency=1)

        pools = pools_of((await scene.scrape()).pools)

        (worker,) = pools["default"].workers or ()
        assert (worker.status, worker.total_slots) == (WorkerStatus.BUSY, 1)
        assert pools["default"].resource_usage is not None
        assert pools["default"].resource_usage.total_slots is None
        assert "not seen" in pools["default"].metadata.unavailable["/resourceUsage/totalSlots"]

    async def test_each_task_of_the_kubernetes_executor_is_a_pod(self) -> None:
        scene = busy(executor="kubernetes")
        scene.server.task("r2", "x", "running", hostname="etl-x-7f3k", start_date=scene.at)

        pools = pools_of((await scene.scrape()).pools)

        pool = pools["default"]
        assert (pool.total_workers, pool.busy_workers, pool.idle_workers) == (2, 2, 0)
        assert {each.hostname for each in pool.workers or ()} == {"host-1", "etl-x-7f3k"}
        assert pool.resource_usage is not None
        assert (pool.resource_usage.used_slots, pool.resource_usage.total_slots) == (2, None)

    async def test_hosts_of_ten_thousand_tasks_are_not_all_kept(self) -> None:
        scene = busy(executor="kubernetes", window_pages=100)
        await scene.scrape()
        for number in range(1_200):
            scene.ended(f"m{number}", "t", scheduled_when=3, queued_when=2, start_date=1)
            scene.server.task(f"m{number}", "t", "success", hostname=f"pod-{number}")
        await scene.scrape()

        assert len(scene.collector._memory.totals.completed) == 1_000


class TestEdge:
    """What runs on the workers that the Edge provider lists."""

    @pytest.fixture
    def scene(self) -> Scene:
        scene = busy(executor="edge")
        server = scene.server
        server.edge_worker("full", "idle", queues=["default"])  # of its last heartbeat
        server.edge_worker("part", "running")
        server.edge_worker("free", "idle", queues=["gpu"])
        server.edge_worker("ending", "terminating")
        server.edge_worker("silent", "unknown", last_heartbeat=scene.ago(120))
        server.edge_worker("ended", "offline")
        server.edge_worker("forgotten", "unknown", last_heartbeat=scene.ago(7200))
        task = {"dag_id": "etl", "run_id": "r2", "task_id": "a", "map_index": -1, "try_number": 1}
        server.edge_jobs = [
            {**task, "state": "running", "edge_worker": worker}
            for worker in ("full", "full", "part", "ending")
        ]
        server.edge_jobs.append({**task, "state": "success", "edge_worker": "free"})
        return scene

    async def test_workers_are_listed_with_what_they_say(self, scene: Scene) -> None:
        pool = pools_of((await scene.scrape()).pools)["edge"]

        workers = {each.hostname: each for each in pool.workers or ()}
        assert {name: each.status for name, each in workers.items()} == {
            "full": WorkerStatus.BUSY,
            "part": WorkerStatus.ACTIVE,
            "free": WorkerStatus.IDLE,
            "ending": WorkerStatus.TERMINATING,
            "silent": WorkerStatus.FAILED,
        }
        assert (workers["part"].current_task, workers["free"].current_task) == ("etl/r2/a#1", None)
        assert (pool.total_workers, pool.failed_workers) == (5, 1)
        assert pool.resource_usage is not None
        assert (pool.resource_usage.used_slots, pool.resource_usage.total_slots) == (4, 8)

    async def test_a_queue_has_those_that_take_from_it(self, scene: Scene) -> None:
        scene.server.task("r2", "x", "queued", queue="gpu", queued_when=scene.at)

        record = (await scene.scrape()).orchestrator

        assert record.queuing is not None
        queues = {each.name: each for each in record.queuing.queues or ()}
        assert queues["default"].consumers == 2  # full, and part, which takes from all
        assert queues["gpu"].consumers == 2  # part and free
        assert queues["pool:tiny"].consumers is None

    async def test_loads_are_those_of_the_workers(self, scene: Scene) -> None:
        (balance,) = (await scene.scrape()).load_balancing

        assert balance.distribution is not None
        assert balance.distribution.worker_loads == {
            "edge/full": 2,
            "edge/part": 1,
            "edge/free": 0,
            "edge/ending": 1,
        }

    async def test_without_the_provider_they_are_unknown(self) -> None:
        batch = await busy(executor="edge").scrape()

        pool = pools_of(batch.pools)["edge"]
        assert pool.workers is None
        assert [error.source for error in batch.orchestrator.health.errors] == [
            "edge workers",
            "edge jobs",
        ]

    async def test_of_version_2_workers_are_only_seen(self) -> None:
        batch = await busy("2.11.2", executor="edge").scrape()

        assert pools_of(batch.pools).keys() == {"default"}
        assert batch.orchestrator.health.errors == ()


class TestSchedulers:
    async def test_one_that_is_not_heard_of_is_told(self) -> None:
        scene = busy(executor="local", parallelism=4)
        scene.server.scheduler(2, "host-2")
        scene.server.schedulers[-1]["latest_heartbeat"] = scene.ago(45)

        batch = await scene.scrape()

        record = batch.orchestrator
        assert batch.coordination is not None
        assert batch.coordination.state_management is not None
        state = batch.coordination.state_management
        assert (state.members, state.healthy_members) == (2, 1)
        scheduler = {each.name: each for each in record.health.components}["scheduler"]
        assert scheduler.status is ComponentStatus.DEGRADED
        assert [each.code for each in scheduler.issues] == ["scheduler_lost"]
        told = record.extra_metadata()["airflow"]["schedulers"]
        assert [(each["job"], each["alive"]) for each in told] == [(1, True), (2, False)]
        assert told[1]["heartbeatAgeS"] == 45
        workers = {each.hostname: each for each in pools_of(batch.pools)["local"].workers or ()}
        assert workers["host-2"].status is WorkerStatus.FAILED
        assert record.capacity is not None
        assert record.capacity.total_slots == 4  # of the one that lives

    async def test_those_that_ended_long_ago_hide_none(self) -> None:
        scene = busy()
        alive = scene.server.schedulers.pop()
        for number in range(150):
            scene.server.scheduler(100 + number)
            scene.server.schedulers[-1] |= {"state": "failed", "latest_heartbeat": scene.ago(9_000)}
        scene.server.schedulers.append(alive)

        batch = await scene.scrape()

        assert batch.coordination is not None
        assert batch.coordination.state_management is not None
        assert batch.coordination.state_management.members == 1

    async def test_one_that_joins_is_an_event(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.server.scheduler(2, "host-2", started_s_ago=3)

        batch = await scene.scrape()

        (event,) = [each for each in batch.events if isinstance(each, CoordinationEvent)]
        assert (event.event_type, event.participants) == ("scheduler_joined", ("host-2",))
        assert batch.coordination is not None
        assert batch.coordination.state_management is not None
        assert batch.coordination.state_management.members == 2
        assert batch.orchestrator.health.restarts == 1

    async def test_one_that_is_gone_is_an_event(self) -> None:
        scene = busy()
        scene.server.scheduler(2, "host-2")
        await scene.scrape()
        scene.server.schedulers.pop()

        batch = await scene.scrape()

        (event,) = [each for each in batch.events if isinstance(each, CoordinationEvent)]
        assert event.event_type == "scheduler_left"

    async def test_an_unhealthy_one_is_told(self) -> None:
        scene = busy()
        scene.server.unhealthy.add("scheduler")

        record = (await scene.scrape()).orchestrator

        scheduler = {each.name: each for each in record.health.components}["scheduler"]
        assert scheduler.status is ComponentStatus.UNHEALTHY

    async def test_what_never_ran_is_absent_not_unhealthy(self) -> None:
        record = (await busy().scrape()).orchestrator

        triggerer = {each.name: each for each in record.health.components}["triggerer"]
        assert triggerer.status is None


def pools_of(pools: tuple[WorkerPoolMetrics, ...]) -> dict[str, WorkerPoolMetrics]:
    return {pool.pool_name: pool for pool in pools}
