"""Every outbound call fails once by itself: what depends on it is null with a reason, an error
is counted, and no value turns into anything but null. And servers that answer badly."""

import asyncio
from datetime import timedelta
from itertools import product

import pytest

from agents.collector import CollectorError, UnauthorizedError
from tests.agents.argo.scenes import (
    BESIDE,
    CRONS,
    LEASES,
    NAMESPACES,
    PODS,
    SETTINGS,
    WORKFLOWS,
    busy,
    details,
    failing,
    iso,
    scraped,
    wait_until,
)
from tests.agents.contract import (
    NOW,
    assert_null,
    changed_to_something,
    records_of,
    unexplained_nulls,
)
from tests.agents.http_faults import EVERYWHERE, FAULTS

CALLS = {
    f"{WORKFLOWS}$": ("/capacity/usedSlots", "/queuing/backlogSize", "/queuing/queues"),
    f"{PODS}$": ("/capacity/activeWorkers", "/queuing/poisonMessageCount"),
    f"{LEASES}$": ("/health/components/0/status",),
    f"{SETTINGS}$": ("/capacity/totalSlots",),
    f"{NAMESPACES}$": (),
    f"{CRONS}$": (),
    "/metrics$": ("/health/components/0/latency",),
    "/api/v1/info$": ("/health/components/3/latency",),
    "/api/v1/version$": (),
    "/api/v1/namespaces/kube-system$": (),
}
LOST = {"/metrics$": "/queuing/queues/4/", f"{NAMESPACES}$": "/queuing/queues/"}
"""Queues that are not there without the call: those after them move up."""

ENOUGH = ("/api/v1/info$", "another shape")
"""That it answers is all that is asked of it."""

FAILURES = [pair for pair in product(CALLS, FAULTS) if pair != ENOUGH]
every_fault = pytest.mark.parametrize("fault", FAULTS)


@pytest.mark.parametrize(("path", "fault"), FAILURES)
async def test_each_call_fails_by_itself(path: str, fault: str) -> None:
    healthy, harmed = busy(**BESIDE), busy(**BESIDE)
    harmed.wire.fail(f"GET {path}", FAULTS[fault])

    well, ill = await healthy.scrape(), await harmed.scrape()
    for scene in (healthy, harmed):
        await scene.collector.aclose()

    forgiven = fault == "403" and path in (f"{NAMESPACES}$", f"{CRONS}$")
    assert_null(ill.orchestrator, CALLS[path])
    assert len(ill.orchestrator.health.errors) == (0 if forgiven else 1)
    assert ill.orchestrator.metadata.partial is not forgiven
    if path == f"{PODS}$":  # without pods there are no pools to compare
        return
    lost = LOST.get(path, "none")
    assert [each for each in changed_to_something(well, ill) if lost not in each[0]] == []
    assert [place for each in records_of(ill) for place in unexplained_nulls(each)] == []


async def test_no_failed_call_no_error() -> None:
    record = await scraped(busy(**BESIDE))

    assert record.health.errors == ()
    assert not record.metadata.partial


@every_fault
async def test_a_server_that_answers_nothing_usable_is_an_outage(fault: str) -> None:
    scene = busy()
    scene.wire.fail(EVERYWHERE, FAULTS[fault])

    with pytest.raises(CollectorError) as caught:
        await scene.scrape()
    await scene.collector.aclose()

    assert caught.value.code != CollectorError.code


async def test_a_server_that_hangs_is_an_outage_in_time() -> None:
    scene = busy(call_timeout_s=0.05, timeout_s=1)
    scene.wire.hang(EVERYWHERE)

    async with asyncio.timeout(30):
        with pytest.raises(CollectorError) as caught:
            await scene.scrape()
    await scene.collector.aclose()

    assert caught.value.code == "unreachable"


@pytest.mark.parametrize("path", ["/metrics$", "/api/v1/info$", f"{WORKFLOWS}$", f"{CRONS}$"])
async def test_a_call_that_hangs_leaves_the_rest(path: str) -> None:
    scene = busy(**BESIDE, call_timeout_s=0.05, timeout_s=1)
    scene.wire.hang(path)

    async with asyncio.timeout(30):
        record = await scraped(scene)

    (error,) = record.health.errors
    assert error.code in ("timeout", "deadline")
    assert_null(record, CALLS[path])
    assert record.capacity is not None
    assert record.capacity.active_workers == 1


async def test_a_token_that_ran_out_and_is_renewed() -> None:
    scene = busy()
    await scene.scrape()
    scene.wire.fail(EVERYWHERE, FAULTS["401"])
    scene.server.cut()
    with pytest.raises(UnauthorizedError):
        await scene.scrape()
    scene.workflow("runs", "Succeeded", finishedAt=iso(scene.at))
    scene.wire.heal()
    await wait_until(lambda: failing(scene) == [])
    await scene.heard()
    record = await scraped(scene)

    assert record.execution is not None
    assert record.execution.completed_workflows == 1
    assert record.health.errors == ()


async def test_a_busy_server_is_left_alone_for_as_long_as_it_says() -> None:
    scene = busy(**BESIDE, interval_s=10)
    scene.wire.fail("/metrics$", FAULTS["429"])
    for _ in range(3):  # at 0, 10 and 20 s: it said 30
        await scene.scrape()
    asked_meanwhile = scene.wire.requests.count("GET /metrics")
    scene.wire.heal()
    record = await scraped(scene)

    assert asked_meanwhile == 1
    assert record.health.errors == ()


@pytest.mark.parametrize("fault", ["refused", "503", "half a JSON"])
async def test_a_server_that_goes_away_in_mid_page_gives_no_half_counts(fault: str) -> None:
    scene = busy()
    scene.server.watch_list = False  # so that it is listed, page by page
    for number in range(600):
        scene.workflow(f"many-{number}", "Running")
    scene.wire.fail_nth(f"GET {WORKFLOWS}$", 2, FAULTS[fault])  # refused, first page, second page
    half = (await scene.scrape()).orchestrator
    await wait_until(lambda: failing(scene) == [])
    await scene.heard()
    whole = await scraped(scene)

    assert_null(half, CALLS[f"{WORKFLOWS}$"])
    assert whole.capacity is not None
    assert whole.capacity.used_slots == 603


async def test_an_unknown_version_is_read_all_the_same() -> None:
    scene = busy(**BESIDE)
    scene.server.version, scene.server.argo_version = "v9.0.1", "latest+unknown"
    record = await scraped(scene)

    assert record.metadata.source.versions == {"kubernetes": "v9.0.1", "argo": "latest+unknown"}
    assert record.health.errors == ()


async def test_a_clock_an_hour_off_changes_no_age() -> None:
    scene = busy()
    scene.wire.dated(NOW)
    record = (await scene.collector.collect(NOW - timedelta(hours=1))).orchestrator
    await scene.collector.aclose()

    assert record.queuing is not None
    assert record.queuing.max_wait_time == pytest.approx(40_000, abs=2_000)
    assert record.health.components[0].status is not None
    assert record.health.components[0].status.value == "healthy"
    assert details(record)["clockSkewS"] == pytest.approx(3600, abs=2)


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
