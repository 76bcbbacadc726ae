"""Every outbound call fails once by itself: what depends on it is null with a reason, an error
is counted, and no value turns into anything but null. And servers that answer badly."""

import asyncio
from dataclasses import dataclass

import pytest

from agents.collector import Batch, CollectorError
from tests.agents.contract import (
    assert_null,
    changed_to_something,
    records_of,
    unexplained_nulls,
)
from tests.agents.http_faults import EVERYWHERE, FAULTS
from tests.agents.prefect.scenes import Scene, busy, busy_before

WAITING = (
    "/scheduling/queueDepth",
    "/queuing/backlogSize",
    "/capacity/pendingWorkflows",
    "/queuing/queues/0/size",
)
STARTED = (
    "/scheduling/avgSchedulingLatency",
    "/scheduling/p95SchedulingLatency",
    "/scheduling/latencyHistogram",
    "/scheduling/schedulingThroughput",
    "/queuing/processingRate",
)
ENDED = (
    "/capacity/completedWorkflows",
    "/capacity/failedWorkflows",
    "/execution/completedWorkflows",
    "/execution/failedWorkflows",
    "/execution/canceledWorkflows",
    "/execution/avgDuration",
    "/execution/intervalS",
)


@dataclass(frozen=True)
class Call:
    """One outbound call, the requests it is made of and the fields that need it."""

    source: str
    pattern: str
    needs: tuple[str, ...] = ()
    needs_of_pools: tuple[str, ...] = ()


CALLS = (
    Call("ready", "GET /api/ready", ("/persistence/latency", "/health/components/1/latency")),
    Call("version", "GET /api/admin/version"),
    Call("metrics", "GET /api/metrics", ("/resources", "/health/uptime", "/health/restarts")),
    Call(
        "work_pools",
        "POST /api/work_pools/filter",
        (
            "/capacity/totalSlots",
            "/capacity/usedSlots",
            "/capacity/capacityUtilization",
            "/capacity/activeWorkers",
        ),
    ),
    Call("work_queues", "POST /api/work_queues/filter", ("/queuing/queues",)),
    Call(
        "workers",
        "POST /api/work_pools/etl/workers/filter",
        ("/capacity/activeWorkers",),
        ("/totalWorkers", "/workers", "/poolHealth/healthyWorkers"),
    ),
    Call(
        "concurrency_limits",
        "POST /api/v2/concurrency_limits/filter",
        ("/scheduling/resourceContentions",),
    ),
    Call("flow_run_states", "GET /api/flow_run_states/"),
)

every_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.source)
every_fault = pytest.mark.parametrize("fault", FAULTS)


async def second_scrape(scene: Scene, pattern: str | None, fault: str = "refused") -> Batch:
    await scene.scrape()
    await busy_before(scene)
    if pattern is not None:
        scene.wire.fail(pattern, FAULTS[fault])
    return await scene.scrape()


def scene_with_everything() -> Scene:
    return busy(facts_interval_s=1)


@every_call
async def test_what_depends_on_a_failed_call_is_null_with_a_reason(call: Call) -> None:
    batch = await second_scrape(scene_with_everything(), call.pattern)

    assert_null(batch.orchestrator, call.needs)
    if call.needs_of_pools:
        (etl,) = [pool for pool in batch.pools if pool.pool_name == "etl"]
        assert_null(etl, call.needs_of_pools)


@every_call
@every_fault
async def test_a_failed_call_is_counted_and_changes_nothing_else(call: Call, fault: str) -> None:
    healthy = await second_scrape(scene_with_everything(), None)
    scene = scene_with_everything()
    harmed = await second_scrape(scene, call.pattern, fault)

    errors = [error.source for error in harmed.orchestrator.health.errors]
    if call.source == "ready" and fault in ("another shape", "a number", "null"):
        assert errors == []  # whatever it says, it is ready
        return
    assert set(errors) == {call.source}
    # Once refused for being too much, a call is not tried again in the same scrape.
    assert scene.wire.struck[call.pattern] <= sum(
        error.count for error in harmed.orchestrator.health.errors
    )
    assert harmed.orchestrator.metadata.partial
    if call.source != "work_pools":  # without them there are no records of pools to compare
        assert list(changed_to_something(healthy, harmed)) == []
    assert [place for each in records_of(harmed) for place in unexplained_nulls(each)] == []


@pytest.mark.parametrize(
    ("number", "needs"),
    [(0, ("/capacity/runningWorkflows",)), (1, WAITING), (2, STARTED), (3, ENDED)],
    ids=["live", "waiting", "started", "ended"],
)
@every_fault
async def test_each_search_for_runs_fails_by_itself(
    number: int, needs: tuple[str, ...], fault: str
) -> None:
    scene = scene_with_everything()
    await scene.scrape()
    await busy_before(scene)
    scene.wire.fail_nth("POST /api/flow_runs/filter", number, FAULTS[fault])

    batch = await scene.scrape()

    assert_null(batch.orchestrator, needs)
    assert len(batch.orchestrator.health.errors) == 1
    assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []


async def test_no_failed_call_no_error() -> None:
    record = (await second_scrape(scene_with_everything(), None)).orchestrator

    assert record.health.errors == ()
    assert not record.metadata.partial


@every_fault
async def test_a_server_that_answers_nothing_usable_is_an_outage(fault: str) -> None:
    scene = busy()
    scene.wire.fail(EVERYWHERE, FAULTS[fault])

    with pytest.raises(CollectorError) as caught:
        await scene.scrape()

    assert caught.value.code != CollectorError.code


@pytest.mark.parametrize("fault", ["refused", "503", "half a JSON"])
async def test_a_server_that_goes_away_in_mid_page_gives_no_half_counts(fault: str) -> None:
    scene = busy()
    await scene.scrape()
    for _ in range(201):
        await scene.driver.finish(await scene.driver.run(scene.runs["daily"]))
    scene.wire.fail_nth("POST /api/flow_runs/filter", 4, FAULTS[fault])  # the ended, second page

    record = (await scene.scrape()).orchestrator

    assert record.execution is not None
    assert record.execution.completed_workflows is None
    scene.wire.heal()
    after = (await scene.scrape()).orchestrator
    assert after.execution is not None
    assert after.execution.completed_workflows == 201


async def test_a_server_that_hangs_is_an_outage_in_time() -> None:
    scene = busy(call_timeout_s=0.05, timeout_s=1)
    scene.wire.hang(EVERYWHERE)

    async with asyncio.timeout(30):
        with pytest.raises(CollectorError) as caught:
            await scene.scrape()

    assert caught.value.code == "unreachable"


async def test_a_busy_server_is_left_alone_for_as_long_as_it_says() -> None:
    scene = busy(interval_s=10)
    scene.wire.fail("work_queues/filter", FAULTS["429"])
    for _ in range(3):  # at 0, 10 and 20 s: it said 30
        await scene.scrape()
    asked_meanwhile = len([line for line in scene.wire.requests if "work_queues" in line])
    scene.wire.heal()

    record = (await scene.scrape()).orchestrator

    assert asked_meanwhile == 1
    assert record.queuing is not None
    assert record.queuing.queues is not None


async def test_an_unknown_version_is_read_all_the_same() -> None:
    scene = busy()
    scene.server.version = "9.0.0-rc1"

    record = (await scene.scrape()).orchestrator

    assert record.metadata.source.versions == {"prefect": "9.0.0-rc1"}
    assert record.health.errors == ()


async def test_what_a_server_does_not_have_is_no_error() -> None:
    scene = busy()
    scene.server.metrics = False

    record = (await scene.scrape()).orchestrator

    assert record.health.errors == ()
    assert record.resources is None
    assert "does not have metrics" in record.metadata.unavailable["/resources"]
