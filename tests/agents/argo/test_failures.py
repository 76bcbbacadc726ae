"""Every outbound call fails once by itself: what depends on it is null with a reason, an error
is counted, and no value turns into anything but null. And servers that answer badly."""

import asyncio
from typing import Any

import pytest

from agents.collector import CollectorError
from tests.agents.argo.scenes import (
    BESIDE,
    LEASES,
    PODS,
    SETTINGS,
    WORKFLOWS,
    Scene,
    busy,
    iso,
    scraped,
)
from tests.agents.contract import (
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


def failing(scene: Scene) -> list[str]:
    return [name for name, each in scene.collector.informers.items() if each.failure is not None]


async def wait_until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)
