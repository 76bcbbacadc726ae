from datetime import timedelta

import pytest

from agents.collector import CollectorError
from agents.prefect import PrefectCollector, PrefectConfig
from contracts.events import SchedulingDecision
from contracts.health import ComponentStatus
from contracts.orchestrator import OrchestratorMetrics
from contracts.worker_pool import WorkerPoolMetrics, WorkerStatus
from tests.agents.contract import NOW, CollectorContract
from tests.agents.http_faults import EVERYWHERE, FAULTS
from tests.agents.prefect.scenes import Scene, begin, busy, busy_before


class TestPrefectCollector(CollectorContract):
    def collector(self) -> PrefectCollector:
        return busy().collector

    def broken(self) -> PrefectCollector:
        scene = busy()
        scene.wire.fail(EVERYWHERE, FAULTS["refused"])
        return scene.collector


class TestWithoutMetrics(TestPrefectCollector):
    def collector(self) -> PrefectCollector:
        return busy(metrics=False).collector


class TestEmpty(TestPrefectCollector):
    """A server on which nothing was set up yet."""

    def collector(self) -> PrefectCollector:
        return Scene().collector


class TestSettings:
    def test_there_is_one_way_to_sign_in(self) -> None:
        with pytest.raises(ValueError, match="not both"):
            PrefectConfig.model_validate({"instance_id": "x", "api_key": "k", "auth_string": "a:b"})

    def test_an_auth_string_has_a_user(self) -> None:
        with pytest.raises(ValueError, match="user:password"):
            PrefectConfig.model_validate({"instance_id": "x", "auth_string": "secret"})


class TestFigures:
    @pytest.fixture
    async def record(self) -> OrchestratorMetrics:
        scene = busy()
        await scene.scrape()
        await busy_before(scene)
        return (await scene.scrape()).orchestrator

    def test_what_waits(self, record: OrchestratorMetrics) -> None:
        assert record.queuing is not None
        assert record.scheduling is not None
        assert record.queuing.backlog_size == 3
        assert record.scheduling.queue_depth == 3
        assert record.queuing.max_wait_time == 120_000
        assert (
            record.scheduling.priority_distribution == {"1": 3}
            or sum((record.scheduling.priority_distribution or {}).values()) == 3
        )

    def test_a_run_for_later_does_not_wait(self, record: OrchestratorMetrics) -> None:
        assert record.capacity is not None
        assert record.capacity.pending_workflows == 3

    def test_what_runs_and_holds_slots(self, record: OrchestratorMetrics) -> None:
        capacity = record.capacity
        assert capacity is not None
        assert (capacity.total_slots, capacity.used_slots, capacity.available_slots) == (5, 1, 4)
        assert capacity.capacity_utilization == 0.2
        assert capacity.running_workflows == 1
        assert capacity.active_workers == 2

    def test_what_ended_in_the_interval(self, record: OrchestratorMetrics) -> None:
        execution = record.execution
        assert execution is not None
        assert execution.completed_workflows == 4
        assert execution.failed_workflows == 2  # one failed, one crashed before it ran
        assert execution.canceled_workflows == 1
        assert execution.interval_s == 30

    def test_waits_are_from_due_to_running(self, record: OrchestratorMetrics) -> None:
        scheduling = record.scheduling
        assert scheduling is not None
        assert scheduling.p50_scheduling_latency == 10_000  # of 2, 3, 10, 20, 30 and 40 s
        assert scheduling.p95_scheduling_latency == 40_000
        assert scheduling.avg_scheduling_latency == pytest.approx(105_000 / 6)
        assert scheduling.latency_histogram is not None
        assert sum(scheduling.latency_histogram.counts) == 6
        assert scheduling.scheduling_throughput == 6 / 30

    def test_a_crash_before_the_run_is_a_failed_placement(
        self, record: OrchestratorMetrics
    ) -> None:
        assert record.scheduling is not None
        assert record.scheduling.scheduling_failures == 1

    def test_what_waits_for_what(self, record: OrchestratorMetrics) -> None:
        assert record.extra_metadata()["prefect"]["waitingByCause"] == {"limit": 1, "queue": 2}

    def test_full_limits_and_held_runs_contend(self, record: OrchestratorMetrics) -> None:
        assert record.scheduling is not None
        assert record.scheduling.resource_contentions == 2

    def test_the_servers_own_use(self, record: OrchestratorMetrics) -> None:
        assert record.resources is not None
        assert record.resources.memory_bytes == 250_000_000
        assert record.resources.cpu_cores == pytest.approx(0.1)
        assert record.health.restarts == 0


class TestWindows:
    async def test_an_end_counts_once(self) -> None:
        scene = busy()
        await scene.scrape()
        await busy_before(scene)
        first = (await scene.scrape()).orchestrator
        second = (await scene.scrape()).orchestrator

        assert first.execution is not None
        assert second.execution is not None
        assert first.execution.completed_workflows == 4
        assert second.execution.completed_workflows == 0

    async def test_a_worker_whose_clock_is_behind_loses_no_run(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.later(-90)
        run = await begin(scene, "daily")
        await scene.driver.state(run, "COMPLETED")
        scene.later(90)

        record = (await scene.scrape()).orchestrator

        assert record.execution is not None
        assert record.execution.completed_workflows == 1

    async def test_what_a_failed_call_missed_is_counted_by_the_next(self) -> None:
        scene = busy()
        await scene.scrape()
        await busy_before(scene)
        scene.wire.fail("flow_runs/filter", FAULTS["500"])
        await scene.scrape()
        scene.wire.heal()

        record = (await scene.scrape()).orchestrator

        assert record.execution is not None
        assert record.execution.completed_workflows == 4
        assert record.execution.interval_s == 60

    async def test_too_many_to_read_are_unknown_not_few(self) -> None:
        scene = busy(window_pages=1)
        await scene.scrape()
        for _ in range(201):
            await scene.driver.finish(await scene.driver.run(scene.runs["daily"]))

        record = (await scene.scrape()).orchestrator

        assert record.execution is not None
        assert record.execution.completed_workflows is None
        assert "window_pages" in record.metadata.unavailable["/execution/completedWorkflows"]

        scene.later(scene.config.overlap_s)
        await scene.driver.finish(await scene.driver.run(scene.runs["daily"]))
        after = (await scene.scrape()).orchestrator
        assert after.execution is not None
        assert after.execution.completed_workflows == 1

    async def test_too_many_that_wait_are_counted(self) -> None:
        scene = busy(live_pages=1)
        for _ in range(250):
            await scene.driver.run(scene.runs["daily"], due_s_ago=3)

        record = (await scene.scrape()).orchestrator

        assert record.queuing is not None
        assert record.queuing.backlog_size == 252
        assert record.queuing.max_wait_time == 90_000
        assert record.queuing.queues is not None
        assert record.queuing.queues[0].size is None
        assert "live_pages" in record.metadata.unavailable["/queuing/queues/*/size"]


class TestPools:
    async def test_workers_and_their_runs(self) -> None:
        scene = busy()
        await scene.scrape()
        await busy_before(scene)

        pools = pools_of((await scene.scrape()).pools)

        (busy_one,) = pools["ml"].workers or ()
        assert busy_one.status is WorkerStatus.ACTIVE
        assert busy_one.used_slots == 1
        (idle,) = pools["etl"].workers or ()
        assert idle.status is WorkerStatus.IDLE
        assert (idle.tasks_completed, idle.tasks_failed) == (4, 1)
        assert pools["etl"].performance.error_rate == 2 / 6

    async def test_a_full_pool_has_busy_workers(self) -> None:
        scene = busy()
        await begin(scene, "train", worker="w2")

        pools = pools_of((await scene.scrape()).pools)

        assert pools["ml"].busy_workers == 1
        assert pools["ml"].performance.utilization == 1

    async def test_a_silent_worker_has_failed_and_is_forgotten_in_time(self) -> None:
        scene = busy(forget_workers_after_s=600)
        scene.later(100)
        gone = pools_of((await scene.scrape()).pools)["etl"]
        scene.later(600)
        forgotten = pools_of((await scene.scrape()).pools)["etl"]

        assert gone.failed_workers == 1
        assert gone.pool_health.average_health == 0
        assert forgotten.total_workers == 0

    async def test_runs_without_a_worker_are_an_issue(self) -> None:
        scene = busy()
        scene.later(100)
        scene.server.mark_late()

        record = (await scene.scrape()).orchestrator

        queues = {each.name: each for each in record.health.components}["work queues"]
        assert queues.status is ComponentStatus.DEGRADED
        assert queues.issues[0].code == "no_workers"

    async def test_a_run_pending_on_a_lost_worker_is_warned_of(self) -> None:
        scene = busy()
        run = await scene.driver.run(scene.runs["daily"], worker="w1")
        await scene.driver.state(run, "PENDING")
        scene.later(700)

        record = (await scene.scrape()).orchestrator

        assert [warning for warning in record.health.warnings if run in warning]
        assert record.extra_metadata()["prefect"]["stuckRuns"] == [run]

    async def test_an_unlimited_pool_has_no_number_of_slots(self) -> None:
        scene = busy()
        await scene.driver.pool("free")

        record = (await scene.scrape()).orchestrator

        assert record.capacity is not None
        assert record.capacity.total_slots is None
        assert "free" in record.metadata.unavailable["/capacity/totalSlots"]

    async def test_a_paused_pool_offers_no_slots(self) -> None:
        scene = busy()
        scene.server.pools["ml"]["is_paused"] = True

        record = (await scene.scrape()).orchestrator

        assert record.capacity is not None
        assert record.capacity.total_slots == 3
        assert "the work pool ml is paused" in record.health.warnings


class TestDecisions:
    async def test_a_wait_is_split_by_what_was_waited_for(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.later(-30)
        run = await scene.driver.run(scene.runs["daily"], due_s_ago=10, worker="w1")
        await scene.driver.state(run, "SCHEDULED", "AwaitingConcurrencySlot")
        scene.later(8)
        await scene.driver.state(run, "SCHEDULED", "Late")
        scene.later(4)
        await scene.driver.state(run, "PENDING")
        scene.later(3)
        await scene.driver.state(run, "RUNNING")
        scene.later(15)

        batch = await scene.scrape()

        (decision,) = [each for each in batch.events if isinstance(each, SchedulingDecision)]
        assert str(decision.workflow_id) == run
        assert decision.selected_worker == "w1"
        assert decision.scheduling_latency == 22_000
        factors = decision.decision_factors
        assert (factors["limitMs"], factors["queueMs"], factors["startUpMs"]) == (8e3, 14e3, 3e3)

    async def test_no_samples_no_calls(self) -> None:
        scene = busy(decision_samples=0)
        await scene.scrape()
        await busy_before(scene)

        batch = await scene.scrape()

        assert batch.events == ()
        assert not [line for line in scene.wire.requests if "flow_run_states" in line]

    async def test_parameters_never_leave_the_server(self) -> None:
        scene = busy()
        await scene.scrape()
        await busy_before(scene)

        batch = await scene.scrape()

        assert not [each for each in batch.records() if "hunter2" in each.model_dump_json()]


class TestSigningIn:
    async def test_basic(self) -> None:
        scene = busy(auth_string="admin:s3cret")
        scene.server.password = "s3cret"

        assert (await scene.scrape()).orchestrator.health.errors == ()

    async def test_a_wrong_password_is_unauthorized(self) -> None:
        scene = busy(auth_string="admin:wrong")
        scene.server.password = "s3cret"

        with pytest.raises(CollectorError) as caught:
            await scene.scrape()

        assert caught.value.code == "unauthorized"

    async def test_a_server_that_wants_a_csrf_token_gets_one(self) -> None:
        scene = busy()
        scene.server.csrf = True

        assert (await scene.scrape()).orchestrator.health.errors == ()


async def test_a_clock_an_hour_off_changes_no_age() -> None:
    scene = busy()
    ahead = timedelta(hours=1)

    on_time = (await scene.collector.collect(NOW)).orchestrator
    # The server's clock did not move, ours went back an hour.
    scene.wire.dated(NOW)
    skewed = (await scene.collector.collect(NOW - ahead)).orchestrator

    assert on_time.queuing is not None
    assert skewed.queuing is not None
    assert skewed.queuing.backlog_size == on_time.queuing.backlog_size
    assert skewed.queuing.max_wait_time == pytest.approx(90_000, abs=2_000)
    assert skewed.extra_metadata()["prefect"]["clockSkewS"] == pytest.approx(3600, abs=2)


async def test_a_restart_is_counted() -> None:
    scene = busy()
    await scene.scrape()
    scene.server.process_start += 100
    scene.server.cpu_s = 1

    record = (await scene.scrape()).orchestrator

    assert record.health.restarts == 1
    assert record.resources is not None
    assert record.resources.cpu_cores is None


def pools_of(pools: tuple[WorkerPoolMetrics, ...]) -> dict[str, WorkerPoolMetrics]:
    return {pool.pool_name: pool for pool in pools}
