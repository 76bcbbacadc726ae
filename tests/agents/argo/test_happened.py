"""What the watches saw happen between two scrapes."""

from datetime import timedelta

import pytest

from contracts.events import SchedulingDecision
from contracts.worker_pool import WorkerStatus
from tests.agents.argo.scenes import WORKFLOWS, busy, details, iso, scraped, waiting


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
