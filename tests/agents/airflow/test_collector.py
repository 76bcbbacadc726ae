from datetime import timedelta

import pytest

from agents.airflow import AirflowCollector, AirflowConfig
from agents.collector import UnauthorizedError
from contracts.events import SchedulingDecision
from contracts.orchestrator import OrchestratorMetrics
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
