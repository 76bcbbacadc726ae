import asyncio
import base64
import gzip
import json
from datetime import timedelta
from typing import Any

import pytest

from agents.argo import ArgoCollector
from agents.collector import CollectorError
from contracts.events import SchedulingDecision
from contracts.health import ComponentStatus
from contracts.orchestrator import OrchestratorMetrics, QueueInfo
from contracts.worker_pool import WorkerStatus
from tests.agents.argo.scenes import (
    EXPOSED,
    LEASES,
    METRICS,
    PODS,
    SERVER,
    SETTINGS,
    WORKFLOWS,
    Scene,
    busy,
    iso,
    waiting,
)
from tests.agents.contract import (
    CollectorContract,
    assert_null,
    changed_to_something,
    records_of,
    unexplained_nulls,
)
from tests.agents.http_faults import EVERYWHERE, FAULTS

BESIDE = {"controller_metrics_url": METRICS, "server_url": SERVER}


class TestArgoCollector(CollectorContract):
    def collector(self) -> ArgoCollector:
        return busy(**BESIDE).collector

    def broken(self) -> ArgoCollector:
        scene = busy()
        scene.wire.fail(EVERYWHERE, FAULTS["refused"])
        return scene.collector


class TestEmpty(TestArgoCollector):
    """A controller without workflows."""

    def collector(self) -> ArgoCollector:
        return Scene().collector


async def scraped(scene: Scene) -> OrchestratorMetrics:
    record = (await scene.scrape()).orchestrator
    await scene.collector.aclose()
    return record


def details(record: OrchestratorMetrics) -> dict[str, Any]:
    found: dict[str, Any] = record.extra_metadata()["argo"]
    return found


def queues(record: OrchestratorMetrics) -> dict[str, QueueInfo]:
    assert record.queuing is not None
    return {each.name: each for each in record.queuing.queues or ()}


class TestWhatWaits:
    async def test_each_by_its_cause(self) -> None:
        record = await scraped(busy())

        assert details(record)["waitingByCause"] == {"controller": 1, "limit": 1, "lock": 1}
        assert record.queuing is not None
        assert record.queuing.backlog_size == 3
        assert record.queuing.max_wait_time == pytest.approx(40_000)

    async def test_what_is_paused_counts_against_the_limit_and_does_not_run(self) -> None:
        record = await scraped(busy())

        capacity = record.capacity
        assert capacity is not None
        assert (capacity.total_slots, capacity.used_slots, capacity.available_slots) == (2, 2, 0)
        assert capacity.running_workflows == 1
        assert capacity.capacity_utilization == 1.0
        assert details(record)["suspended"] == 1

    async def test_without_a_limit_there_are_no_slots(self) -> None:
        scene = busy()
        scene.server.settings = {}
        record = await scraped(scene)

        assert_null(record, ("/capacity/totalSlots", "/capacity/capacityUtilization"))
        assert "parallelism" in record.metadata.unavailable["/capacity/totalSlots"]

    @pytest.mark.parametrize(
        ("data", "slots"),
        [
            ({"config": "parallelism: 7\nother: {}\n"}, 7),
            ({"parallelism": "9", "namespaceParallelism": "4"}, 4),
            ({"namespaceParallelism": "4"}, 4),
        ],
    )
    async def test_limits_are_read_in_each_way_they_are_written(
        self, data: dict[str, str], slots: int
    ) -> None:
        scene = Scene({"namespace": "jobs"})
        scene.server.objects[WORKFLOWS.replace("/workflows", "/namespaces/jobs/workflows")] = {}
        scene.server.objects["/api/v1/namespaces/jobs/pods"] = {}
        scene.server.settings = data
        record = await scraped(scene)

        assert record.capacity is not None
        assert record.capacity.total_slots == slots

    async def test_a_limit_that_is_no_number_is_unknown(self) -> None:
        scene = busy()
        scene.server.settings = {"parallelism": "many"}
        record = await scraped(scene)

        assert "cannot be read" in record.metadata.unavailable["/capacity/totalSlots"]

    async def test_a_lock_is_a_queue(self) -> None:
        lock = queues(await scraped(busy()))["lock/jobs/Mutex/build"]

        assert (lock.size, lock.in_flight, lock.consumers) == (1, 1, 1)

    async def test_pods_that_suit_no_node_are_an_issue(self) -> None:
        record = await scraped(busy())

        parts = {each.name: each for each in record.health.components}
        assert parts["pods"].status is ComponentStatus.DEGRADED
        assert record.scheduling is not None
        assert record.scheduling.resource_contentions == 1
        assert queues(record)["pods"].size == 1


class TestWhatHappened:
    async def test_waits_are_told_by_what_they_were_for(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.workflow("new", "", 0)
        await scene.heard()
        scene.workflow("new", "Pending", waits=["build"], message=waiting("build"))
        await scene.heard()
        scene.seconds += 20
        scene.workflow("new", "Running", holds=["build"], nodes=["Pending"])
        began = scene.at
        scene.workflow("for-its-turn", "Running", begun=iso(began))
        batch = await scene.scrape()
        await scene.collector.aclose()

        record = batch.orchestrator
        told = details(record)["latency"]
        assert told["lock"]["maxMs"] == pytest.approx(20_000)  # by our clock: it was seen to come
        assert told["limit"]["maxMs"] == pytest.approx(55_000)  # by the server's, in whole seconds
        assert details(record)["latencyByWatch"] == 1
        assert record.scheduling is not None
        assert record.scheduling.scheduling_throughput == 2 / 15
        assert batch.coordination is not None
        locking = batch.coordination.distributed_locking
        assert locking is not None
        assert locking.lock_wait_time == pytest.approx(20_000)
        assert locking.lock_contentions == 1

    async def test_ends_count_once_even_when_the_workflow_is_deleted(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.workflow("runs", "Failed", finishedAt=iso(scene.at + timedelta(seconds=10)))
        scene.workflow("quick", "Succeeded", finishedAt=iso(scene.at))
        await scene.heard()
        scene.server.delete(WORKFLOWS, "jobs/quick")
        first = (await scene.scrape()).orchestrator.execution
        second = (await scene.scrape()).orchestrator.execution
        await scene.collector.aclose()

        assert first is not None
        assert second is not None
        assert (first.completed_workflows, first.failed_workflows) == (1, 1)
        assert (second.completed_workflows, second.failed_workflows) == (0, 0)

    async def test_an_error_is_a_failure(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.workflow("runs", "Error", finishedAt=iso(scene.at))
        record = await scraped(scene)

        assert record.capacity is not None
        assert record.capacity.failed_workflows == 1

    async def test_steps_that_ended_and_were_tried_again(self) -> None:
        scene = busy()
        await scene.scrape()
        retried = {"nodeFlag": {"retried": True}, "type": "Pod", "phase": "Failed"}
        scene.workflow("runs", "Running", nodes=["Succeeded", "Running"])
        body = scene.server.objects[WORKFLOWS]["jobs/runs"]
        body["status"]["nodes"]["9"] = retried
        scene.server.put(WORKFLOWS, body)
        record = await scraped(scene)

        assert record.execution is not None
        assert record.execution.retried_tasks == 1
        assert (details(record)["stepsSucceeded"], details(record)["stepsFailed"]) == (1, 1)

    async def test_a_placed_pod_is_a_decision(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.pod("runs-3", "runs", None, "Pending")
        await scene.heard()
        scene.seconds += 0.5
        scene.pod("runs-3", "runs", "n1", "Running")
        batch = await scene.scrape()
        await scene.collector.aclose()

        (decision,) = [each for each in batch.events if isinstance(each, SchedulingDecision)]
        assert decision.queue_time == pytest.approx(500)
        assert decision.selected_worker == "n1"
        assert decision.decision_factors["workflow"] == "jobs/runs"

    async def test_steps_at_work_are_workers_of_their_namespace(self) -> None:
        batch = await (scene := busy()).scrape()
        await scene.collector.aclose()

        (pool,) = batch.pools
        (worker,) = pool.workers or ()
        assert (pool.pool_name, pool.busy_workers) == ("jobs", 1)
        assert (worker.hostname, worker.current_task) == ("n1", "runs")
        assert worker.status is WorkerStatus.BUSY


class TestSteps:
    """Where a workflow is large its steps are packed, or not in it at all."""

    async def one(self, **status: Any) -> OrchestratorMetrics:
        scene = Scene()
        scene.workflow("large", "Running", **status)
        return await scraped(scene)

    async def test_packed_steps_are_read(self) -> None:
        paused = {"a": {"type": "Suspend", "phase": "Running"}}
        packed = base64.b64encode(gzip.compress(json.dumps(paused).encode())).decode()
        record = await self.one(compressedNodes=packed)

        assert details(record)["suspended"] == 1

    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            ({"offloadNodeStatusVersion": "fnv:1"}, "its steps are in Argo's database"),
            ({"compressedNodes": base64.b64encode(b"\x28\xb5\x2f\xfdxx").decode()}, "zstd"),
            ({"compressedNodes": base64.b64encode(b"hello").decode()}, "not known"),
            ({"compressedNodes": base64.b64encode(b"\x1f\x8bxx").decode()}, "cannot be unpacked"),
        ],
    )
    async def test_steps_that_cannot_be_read_are_a_warning(
        self, status: dict[str, str], reason: str
    ) -> None:
        record = await self.one(**status)

        assert "/capacity/runningWorkflows" in record.metadata.estimated
        (warning,) = record.health.warnings
        assert warning.startswith("1 workflows: ")
        assert reason in warning


class TestController:
    async def test_a_lease_that_ran_out(self) -> None:
        scene = busy()
        scene.lease(age_s=40)
        batch = await scene.scrape()
        await scene.collector.aclose()

        parts = {each.name: each for each in batch.orchestrator.health.components}
        assert parts["workflow-controller"].status is ComponentStatus.UNHEALTHY
        assert batch.coordination is not None
        assert batch.coordination.leader_election is not None
        assert batch.coordination.leader_election.current_leader is None

    async def test_without_a_lease_the_metrics_tell_whether_it_lives(self) -> None:
        scene = busy(**BESIDE)
        scene.server.delete(LEASES, "/workflow-controller")
        told = await scraped(scene)
        blind = busy()
        blind.server.delete(LEASES, "/workflow-controller")
        untold = await scraped(blind)

        assert told.health.components[0].status is ComponentStatus.HEALTHY
        assert untold.health.components[0].status is None

    async def test_its_queues_and_errors(self) -> None:
        scene = busy(**BESIDE)
        await scene.scrape()
        scene.server.exposed = EXPOSED.format(panics=1, looked=40, looked_s=4)
        record = await scraped(scene)

        queue = queues(record)["controller/workflow_queue"]
        assert (queue.size, queue.in_flight) == (4, 3)
        assert queue.arrival_rate == pytest.approx(30 / 15)
        assert queue.avg_processing_time == pytest.approx(100)
        controller = record.health.components[0]
        assert controller.latency == pytest.approx(100)
        assert controller.error_rate == pytest.approx(1 / 30)

    async def test_names_of_older_versions(self) -> None:
        scene = busy(**BESIDE)
        scene.server.exposed = (
            'argo_workflows_count{status="Running"} 2\n'
            'argo_workflows_queue_depth_count{queue_name="workflow_queue"} 6\n'
            'argo_workflows_workers_busy{worker_type="workflow_queue"} 1\n'
        )
        record = await scraped(scene)

        queue = queues(record)["controller/workflow_queue"]
        assert (queue.size, queue.in_flight) == (6, 1)
        assert details(record)["metricNames"] == "3.5 and before"

    async def test_a_restarted_controller_counts_anew_and_nothing_is_negative(self) -> None:
        scene = busy(**BESIDE)
        await scene.scrape()
        scene.server.exposed = EXPOSED.format(panics=0, looked=2, looked_s=0.1)
        record = await scraped(scene)

        assert queues(record)["controller/workflow_queue"].arrival_rate is None
        assert record.health.components[0].error_rate is None

    async def test_another_leader_is_an_election(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.lease("controller-b")
        batch = await scene.scrape()
        await scene.collector.aclose()

        assert batch.coordination is not None
        assert batch.coordination.metadata.model_extra
        assert batch.coordination.metadata.model_extra["argo"]["electionsSeen"] == 1

    async def test_a_server_that_is_down_is_unhealthy(self) -> None:
        scene = busy(**BESIDE)
        scene.wire.fail("/api/v1/info", FAULTS["refused"])
        record = await scraped(scene)

        parts = {each.name: each for each in record.health.components}
        assert parts["argo-server"].status is ComponentStatus.UNHEALTHY


CALLS = {
    f"{WORKFLOWS}$": ("/capacity/usedSlots", "/queuing/backlogSize", "/queuing/queues"),
    f"{PODS}$": ("/capacity/activeWorkers", "/queuing/poisonMessageCount"),
    f"{LEASES}$": ("/health/components/0/status",),
    f"{SETTINGS}$": ("/capacity/totalSlots",),
    "/metrics$": ("/health/components/0/latency",),
    "/api/v1/info$": ("/health/components/3/latency",),
    "/api/v1/version$": (),
    "/api/v1/namespaces/kube-system$": (),
}


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("fault", ["refused", "401", "403", "500", "429", "half a JSON", "HTML"])
async def test_each_call_fails_by_itself(path: str, fault: str) -> None:
    healthy, harmed = busy(**BESIDE), busy(**BESIDE)
    harmed.wire.fail(f"GET {path}", FAULTS[fault])

    well, ill = await healthy.scrape(), await harmed.scrape()
    for scene in (healthy, harmed):
        await scene.collector.aclose()

    assert_null(ill.orchestrator, CALLS[path])
    assert len(ill.orchestrator.health.errors) == 1
    if path == f"{PODS}$":  # without pods there are no pools to compare
        return
    lost = "/queuing/queues/3/" if path == "/metrics$" else "none"  # the controller's own is gone
    assert [each for each in changed_to_something(well, ill) if lost not in each[0]] == []
    assert [place for each in records_of(ill) for place in unexplained_nulls(each)] == []


@pytest.mark.parametrize("fault", ["401", "403", "429", "503", "cut", "refused", "HTML"])
async def test_a_server_that_answers_nothing_usable_is_an_outage(fault: str) -> None:
    scene = busy()
    scene.wire.fail(EVERYWHERE, FAULTS[fault])

    with pytest.raises(CollectorError) as caught:
        await scene.scrape()
    await scene.collector.aclose()

    assert caught.value.code != CollectorError.code


async def test_while_the_watch_is_deaf_its_figures_are_unknown_and_later_whole() -> None:
    scene = busy()
    await scene.scrape()
    scene.wire.fail(f"GET {WORKFLOWS}$", FAULTS["refused"])
    scene.server.cut()
    informer = scene.collector.informers["workflows"]
    await wait_until(lambda: failing(scene) == ["workflows"])
    deaf = (await scene.scrape()).orchestrator
    scene.workflow("runs", "Succeeded", finishedAt=iso(scene.at))
    scene.wire.heal()
    await wait_until(lambda: informer.failure is None)
    await scene.heard()
    whole = await scraped(scene)

    assert_null(deaf, ("/execution/completedWorkflows", "/capacity/runningWorkflows"))
    assert whole.execution is not None
    assert (whole.execution.completed_workflows, whole.execution.interval_s) == (1, 30)


async def test_arguments_and_environments_never_leave_the_server() -> None:
    scene = busy(**BESIDE)
    await scene.scrape()
    scene.workflow("runs", "Failed", finishedAt=iso(scene.at))
    batch = await scene.scrape()
    await scene.collector.aclose()

    assert not [each for each in batch.records() if "hunter2" in each.model_dump_json()]


@pytest.mark.parametrize(
    ("settings", "selector"),
    [
        ({}, "!workflows.argoproj.io/controller-instanceid"),
        ({"controller_instance": "blue"}, "workflows.argoproj.io/controller-instanceid=blue"),
    ],
)
async def test_only_the_workflows_of_this_controller_are_asked_for(
    settings: dict[str, str], selector: str
) -> None:
    scene = busy(**settings)
    await scene.scrape()
    kinds = {name: each.kind for name, each in scene.collector.informers.items()}
    await scene.collector.aclose()

    assert kinds["workflows"].params == {"labelSelector": selector}
    assert kinds["pods"].params["labelSelector"] == f"{selector},workflows.argoproj.io/workflow"


def failing(scene: Scene) -> list[str]:
    return [name for name, each in scene.collector.informers.items() if each.failure is not None]


async def wait_until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)
