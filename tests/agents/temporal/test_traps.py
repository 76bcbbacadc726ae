"""What a real server was seen to do that a naive reader would take for something else."""

import re
from datetime import timedelta

import pytest
from temporalio.service import RPCError, RPCStatusCode

from agents.collector import UnauthorizedError, UnreachableError, UnsupportedVersionError
from agents.temporal.failures import NamespaceNotFoundError, ThrottledError
from contracts.health import ComponentStatus
from contracts.worker_pool import WorkerStatus
from tests.agents.temporal.fake import heartbeat, refusal
from tests.agents.temporal.scenes import Watched, busy_shop, pool_of, queue_of

ALL_CALLS = (
    "Health.Check",
    "GetSystemInfo",
    "GetClusterInfo",
    "DescribeNamespace",
    "CountWorkflowExecutions",
    "ListWorkflowExecutions",
    "DescribeWorkflowExecution",
    "DescribeTaskQueue",
    "ListWorkers",
    "ListWorkerDeployments",
)
NAMESPACED = ALL_CALLS[3:]

THROTTLED = refusal(RPCStatusCode.RESOURCE_EXHAUSTED, "namespace rate limit exceeded")
NOT_FOUND = refusal(RPCStatusCode.NOT_FOUND, "Namespace shop is not found.")


def refuse(shop: Watched, calls: tuple[str, ...], error: RPCError) -> None:
    for call in calls:
        shop.temporal.fail(call, error)


class TestResourceExhausted:
    """DescribeTaskQueue shares matching's rate limit with the workers."""

    async def test_the_queue_and_the_sums_are_unknown(self) -> None:
        shop = busy_shop()
        shop.temporal.fail(
            "DescribeTaskQueue", THROTTLED, lambda it: it.task_queue.name == "orphans"
        )

        batch = await shop.scrape()

        queuing = batch.orchestrator.queuing
        assert queuing is not None
        assert queue_of(batch, "orphans/workflow").size is None
        assert queue_of(batch, "orders/activity").size == 7
        assert queuing.backlog_size is None
        reason = batch.orchestrator.metadata.unavailable["/queuing/backlogSize"]
        assert "orphans/workflow failed: resource_exhausted" in reason

    async def test_the_partial_sum_stands_in_the_metadata(self) -> None:
        shop = busy_shop()
        shop.temporal.fail(
            "DescribeTaskQueue", THROTTLED, lambda it: it.task_queue.name == "orphans"
        )

        record = (await shop.scrape()).orchestrator

        assert record.extra_metadata()["temporal"]["knownBacklog"] == 7

    async def test_errors_are_counted_together(self) -> None:
        shop = busy_shop()
        shop.temporal.fail("DescribeTaskQueue", THROTTLED)

        record = (await shop.scrape()).orchestrator

        (error,) = record.health.errors
        assert (error.code, error.count) == ("resource_exhausted", 4)

    async def test_matching_is_degraded_and_not_down(self) -> None:
        shop = busy_shop()
        shop.temporal.fail("DescribeTaskQueue", THROTTLED)

        record = (await shop.scrape()).orchestrator

        assert record.health.components[1].status is ComponentStatus.DEGRADED

    async def test_no_call_is_made_twice_in_a_scrape(self) -> None:
        shop = busy_shop()
        shop.temporal.fail("DescribeTaskQueue", THROTTLED)

        await shop.scrape()

        assert shop.temporal.count("DescribeTaskQueue") == 4

    async def test_it_asks_ever_less_often(self) -> None:
        shop = busy_shop()
        shop.temporal.fail("DescribeTaskQueue", THROTTLED)

        asked = []
        for _ in range(16):
            before = shop.temporal.count("DescribeTaskQueue")
            await shop.scrape()
            asked.append(shop.temporal.count("DescribeTaskQueue") > before)

        assert [scrape for scrape, any_ in enumerate(asked) if any_] == [0, 2, 6, 14]

    async def test_while_it_backs_off_the_value_is_unknown_with_that_reason(self) -> None:
        shop = busy_shop()
        shop.temporal.fail("DescribeTaskQueue", THROTTLED)
        await shop.scrape()
        shop.temporal.heal()

        record = (await shop.scrape()).orchestrator

        assert record.queuing is not None
        assert record.queuing.backlog_size is None
        assert {error.code for error in record.health.errors} == {"backing_off"}

    async def test_an_answer_ends_the_back_off(self) -> None:
        shop = busy_shop()
        shop.temporal.fail("DescribeTaskQueue", THROTTLED)
        await shop.scrape()
        shop.temporal.heal()
        await shop.scrape()
        batches = [await shop.scrape(), await shop.scrape()]

        sizes = [queue_of(batch, "orphans/workflow").size for batch in batches]
        assert sizes == [25, 25]

    async def test_all_calls_throttled_is_an_outage_that_says_so(self) -> None:
        shop = busy_shop()
        refuse(shop, ALL_CALLS, THROTTLED)

        with pytest.raises(ThrottledError) as caught:
            await shop.scrape()

        assert caught.value.code == "resource_exhausted"


class TestNamespaceNotFound:
    """A busy server says it of namespaces that exist."""

    async def test_at_first_it_is_taken_for_an_error_of_the_calls(self) -> None:
        shop = busy_shop()
        refuse(shop, NAMESPACED, NOT_FOUND)

        batches = [await shop.scrape(), await shop.scrape()]

        codes = {error.code for batch in batches for error in batch.orchestrator.health.errors}
        assert codes == {"namespace_not_found"}
        assert shop.temporal.count("ListNamespaces") == 0

    async def test_it_is_not_believed_while_the_namespace_is_listed(self) -> None:
        shop = busy_shop()
        refuse(shop, NAMESPACED, NOT_FOUND)

        for _ in range(5):
            await shop.scrape()

        assert shop.temporal.count("ListNamespaces") == 3

    async def test_it_is_believed_when_it_lasts_and_the_namespace_is_not_listed(self) -> None:
        shop = busy_shop()
        shop.configure(namespace="misspelt")
        await shop.scrape()
        await shop.scrape()

        with pytest.raises(NamespaceNotFoundError, match="misspelt") as caught:
            await shop.scrape()

        assert caught.value.code == "namespace_not_found"

    async def test_one_good_scrape_starts_the_count_anew(self) -> None:
        shop = busy_shop()
        for error in (NOT_FOUND, NOT_FOUND, None, NOT_FOUND, NOT_FOUND):
            shop.temporal.heal()
            if error is not None:
                refuse(shop, NAMESPACED, error)
            await shop.scrape()

        assert shop.temporal.count("ListNamespaces") == 0

    async def test_a_list_that_cannot_be_read_proves_nothing(self) -> None:
        shop = busy_shop()
        refuse(shop, NAMESPACED, NOT_FOUND)
        shop.temporal.fail("ListNamespaces", refusal(RPCStatusCode.PERMISSION_DENIED))

        for _ in range(4):
            batch = await shop.scrape()

        assert batch.orchestrator.metadata.partial


class TestAbsentZero:
    """proto3 leaves out zeros: absent is 0 where its message is there, unknown where not."""

    async def test_a_queue_with_statistics_and_no_count_is_empty(self) -> None:
        batch = await busy_shop().scrape()

        assert queue_of(batch, "orders/workflow").size == 0

    async def test_a_queue_without_statistics_is_unknown(self) -> None:
        shop = busy_shop()
        shop.temporal.queue("orders").has_stats = False

        batch = await shop.scrape()

        assert queue_of(batch, "orders/workflow").size is None
        assert queue_of(batch, "orders/workflow").consumers == 1
        assert batch.orchestrator.queuing is not None
        assert batch.orchestrator.queuing.backlog_size is None

    async def test_no_group_of_running_workflows_is_none_running(self) -> None:
        shop = busy_shop()
        shop.temporal.workflows = []

        record = (await shop.scrape()).orchestrator

        assert record.capacity is not None
        assert record.capacity.running_workflows == 0


class TestUnimplemented:
    """An older server: 1.29 has neither ListWorkers nor TemporalReportedProblems."""

    def old_shop(self) -> Watched:
        shop = busy_shop()
        shop.temporal.version = "1.29.1"
        shop.temporal.fail("ListWorkers", refusal(RPCStatusCode.UNIMPLEMENTED, "unknown method"))
        shop.temporal.fail(
            "CountWorkflowExecutions",
            refusal(RPCStatusCode.INVALID_ARGUMENT, "invalid search attribute"),
            lambda request: "TemporalReportedProblems" in request.query,
        )
        return shop

    async def test_what_it_lacks_is_null_with_the_version_and_no_error(self) -> None:
        record = (await self.old_shop().scrape()).orchestrator

        reason = record.metadata.unavailable["/queuing/poisonMessageCount"]
        assert re.match(r"server 1\.29\.1 does not support .*TemporalReportedProblems", reason)
        assert record.health.errors == ()
        assert not record.metadata.partial
        assert any("ListWorkers" in warning for warning in record.health.warnings)

    async def test_workers_are_known_by_their_polls(self) -> None:
        shop = self.old_shop()

        pool = pool_of(await shop.scrape(), "orders")

        assert pool.workers is not None
        (worker,) = pool.workers
        assert (worker.id, worker.status) == ("w1@host", WorkerStatus.ACTIVE)
        assert worker.total_slots is None
        assert "/totalWorkers" in pool.metadata.estimated

    async def test_slots_are_unknown(self) -> None:
        record = (await self.old_shop().scrape()).orchestrator

        assert record.capacity is not None
        assert record.capacity.total_slots is None
        assert record.capacity.active_workers == 1

    async def test_the_verdict_is_kept(self) -> None:
        shop = self.old_shop()

        for _ in range(3):
            await shop.scrape()

        assert shop.temporal.count("ListWorkers") == 1

    async def test_a_new_version_is_asked_again(self) -> None:
        shop = self.old_shop()
        await shop.scrape()
        shop.temporal.heal()
        shop.temporal.version = "1.30.2"

        record = (await shop.scrape()).orchestrator

        assert record.capacity is not None
        assert record.capacity.total_slots == 4

    async def test_a_verdict_lasts_an_hour(self) -> None:
        shop = self.old_shop()
        await shop.scrape()
        shop.now += timedelta(hours=1)

        await shop.scrape()

        assert shop.temporal.count("ListWorkers") == 2

    async def test_what_is_no_temporal_server_is_an_outage(self) -> None:
        shop = busy_shop()
        refuse(shop, ALL_CALLS, refusal(RPCStatusCode.UNIMPLEMENTED, "HTTP status code 404"))

        for _ in range(2):
            with pytest.raises(UnsupportedVersionError):
                await shop.scrape()

        assert shop.temporal.count("GetSystemInfo") == 2


class TestOutage:
    async def test_nobody_there_ends_the_scrape_at_once(self) -> None:
        shop = busy_shop()
        refuse(shop, ALL_CALLS, refusal(RPCStatusCode.UNAVAILABLE, "tcp connect error"))

        with pytest.raises(UnreachableError, match="tcp connect error"):
            await shop.scrape()

        assert [call for call, _ in shop.temporal.calls] == ["Health.Check", "GetSystemInfo"]

    async def test_refused_credentials(self) -> None:
        shop = busy_shop()
        refuse(shop, ALL_CALLS, refusal(RPCStatusCode.UNAUTHENTICATED, "invalid api key"))

        with pytest.raises(UnauthorizedError, match="invalid api key"):
            await shop.scrape()

    async def test_credentials_that_only_open_the_door(self) -> None:
        shop = busy_shop()
        refuse(shop, ALL_CALLS[2:], refusal(RPCStatusCode.PERMISSION_DENIED, "not your namespace"))

        with pytest.raises(UnauthorizedError, match="not your namespace"):
            await shop.scrape()

    async def test_it_recovers_by_itself(self) -> None:
        shop = busy_shop()
        await shop.scrape()
        refuse(shop, ALL_CALLS, refusal(RPCStatusCode.UNAVAILABLE, "tcp connect error"))
        with pytest.raises(UnreachableError):
            await shop.scrape()
        shop.temporal.heal()

        record = (await shop.scrape()).orchestrator

        assert record.health.errors == ()
        assert record.execution is not None
        assert record.execution.interval_s == 30


class TestUnknownEnum:
    async def test_a_worker_status_of_a_newer_server_is_judged_by_its_load(self) -> None:
        shop = busy_shop()
        shop.temporal.workers = [heartbeat(shop.now, used=1, status=9)]

        pool = pool_of(await shop.scrape(), "orders")

        assert pool.workers is not None
        assert pool.workers[0].status is WorkerStatus.ACTIVE
        assert pool.workers[0].labels["temporal_status"] == "9"

    async def test_a_workflow_status_of_a_newer_server_is_kept_by_name(self) -> None:
        shop = busy_shop()
        shop.temporal.workflows[0].status = "Paused"

        record = (await shop.scrape()).orchestrator

        assert record.extra_metadata()["temporal"]["statusCounts"] == {"Running": 27, "Paused": 1}
        assert record.capacity is not None
        assert record.capacity.running_workflows == 27
