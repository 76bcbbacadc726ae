"""Every outbound call fails once by itself: what depends on it is null with a reason, an error
is counted, and no value turns into anything but null."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio.service import RPCStatusCode

from agents.collector import Batch
from tests.agents.contract import NOW, changed_to_something, leaves, unexplained_nulls
from tests.agents.temporal.fake import FakeWorkflow, refusal
from tests.agents.temporal.scenes import Watched, busy_shop

SECTIONS = (
    "capacity",
    "scheduling",
    "queuing",
    "execution",
    "resources",
    "networking",
    "persistence",
)


@dataclass(frozen=True)
class Call:
    """One outbound call and the fields of the namespace's record that need it.

    `stands_in`: fields that then come from another source, and say so in `estimated`.
    """

    name: str
    source: str
    needs: tuple[str, ...] = ()
    stands_in: tuple[str, ...] = ()
    about: Callable[[Any], bool] = lambda _: True

    def break_(self, shop: Watched) -> None:
        if self.source == "metrics":
            shop.metrics.error = httpx.ConnectError("connection refused")
        else:
            error = refusal(RPCStatusCode.UNAVAILABLE, "connection reset")
            shop.temporal.fail(self.source, error, self.about)

    def mend(self, shop: Watched) -> None:
        shop.metrics.error = None
        shop.temporal.heal()


def asks(text: str) -> Callable[[Any], bool]:
    return lambda request: text in request.query


def describes(queue: str, kind: int) -> Callable[[Any], bool]:
    return lambda request: request.task_queue.name == queue and request.task_queue_type == kind


CALLS = (
    Call("health check", "Health.Check"),
    Call("system info", "GetSystemInfo", ("/health/components/0/latency",)),
    Call(
        "cluster info",
        "GetClusterInfo",
        ("/persistence/store", "/persistence/visibilityStore", "/persistence/shards"),
    ),
    Call("namespace", "DescribeNamespace", ("/persistence/retentionS",)),
    Call(
        "count of statuses",
        "CountWorkflowExecutions",
        ("/capacity/runningWorkflows",),
        about=lambda request: request.query.startswith("GROUP BY"),
    ),
    Call(
        "count of closed",
        "CountWorkflowExecutions",
        (
            "/capacity/completedWorkflows",
            "/capacity/failedWorkflows",
            "/execution/completedWorkflows",
            "/execution/failedWorkflows",
            "/execution/canceledWorkflows",
            "/execution/intervalS",
        ),
        about=asks("CloseTime"),
    ),
    Call(
        "count of poisoned",
        "CountWorkflowExecutions",
        ("/queuing/poisonMessageCount",),
        about=asks("TemporalReportedProblems"),
    ),
    Call(
        "workflow tasks of a queue",
        "DescribeTaskQueue",
        (
            "/capacity/pendingWorkflows",
            "/scheduling/schedulingThroughput",
            "/scheduling/queueDepth",
            "/scheduling/priorityDistribution",
            "/scheduling/resourceContentions",
            "/queuing/totalMessages",
            "/queuing/processingRate",
            "/queuing/backlogSize",
            "/queuing/maxWaitTime",
            "/queuing/throughput",
            "/queuing/queues/2/size",
            "/queuing/queues/2/consumers",
        ),
        about=describes("orphans", 1),
    ),
    Call(
        "activities of a queue",
        "DescribeTaskQueue",
        ("/queuing/backlogSize", "/queuing/queues/1/size", "/queuing/queues/1/consumers"),
        about=describes("orders", 2),
    ),
    Call(
        "workers",
        "ListWorkers",
        (
            "/capacity/totalSlots",
            "/capacity/availableSlots",
            "/capacity/usedSlots",
            "/capacity/capacityUtilization",
            "/capacity/activeWorkers",
            "/queuing/totalMessages",
            "/queuing/queues/0/inFlight",
        ),
    ),
    Call("open workflows", "ListWorkflowExecutions", about=lambda request: request.page_size > 1),
    Call("walk", "ListWorkflowExecutions", about=asks("NOT IN")),
    Call("an open workflow", "DescribeWorkflowExecution"),
    Call("deployments", "ListWorkerDeployments"),
    Call("a deployment version", "DescribeWorkerDeploymentVersion"),
    Call(
        "metrics",
        "metrics",
        (
            "/health/restarts",
            "/health/components/3/status",
            "/scheduling/avgSchedulingLatency",
            "/scheduling/p95SchedulingLatency",
            "/scheduling/latencyHistogram",
            "/scheduling/schedulingFailures",
            "/queuing/avgWaitTime",
            "/execution/avgDuration",
            "/resources",
            "/networking",
            "/persistence/latency",
        ),
        stands_in=("/queuing/queues/1/errorRate", "/performance/errorRate"),
    ),
)

every_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)


def shop_with_everything() -> Watched:
    """Every call is made in every scrape, and every counter moves."""
    shop = busy_shop()
    shop.configure(discovery_interval_s=1, facts_interval_s=1)
    shop.temporal.deployments = {"checkout": ["orders"]}
    return shop


async def second_scrape(shop: Watched, call: Call | None) -> Batch:
    await shop.scrape()
    closed_at = NOW - timedelta(seconds=5)
    shop.temporal.workflows += [
        FakeWorkflow(status=status, closed_at=closed_at)
        for status in ("Completed", "Completed", "Failed", "TimedOut", "Canceled")
    ]
    labels = 'namespace="shop",operation="X",partition="__normal__",taskqueue="orders"'
    shop.metrics.observe("task_schedule_to_start_latency", labels, [0.004, 0.3, 7])
    shop.metrics.observe("workflow_schedule_to_close_latency", labels, [4, 6])
    shop.metrics.observe("activity_start_to_close_latency", labels, [1, 2])
    shop.metrics.add(f"activity_success{{{labels}}}", 6)
    shop.metrics.add(f"activity_task_fail{{{labels}}}", 2)
    for series in list(shop.metrics.values):
        if series.startswith(("service_requests", "persistence_", "cache_requests")):
            shop.metrics.add(series, 30)
    if call is not None:
        call.break_(shop)
    return await shop.scrape()


@every_call
async def test_what_depends_on_a_failed_call_is_null_with_a_reason(call: Call) -> None:
    record = (await second_scrape(shop_with_everything(), call)).orchestrator

    values = dict(leaves(record.to_wire()))
    unavailable = record.metadata.unavailable
    assert [place for place in call.needs if values[place] is not None] == []
    starred = {re.sub(r"/\d+/", "/*/", place) for place in unavailable}
    assert [place for place in call.needs if re.sub(r"/\d+/", "/*/", place) not in starred] == []
    assert unexplained_nulls(record) == []


@every_call
async def test_a_failed_call_changes_values_to_null_and_to_nothing_else(call: Call) -> None:
    healthy = await second_scrape(shop_with_everything(), None)
    harmed = await second_scrape(shop_with_everything(), call)

    changed = [place for place, _, _ in changed_to_something(healthy, harmed)]
    assert changed == list(call.stands_in)


@every_call
async def test_a_failed_call_is_counted_and_makes_the_record_partial(call: Call) -> None:
    shop = shop_with_everything()

    record = (await second_scrape(shop, call)).orchestrator

    refused = shop.temporal.refused[call.source] or 1
    counted = [(error.source, error.count) for error in record.health.errors]
    assert counted == [(call.source, refused)]
    assert record.health.errors[0].code == "unreachable"
    assert record.metadata.partial


async def test_no_failed_call_no_error() -> None:
    record = (await second_scrape(shop_with_everything(), None)).orchestrator

    assert record.health.errors == ()
    assert not record.metadata.partial


@every_call
async def test_the_scrape_after_knows_everything_again(call: Call) -> None:
    shop = shop_with_everything()
    await second_scrape(shop, call)
    call.mend(shop)

    record = (await shop.scrape()).orchestrator

    values = dict(leaves(record.to_wire()))
    assert [place for place in call.needs if values.get(place, "known") is None] == []
    assert record.health.errors == ()


async def test_what_closed_while_the_count_failed_is_counted_by_the_next() -> None:
    shop, count = shop_with_everything(), CALLS[5]
    await second_scrape(shop, count)
    count.mend(shop)

    record = (await shop.scrape()).orchestrator

    assert record.capacity is not None
    assert record.capacity.completed_workflows == 2
    assert record.capacity.failed_workflows == 2
    assert record.execution is not None
    assert record.execution.interval_s == 30
