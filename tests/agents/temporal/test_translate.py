"""The numbers of the records, from what the source said."""

from datetime import timedelta

import pytest

from agents.collector import Batch
from contracts.orchestrator import OrchestratorMetrics
from tests.agents.contract import NOW
from tests.agents.temporal.fake import FakeWorkflow, heartbeat
from tests.agents.temporal.scenes import Watched, busy_shop, pool_of, queue_of

NORMAL = 'namespace="shop",partition="__normal__",service_name="history",taskqueue="orders"'
WAITED = "task_schedule_to_start_latency"


def unavailable(record: OrchestratorMetrics, place: str) -> str:
    return record.metadata.unavailable[place]


class TestCounts:
    """Closed workflows are counted in windows that lag 15 seconds."""

    async def closed_after(self, *seconds: float) -> list[tuple[int | None, int | None]]:
        shop = busy_shop()
        shop.temporal.workflows += [
            FakeWorkflow(status="Completed", closed_at=NOW + timedelta(seconds=after))
            for after in seconds
        ]
        counted = []
        for _ in range(4):
            capacity = (await shop.scrape()).orchestrator.capacity
            assert capacity is not None
            counted.append((capacity.completed_workflows, capacity.failed_workflows))
        return counted

    async def test_each_is_counted_once_in_the_window_it_closed_in(self) -> None:
        counted = await self.closed_after(-15, -0.001, 0, 1, 14.999)

        assert counted == [(None, None), (2, 0), (3, 0), (0, 0)]

    async def test_what_closed_before_the_first_scrape_is_not_counted(self) -> None:
        assert await self.closed_after(-15.001) == [(None, None), (0, 0), (0, 0), (0, 0)]

    async def test_failures_are_failed_and_timed_out(self) -> None:
        shop = busy_shop()
        await shop.scrape()
        shop.temporal.workflows += [
            FakeWorkflow(status=status, closed_at=NOW)
            for status in ("Completed", "Failed", "TimedOut", "Terminated", "Canceled")
        ]
        await shop.scrape()

        record = (await shop.scrape()).orchestrator

        assert record.execution is not None
        assert record.execution.completed_workflows == 1
        assert record.execution.failed_workflows == 2
        assert record.execution.canceled_workflows == 1
        assert record.extra_metadata()["temporal"]["closedCounts"]["Terminated"] == 1

    async def test_the_first_scrape_says_that_it_needs_two(self) -> None:
        record = (await busy_shop().scrape()).orchestrator

        for place in ("/capacity/completedWorkflows", "/execution/intervalS"):
            assert "needs two scrapes" in unavailable(record, place)
        assert "needs two scrapes" in unavailable(record, "/scheduling/p95SchedulingLatency")

    async def test_running_and_poisoned_are_counted_as_of_now(self) -> None:
        shop = busy_shop()
        shop.temporal.workflows[0].poisoned = True

        record = (await shop.scrape()).orchestrator

        assert record.capacity is not None
        assert record.capacity.running_workflows == 28
        assert record.queuing is not None
        assert record.queuing.poison_message_count == 1
        assert "open workflows keep failing their workflow task (1)" in record.health.warnings

    async def test_only_running_ones_are_counted_when_so_configured(self) -> None:
        shop = busy_shop()
        shop.configure(status_counts=False)

        record = (await shop.scrape()).orchestrator

        assert record.capacity is not None
        assert record.capacity.running_workflows == 28
        queries = [it.query for call, it in shop.temporal.calls if call.startswith("Count")]
        assert "GROUP BY ExecutionStatus" not in queries


class TestQueuing:
    async def test_sums_over_all_queues(self) -> None:
        queuing = (await busy_shop().scrape()).orchestrator.queuing

        assert queuing is not None
        assert queuing.backlog_size == 32
        assert queuing.processing_rate == pytest.approx(4.0)
        assert queuing.max_wait_time == 60_000
        assert queuing.total_messages == 35

    async def test_one_queue(self) -> None:
        queue = queue_of(await busy_shop().scrape(), "orders/activity")

        assert (queue.size, queue.consumers, queue.in_flight) == (7, 1, 3)
        assert (queue.processing_rate, queue.arrival_rate) == (2.5, 3.0)
        assert queue.oldest_message == NOW - timedelta(seconds=4)
        assert queue.error_rate == 0.1

    async def test_nothing_waits_no_wait(self) -> None:
        shop = busy_shop()
        for queue in shop.temporal.queues.values():
            queue.backlog = 0

        record = (await shop.scrape()).orchestrator

        assert record.queuing is not None
        assert (record.queuing.backlog_size, record.queuing.max_wait_time) == (0, 0)
        assert unavailable(record, "/queuing/queues/*/oldestMessage") == "nothing waits"

    async def test_pending_workflows_are_an_estimate(self) -> None:
        record = (await busy_shop().scrape()).orchestrator

        assert record.capacity is not None
        assert record.capacity.pending_workflows == 25
        assert "/capacity/pendingWorkflows" in record.metadata.estimated

    async def test_an_error_rate_from_heartbeats_is_an_estimate(self) -> None:
        record = (await busy_shop().scrape()).orchestrator

        assert "/queuing/queues/1/errorRate" in record.metadata.estimated

    async def test_two_queues_of_one_label_have_no_metrics_of_their_own(self) -> None:
        shop = busy_shop()
        for name in ("bulk-mail", "bulk.mail"):
            shop.temporal.workers.append(heartbeat(NOW, queue=name))
            shop.temporal.queue(name, "activity").pollers["w1@host"] = NOW
        await shop.scrape()
        labels = NORMAL.replace("orders", "bulk_mail")
        shop.metrics.observe("activity_start_to_close_latency", labels, [1, 2])

        record = (await shop.scrape()).orchestrator

        assert unavailable(record, "/queuing/queues/0/avgProcessingTime") == (
            "the server's metrics do not tell bulk-mail from bulk.mail"
        )


class TestCapacity:
    async def test_slots_are_those_of_activities(self) -> None:
        capacity = (await busy_shop().scrape()).orchestrator.capacity

        assert capacity is not None
        assert (capacity.total_slots, capacity.used_slots, capacity.available_slots) == (4, 3, 1)
        assert capacity.capacity_utilization == 0.75
        assert capacity.active_workers == 1

    async def test_a_failed_worker_has_no_slots(self) -> None:
        shop = busy_shop()
        shop.temporal.workers.append(heartbeat(NOW, "dead@host", age_s=200, used=2))

        batch = await shop.scrape()

        capacity = batch.orchestrator.capacity
        assert capacity is not None
        assert (capacity.total_slots, capacity.used_slots) == (4, 3)
        assert queue_of(batch, "orders/activity").in_flight == 3
        assert pool_of(batch, "orders").failed_workers == 1

    async def test_one_worker_without_heartbeat_makes_the_slots_unknown(self) -> None:
        shop = busy_shop()
        shop.temporal.queue("orders").pollers["young@host"] = NOW

        batch = await shop.scrape()

        capacity = batch.orchestrator.capacity
        assert capacity is not None
        assert (capacity.total_slots, capacity.active_workers) == (None, 2)
        reason = unavailable(batch.orchestrator, "/capacity/totalSlots")
        assert reason == (
            "1 of 2 workers have not told their slots (yet), e.g. young@host on orders"
        )

    async def test_a_worker_of_the_servers_own_is_no_worker_of_ours(self) -> None:
        shop = busy_shop()
        shop.temporal.workers.append(heartbeat(NOW, "sys", queue="temporal-sys-per-ns-tq"))

        capacity = (await shop.scrape()).orchestrator.capacity

        assert capacity is not None
        assert (capacity.total_slots, capacity.active_workers) == (4, 1)

    async def test_an_elastic_worker_makes_the_total_unknown_and_the_use_not(self) -> None:
        shop = busy_shop()
        shop.temporal.workers[0].activity_task_slots_info.slot_supplier_kind = "ResourceBased"

        capacity = (await shop.scrape()).orchestrator.capacity

        assert capacity is not None
        assert (capacity.total_slots, capacity.used_slots) == (None, 3)
        assert capacity.capacity_utilization is None

    async def test_without_slots_there_is_no_utilization(self) -> None:
        shop = busy_shop()
        shop.temporal.workers.clear()
        for queue in shop.temporal.queues.values():
            queue.pollers.clear()

        record = (await shop.scrape()).orchestrator

        assert record.capacity is not None
        assert (record.capacity.total_slots, record.capacity.capacity_utilization) == (0, None)
        assert unavailable(record, "/capacity/capacityUtilization") == "there are no slots"


class TestScheduling:
    async def measured(self, *waits_s: float, labels: str = NORMAL) -> Batch:
        shop = busy_shop()
        shop.metrics.observe(WAITED, NORMAL, [0.3] * 50)
        await shop.scrape()
        shop.metrics.observe(WAITED, labels, list(waits_s))
        return await shop.scrape()

    async def test_percentiles_are_of_the_interval_in_milliseconds(self) -> None:
        waits = [0.004] * 90 + [7.0] * 10

        scheduling = (await self.measured(*waits)).orchestrator.scheduling

        assert scheduling is not None
        assert scheduling.avg_scheduling_latency == pytest.approx(703.6)
        assert scheduling.p50_scheduling_latency == pytest.approx(2 + 3 * 50 / 90)
        assert scheduling.p95_scheduling_latency == pytest.approx(7500)
        assert scheduling.p99_scheduling_latency == pytest.approx(9500)
        assert scheduling.latency_histogram is not None
        assert sum(scheduling.latency_histogram.counts) == 100

    async def test_a_wait_above_the_last_bucket_has_no_percentile(self) -> None:
        record = (await self.measured(2000.0)).orchestrator

        assert record.scheduling is not None
        assert record.scheduling.p95_scheduling_latency is None
        assert unavailable(record, "/scheduling/p95SchedulingLatency") == (
            "it lies above the largest bucket of 1000 s"
        )
        assert record.scheduling.latency_histogram is not None
        assert record.scheduling.latency_histogram.counts[-1] == 1

    @pytest.mark.parametrize(
        "labels",
        [
            NORMAL.replace("__normal__", "__sticky__"),
            NORMAL.replace("shop", "other"),
            NORMAL.replace("orders", "temporal_sys_per_ns_tq"),
        ],
        ids=["sticky", "other namespace", "the server's own"],
    )
    async def test_other_waits_are_left_out(self, labels: str) -> None:
        record = (await self.measured(9.0, labels=labels)).orchestrator

        assert unavailable(record, "/scheduling/avgSchedulingLatency") == (
            "no task was started in the interval"
        )

    async def test_a_restarted_server_has_no_latencies_and_counts_as_a_restart(self) -> None:
        shop = busy_shop()
        shop.metrics.observe(WAITED, NORMAL, [0.3] * 50)
        await shop.scrape()
        shop.metrics.values = dict.fromkeys(shop.metrics.values, 1.0)

        record = (await shop.scrape()).orchestrator

        assert "restarted" in unavailable(record, "/scheduling/avgSchedulingLatency")
        assert record.health.restarts == 1
        assert not record.metadata.partial

    async def test_failures_and_contentions(self) -> None:
        shop = busy_shop()
        await shop.scrape()
        exhausted = "service_errors_resource_exhausted"
        shop.metrics.add(f"schedule_to_start_timeout{{{NORMAL}}}", 2)
        shop.metrics.add(f'{exhausted}{{namespace="shop",operation="AddActivityTask"}}', 3)
        shop.metrics.add(f'{exhausted}{{namespace="shop",operation="DescribeTaskQueue"}}', 4)
        shop.metrics.add(f'{exhausted}{{namespace="other",operation="AddActivityTask"}}', 5)
        shop.temporal.queue("orders").rate_limited = True

        scheduling = (await shop.scrape()).orchestrator.scheduling

        assert scheduling is not None
        assert (scheduling.scheduling_failures, scheduling.resource_contentions) == (5, 8)


class TestExecution:
    async def test_retries_and_durations_of_the_interval(self) -> None:
        shop = busy_shop()
        await shop.scrape()
        shop.metrics.add(f"activity_task_fail{{{NORMAL}}}", 5)
        shop.metrics.add(f"activity_fail{{{NORMAL}}}", 2)
        shop.metrics.add(f"activity_success{{{NORMAL}}}", 15)
        shop.metrics.observe("workflow_schedule_to_close_latency", NORMAL, [4, 6])
        shop.metrics.observe("activity_start_to_close_latency", NORMAL, [1, 2])
        # Server 1.29 takes a failed attempt that is tried again for one that began in 1970.
        failed = f'{NORMAL},operation="RespondActivityTaskFailed"'
        shop.metrics.observe("activity_start_to_close_latency", failed, [1.8e9])

        batch = await shop.scrape()

        execution = batch.orchestrator.execution
        assert execution is not None
        assert (execution.retried_tasks, execution.avg_duration) == (3, 5000)
        queue = queue_of(batch, "orders/activity")
        assert (queue.error_rate, queue.avg_processing_time) == (0.25, 1500)
        performance = pool_of(batch, "orders").performance
        assert (performance.error_rate, performance.avg_task_duration) == (0.25, 1500)


class TestPools:
    async def test_a_pool_for_each_queue_also_without_workers(self) -> None:
        batch = await busy_shop().scrape()

        assert [(pool.pool_name, pool.total_workers) for pool in batch.pools] == [
            ("orders", 1),
            ("orphans", 0),
        ]

    async def test_health_and_use(self) -> None:
        shop = busy_shop()
        shop.temporal.workers.append(heartbeat(NOW, "dead@host", age_s=200))

        pool = pool_of(await shop.scrape(), "orders")

        assert (pool.pool_health.healthy_workers, pool.pool_health.unhealthy_workers) == (1, 1)
        assert pool.pool_health.average_health == 0.5
        assert (pool.resource_usage.used_slots, pool.resource_usage.total_slots) == (3, 4)
        assert (pool.resource_usage.cpu_usage, pool.performance.utilization) == (0.5, 0.75)
        assert pool.performance.throughput == 4.0

    async def test_too_many_workers_are_unknown(self) -> None:
        shop: Watched = busy_shop()
        shop.configure(max_workers=1)
        shop.temporal.workers = [heartbeat(NOW, f"w{number}") for number in range(3)]
        shop.temporal.page_size = 1

        pool = pool_of(await shop.scrape(), "orders")

        assert (pool.total_workers, pool.workers) == (None, None)
        assert pool.metadata.unavailable["/workers"] == "more than max_workers=1 workers"
