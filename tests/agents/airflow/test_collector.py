from datetime import timedelta

import pytest

from agents.airflow import AirflowCollector, AirflowConfig
from agents.collector import UnauthorizedError
from contracts.events import CoordinationEvent, SchedulingDecision
from contracts.health import ComponentStatus
from contracts.orchestrator import OrchestratorMetrics
from contracts.worker_pool import WorkerPoolMetrics, WorkerStatus
from tests.agents.airflow.scenes import Scene, busy, meanwhile
from tests.agents.contract import NOW, CollectorContract
from tests.agents.http_faults import EVERYWHERE, FAULTS


class TestAirflow3(CollectorContract):
    def collector(self) -> AirflowCollector:
        return busy().collector

    def broken(self) -> AirflowCollector:
        scene = busy()
        scene.wire.fail(EVERYWHERE, FAULTS["refused"])
        return scene.collector


class TestLocalExecutor(TestAirflow3):
    def collector(self) -> AirflowCollector:
        return busy(executor="local", parallelism=4).collector


class TestAirflow2(TestAirflow3):
    def collector(self) -> AirflowCollector:
        return busy("2.11.2").collector


class TestEmpty(TestAirflow3):
    """A server on which nothing ever ran."""

    def collector(self) -> AirflowCollector:
        return Scene().collector


class TestSettings:
    def test_there_is_one_way_to_sign_in(self) -> None:
        with pytest.raises(ValueError, match="not both"):
            AirflowConfig.model_validate(
                {"instance_id": "x", "token": "t", "username": "u", "password": "p"}
            )

    def test_a_username_needs_a_password(self) -> None:
        with pytest.raises(ValueError, match="go together"):
            AirflowConfig.model_validate({"instance_id": "x", "username": "u"})


class TestFigures:
    @pytest.fixture
    async def record(self) -> OrchestratorMetrics:
        scene = busy(executor="local", parallelism=4)
        await scene.scrape()
        meanwhile(scene)
        return (await scene.scrape()).orchestrator

    def test_what_waits(self, record: OrchestratorMetrics) -> None:
        assert record.scheduling is not None
        assert record.queuing is not None
        assert record.scheduling.queue_depth == 2  # c scheduled, d queued
        assert record.queuing.backlog_size == 2
        assert record.queuing.max_wait_time == 55_000
        assert record.scheduling.priority_distribution == {"1": 2}

    def test_slots_are_those_of_the_executor(self, record: OrchestratorMetrics) -> None:
        capacity = record.capacity
        assert capacity is not None
        assert (capacity.total_slots, capacity.used_slots) == (4, 2)
        assert "/capacity/totalSlots" not in record.metadata.estimated

    def test_what_started(self, record: OrchestratorMetrics) -> None:
        scheduling = record.scheduling
        assert scheduling is not None
        # e waited 10 s, f 1 s, g 2 s, b 64 s; a had started before, h never ran, i was skipped.
        assert scheduling.scheduling_throughput == 4 / 30
        assert scheduling.p50_scheduling_latency == 2_000
        assert scheduling.p95_scheduling_latency == 64_000
        assert scheduling.avg_scheduling_latency == 77_000 / 4
        assert scheduling.scheduling_failures == 1

    def test_a_wait_is_told_by_its_cause(self, record: OrchestratorMetrics) -> None:
        latency = record.extra_metadata()["airflow"]["latency"]
        assert latency["poolWait"]["count"] == 1
        assert latency["poolWait"]["maxMs"] == 63_000
        assert (latency["scheduler"]["count"], latency["scheduler"]["maxMs"]) == (3, 2_000)
        assert (latency["executor"]["count"], latency["executor"]["maxMs"]) == (4, 8_000)
        assert (latency["runDelay"]["count"], latency["runDelay"]["maxMs"]) == (2, 3_000)

    def test_runs_that_ended(self, record: OrchestratorMetrics) -> None:
        execution = record.execution
        assert execution is not None
        assert (execution.completed_workflows, execution.failed_workflows) == (1, 1)
        assert execution.avg_duration == 15_000
        assert execution.interval_s == 30

    def test_runs_that_wait_and_run(self, record: OrchestratorMetrics) -> None:
        assert record.capacity is not None
        assert record.capacity.pending_workflows == 1
        assert record.capacity.running_workflows == 1

    def test_a_full_pool_is_a_contention_and_a_warning(self, record: OrchestratorMetrics) -> None:
        assert record.scheduling is not None
        assert record.scheduling.resource_contentions == 1
        assert any("the pool tiny is full" in warning for warning in record.health.warnings)

    def test_pools_are_queues_too(self, record: OrchestratorMetrics) -> None:
        assert record.queuing is not None
        queues = {queue.name: queue for queue in record.queuing.queues or ()}
        assert {"default", "pool:tiny", "pool:default_pool", "pool:endless"} == queues.keys()
        assert queues["pool:tiny"].size == 1
        assert queues["pool:tiny"].in_flight == 1
        assert queues["default"].size == 2
        assert queues["default"].error_rate == 3 / 5


class TestWindows:
    async def test_what_ended_counts_once(self) -> None:
        scene = busy()
        await scene.scrape()
        meanwhile(scene)
        await scene.scrape()

        record = (await scene.scrape()).orchestrator

        assert record.execution is not None
        assert record.execution.completed_workflows == 0
        assert record.scheduling is not None
        assert record.scheduling.scheduling_throughput == 0

    async def test_a_duration_that_is_wrong_is_not_believed(self) -> None:
        scene = busy("3.2.1")
        await scene.scrape()
        scene.ended("r9", "x", scheduled_when=12, queued_when=11, start_date=10)
        scene.server.task("r9", "x", "success", duration=-41.5)

        record = (await scene.scrape()).orchestrator

        queues = {each.name: each for each in (record.queuing and record.queuing.queues) or ()}
        assert queues["default"].avg_processing_time == 10_000

    async def test_a_task_that_goes_on_starts_once(self) -> None:
        scene = busy()
        for _ in range(10):
            record = (await scene.scrape()).orchestrator

        assert record.scheduling is not None
        assert record.scheduling.scheduling_throughput == 0

    async def test_a_retry_that_waits_has_not_started(self) -> None:
        scene = busy()
        await scene.scrape()
        times = {"scheduled_when": scene.ago(2), "queued_when": scene.ago(1)}
        scene.server.task("r2", "z", "queued", try_number=2, start_date=scene.ago(9), **times)
        waiting = (await scene.scrape()).orchestrator
        begun = {"queued_when": scene.ago(3), "start_date": scene.ago(2)}
        scene.server.task("r2", "z", "running", hostname="host-1", **begun)

        record = (await scene.scrape()).orchestrator

        assert waiting.scheduling is not None
        assert record.scheduling is not None
        assert record.execution is not None
        assert waiting.scheduling.scheduling_throughput == 0
        assert record.scheduling.scheduling_throughput == 1 / 30
        assert record.execution.retried_tasks == 1

    async def test_what_a_failed_call_missed_is_counted_by_the_next(self) -> None:
        scene = busy()
        await scene.scrape()
        meanwhile(scene)
        scene.wire.fail("taskInstances|dagRuns", FAULTS["500"])
        await scene.scrape()
        scene.wire.heal()

        record = (await scene.scrape()).orchestrator

        assert record.execution is not None
        assert record.execution.completed_workflows == 1
        assert record.execution.interval_s == 60

    @pytest.mark.parametrize("version", ["3.3.2", "3.1.8", "2.11.2"])
    async def test_many_pages_are_read_to_the_end(self, version: str) -> None:
        scene = busy(version)
        await scene.scrape()
        for number in range(250):
            scene.ended(f"m{number}", "t", scheduled_when=3, queued_when=2, start_date=1)

        record = (await scene.scrape()).orchestrator

        assert record.extra_metadata()["airflow"]["endedByState"]["success"] == 250

    async def test_too_many_to_read_are_unknown_not_few(self) -> None:
        scene = busy(window_pages=1)
        await scene.scrape()
        for number in range(150):
            scene.ended(f"m{number}", "t", scheduled_when=3, queued_when=2, start_date=1)

        record = (await scene.scrape()).orchestrator

        assert record.scheduling is not None
        assert record.scheduling.scheduling_throughput is None
        assert "window_pages" in record.metadata.unavailable["/scheduling/schedulingThroughput"]

    async def test_too_many_that_wait_are_counted(self) -> None:
        scene = busy(live_pages=1)
        for number in range(120):
            scene.server.task(f"m{number}", "t", "scheduled", scheduled_when=scene.ago(9))

        record = (await scene.scrape()).orchestrator

        assert record.scheduling is not None
        assert record.scheduling.queue_depth == 123
        assert record.queuing is not None
        assert record.queuing.queues is None
        assert "live_pages" in record.metadata.unavailable["/queuing/queues"]


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


class TestDecisions:
    async def test_each_start_is_one(self) -> None:
        scene = busy()
        await scene.scrape()
        meanwhile(scene)

        events = (await scene.scrape()).events

        decisions = {
            str(each.decision_factors["task"]): each
            for each in events
            if isinstance(each, SchedulingDecision)
        }
        assert decisions.keys() == {"b", "e", "f", "g"}
        assert decisions["b"].selected_worker == "host-2"
        assert decisions["b"].decision_factors["heldByPool"] is True
        assert decisions["b"].scheduling_latency == 63_000
        assert decisions["e"].queue_time == 10_000
        assert decisions["e"].decision_factors["heldByPool"] is False

    async def test_no_secret_leaves_the_server(self) -> None:
        scene = busy()
        await scene.scrape()
        meanwhile(scene)

        batch = await scene.scrape()

        assert not [each for each in batch.records() if "hunter2" in each.model_dump_json()]


class TestVersion2:
    async def test_what_it_cannot_tell_says_so(self) -> None:
        scene = busy("2.11.2")
        await scene.scrape()
        meanwhile(scene)

        record = (await scene.scrape()).orchestrator

        assert record.metadata.source.versions == {"airflow": "2.11.2", "api": "v1"}
        assert record.health.errors == ()
        assert "Airflow 2" in record.metadata.unavailable["/health/uptime"]
        assert record.scheduling is not None
        assert record.scheduling.p95_scheduling_latency == 8_000  # from queued: more is not told
        assert record.extra_metadata()["airflow"]["latency"]["scheduler"]["count"] is None

    async def test_a_server_is_upgraded_under_our_eyes(self) -> None:
        scene = busy("2.11.2")
        await scene.scrape()
        scene.server.version = "3.3.2"

        record = (await scene.scrape()).orchestrator

        assert record.metadata.source.versions == {"airflow": "3.3.2", "api": "v2"}
        assert record.health.errors == ()


class TestSigningIn:
    async def test_a_token_is_got_once(self) -> None:
        scene = busy()
        await scene.scrape()
        await scene.scrape()

        assert scene.wire.requests.count("POST /auth/token") == 1

    async def test_a_token_that_expired_is_got_again(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.server.tokens.clear()
        scene.server.tokens.add("somebody else's")

        record = (await scene.scrape()).orchestrator

        assert record.health.errors == ()
        assert scene.wire.requests.count("POST /auth/token") == 2

    @pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
    async def test_a_wrong_password_is_unauthorized(self, version: str) -> None:
        scene = busy(version, password="wrong")

        with pytest.raises(UnauthorizedError):
            await scene.scrape()

    async def test_a_token_made_elsewhere_is_used_as_it_is(self) -> None:
        scene = Scene({"username": None, "password": None, "token": "made-elsewhere"})
        scene.server.tokens.add("made-elsewhere")

        record = (await scene.scrape()).orchestrator

        assert record.health.errors == ()
        assert "POST /auth/token" not in scene.wire.requests


async def test_a_clock_an_hour_off_changes_no_age() -> None:
    scene = busy()
    scene.wire.dated(NOW)

    record = (await scene.collector.collect(NOW - timedelta(hours=1))).orchestrator

    assert record.queuing is not None
    assert record.queuing.max_wait_time == pytest.approx(35_000, abs=2_000)
    assert record.extra_metadata()["airflow"]["clockSkewS"] == pytest.approx(3600, abs=2)


def pools_of(pools: tuple[WorkerPoolMetrics, ...]) -> dict[str, WorkerPoolMetrics]:
    return {pool.pool_name: pool for pool in pools}
