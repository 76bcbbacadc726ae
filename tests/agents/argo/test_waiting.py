"""What waits, for what, and what takes up the limits."""

import pytest

from contracts.health import ComponentStatus
from tests.agents.argo.scenes import WORKFLOWS, Scene, busy, details, queues, scraped
from tests.agents.contract import assert_null


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
        assert (capacity.total_slots, capacity.used_slots, capacity.available_slots) == (3, 3, 0)
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
