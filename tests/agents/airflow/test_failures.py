"""Every outbound call fails once by itself: what depends on it is null with a reason, an error
is counted, and no value turns into anything but null. And servers that answer badly."""

import asyncio
from dataclasses import dataclass

import pytest

from agents.collector import Batch, CollectorError
from tests.agents.airflow.scenes import Scene, busy, meanwhile
from tests.agents.contract import (
    assert_null,
    changed_to_something,
    records_of,
    unexplained_nulls,
)
from tests.agents.http_faults import EVERYWHERE, FAULTS, NOT_FOUND

TASKS = "GET /api/v2/dags/~/dagRuns/~/taskInstances"
RUNS = "GET /api/v2/dags/~/dagRuns$"


@dataclass(frozen=True)
class Call:
    """One outbound call: the requests it is made of, which of them, and the fields that need it."""

    source: str
    pattern: str
    needs: tuple[str, ...] = ()
    number: int = 0


CALLS = (
    Call(
        "health", "monitor/health", ("/health/components/1/status", "/health/components/2/status")
    ),
    Call(
        "pools",
        "/pools",
        (
            "/capacity/totalSlots",
            "/capacity/usedSlots",
            "/capacity/capacityUtilization",
            "/scheduling/resourceContentions",
            "/queuing/queues",
        ),
    ),
    Call("schedulers", "api/v2/jobs", (), 0),
    Call("jobs", "api/v2/jobs", ("/health/uptime", "/health/restarts"), 1),
    Call("edge workers", "edge_worker/ui/worker"),
    Call("edge jobs", "edge_worker/ui/jobs"),
    Call("queued runs", RUNS, ("/capacity/pendingWorkflows",), 0),
    Call("running runs", RUNS, ("/capacity/runningWorkflows",), 1),
    Call(
        "live tasks",
        TASKS,
        (
            "/scheduling/queueDepth",
            "/scheduling/priorityDistribution",
            "/queuing/backlogSize",
            "/queuing/totalMessages",
            "/queuing/maxWaitTime",
            "/queuing/queues",
        ),
        0,
    ),
    Call(
        "changed tasks",
        TASKS,
        (
            "/scheduling/avgSchedulingLatency",
            "/scheduling/p95SchedulingLatency",
            "/scheduling/latencyHistogram",
            "/scheduling/schedulingThroughput",
            "/scheduling/schedulingFailures",
            "/execution/retriedTasks",
        ),
        1,
    ),
    Call(
        "changed runs",
        RUNS,
        (
            "/capacity/completedWorkflows",
            "/capacity/failedWorkflows",
            "/execution/completedWorkflows",
            "/execution/failedWorkflows",
            "/execution/avgDuration",
            "/execution/intervalS",
        ),
        2,
    ),
    Call("import errors", "/importErrors"),
    Call("dags", "/dags$", (), 0),
    Call("active dags", "/dags$", (), 1),
)

every_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.source)
every_fault = pytest.mark.parametrize("fault", FAULTS)


def scene_with_everything() -> Scene:
    scene = busy(facts_interval_s=1, executor="local", parallelism=4, edge=True)
    scene.server.edge_worker("e1", "running")
    return scene


async def second_scrape(scene: Scene, call: Call | None, fault: str = "refused") -> Batch:
    await scene.scrape()
    meanwhile(scene)
    if call is not None:
        scene.wire.fail_nth(call.pattern, call.number, FAULTS[fault])
    return await scene.scrape()


@every_call
async def test_what_depends_on_a_failed_call_is_null_with_a_reason(call: Call) -> None:
    batch = await second_scrape(scene_with_everything(), call)

    assert_null(batch.orchestrator, call.needs)


@every_call
@every_fault
async def test_a_failed_call_is_counted_and_changes_nothing_else(call: Call, fault: str) -> None:
    healthy = await second_scrape(scene_with_everything(), None)
    # With an expired token the call is made again, and answered.
    harmed = await second_scrape(scene_with_everything(), call, fault)

    errors = [(error.source, error.count) for error in harmed.orchestrator.health.errors]
    assert errors == ([] if fault == "401" else [(call.source, 1)])
    assert harmed.orchestrator.metadata.partial is (fault != "401")
    if call.source != "jobs":  # without them hosts are only seen, which makes other pools
        assert list(changed_to_something(healthy, harmed)) == []
    assert [place for each in records_of(harmed) for place in unexplained_nulls(each)] == []


async def test_no_failed_call_no_error() -> None:
    record = (await second_scrape(scene_with_everything(), None)).orchestrator

    assert record.health.errors == ()
    assert not record.metadata.partial


@every_fault
@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
async def test_a_server_that_answers_nothing_usable_is_an_outage(fault: str, version: str) -> None:
    scene = busy(version)
    scene.wire.fail(EVERYWHERE, FAULTS[fault])

    with pytest.raises(CollectorError) as caught:
        await scene.scrape()

    assert caught.value.code != CollectorError.code


@pytest.mark.parametrize("fault", ["refused", "503", "half a JSON"])
async def test_a_server_that_goes_away_in_mid_page_gives_no_half_counts(fault: str) -> None:
    scene = busy()
    await scene.scrape()
    for number in range(150):
        scene.ended(f"m{number}", "t", scheduled_when=3, queued_when=2, start_date=1)
    scene.wire.fail_nth(TASKS, 2, FAULTS[fault])  # the changed, second page

    record = (await scene.scrape()).orchestrator

    assert_null(record, ("/scheduling/schedulingThroughput",))
    scene.wire.heal()
    scene.later(300)
    after = (await scene.scrape()).orchestrator
    assert after.extra_metadata()["airflow"]["endedByState"]["success"] == 150


async def test_a_server_that_hangs_is_an_outage_in_time() -> None:
    scene = busy(call_timeout_s=0.05, timeout_s=1)
    scene.wire.hang(EVERYWHERE)

    async with asyncio.timeout(30):
        with pytest.raises(CollectorError) as caught:
            await scene.scrape()

    assert caught.value.code == "unreachable"


async def test_an_unknown_version_is_read_all_the_same() -> None:
    scene = busy("9.0.1")

    record = (await scene.scrape()).orchestrator

    assert record.metadata.source.versions == {"airflow": "9.0.1", "api": "v2"}
    assert record.health.errors == ()


async def test_a_server_of_neither_version_is_not_supported() -> None:
    scene = busy()
    scene.wire.fail("/api/v", NOT_FOUND)

    with pytest.raises(CollectorError) as caught:
        await scene.scrape()

    assert caught.value.code == "unsupported_version"
