"""A real controller: limits of namespaces, cron workflows, workflows that clear themselves away."""

from typing import Any

import httpx
import pytest

from agents.argo import ArgoCollector
from agents.argo.limits import LIMITED, reads_labels
from tests.live.argo.argo import WORKFLOWS, Argo
from tests.live.argo.conftest import LIMIT
from tests.live.argo.test_agent import (
    ONE_STEP,
    at_rest,
    details,
    ended,
    jobs,
    scrape,
    settings_of,
    told,
)
from tests.live.kubernetes.extensions import MERGE
from tests.live.kubernetes.reading import until

__all__ = ["jobs"]  # a fixture: pytest finds it here by its name

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

CRONS = "/apis/argoproj.io/v1alpha1/namespaces/{}/cronworkflows"
POLICY = "argo_workflows_cronworkflows_concurrencypolicy_triggered"
ERRORS = "argo_workflows_error_count"
PAUSED = {"entrypoint": "main", "templates": [{"name": "main", "suspend": {}}]}


async def test_a_full_namespace_is_a_cause_of_its_own(argo: Argo, jobs: str) -> None:
    patch(argo, f"/api/v1/namespaces/{jobs}", {"metadata": {"labels": {LIMITED: "1"}}})
    read = reads_labels(argo.version())
    expected = {"Running": 1, "Pending": 2} if read else {"Running": LIMIT}
    async with ArgoCollector(settings_of(argo)) as collector:
        await scrape(collector)
        for number in range(3):
            argo.submit(jobs, f"one-{number}", ONE_STEP)
        await at_rest(argo, jobs, expected)
        full = await scrape(collector, argo)
        await ended(argo, jobs, {"Succeeded": 3})
        over = await scrape(collector, argo)

    assert full.orchestrator.metadata.source.versions["argo"] == argo.version()
    assert full.orchestrator.capacity is not None
    assert full.orchestrator.capacity.used_slots == expected["Running"]
    assert full.orchestrator.queuing is not None
    queues = {each.name: each for each in full.orchestrator.queuing.queues or ()}
    if not read:
        assert f"namespace/{jobs}" not in queues
        return
    assert details(full)["waitingByCause"] == {"namespace-limit": 2}
    queue = queues[f"namespace/{jobs}"]
    assert (queue.size, queue.in_flight, queue.consumers) == (2, 1, 1)
    assert details(over)["latency"]["namespace-limit"]["count"] == 2


async def test_what_cron_workflows_make_and_do_not_make(argo: Argo, jobs: str) -> None:
    path = CRONS.format(jobs)
    often = {"schedules": ["@every 3s"], "workflowSpec": PAUSED}
    bodies: dict[str, dict[str, Any]] = {
        "paused": {**often, "suspend": True},
        "wrong": {**often, "workflowSpec": {**PAUSED, "entrypoint": "nothing"}},
        "one-by-one": {**often, "concurrencyPolicy": "Forbid"},
    }
    before = counted(argo, ERRORS)
    async with ArgoCollector(settings_of(argo)) as collector:
        await scrape(collector)
        try:
            for name, spec in bodies.items():
                argo.cluster.create(path, cron(name, spec))
            await until(lambda: told(argo, jobs) == {"Running": 1})
            await until(lambda: counted(argo, POLICY) >= 1)
            await until(lambda: counted(argo, ERRORS) > before)
            least, batch = counted(argo, POLICY), await scrape(collector, argo)
            most = counted(argo, POLICY)
        finally:
            with argo.cluster.client() as client:
                client.delete(path).raise_for_status()

    crons = details(batch)["cronWorkflows"]
    assert (crons["count"], crons["suspended"], crons["activeWorkflows"]) == (3, 1, 1)
    assert crons["failing"] == {}  # a specification that is refused is counted, and no more
    assert details(batch)["controllerErrors"]["CronWorkflowSpecError"] >= 1
    assert crons["lastScheduledAt"] is not None
    assert least <= details(batch)["cronPolicy"]["Forbid"] <= most
    assert details(batch)["cronTriggered"] == 1


async def test_what_clears_itself_away_counts_once(argo: Argo, jobs: str) -> None:
    brief = {**ONE_STEP, "ttlStrategy": {"secondsAfterCompletion": 0}}
    async with ArgoCollector(settings_of(argo)) as collector:
        await scrape(collector)
        for number in range(LIMIT):
            argo.submit(jobs, f"brief-{number}", brief)

        def gone() -> bool:
            argo.end_pods(jobs)
            return not argo.cluster.items(WORKFLOWS.format(jobs))

        await until(lambda: told(argo, jobs) == {"Running": LIMIT})
        await until(gone)
        over = await scrape(collector, argo)
        after = await scrape(collector, argo)

    counts = [
        each.orchestrator.execution.completed_workflows
        for each in (over, after)
        if each.orchestrator.execution is not None
    ]
    assert counts == [LIMIT, 0]
    assert over.orchestrator.metadata.estimated == ("/scheduling/resourceContentions",)
    assert details(over)["vanished"] == 0
    assert details(over)["archive"] == {"on": False, "waiting": 0}


def cron(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow"}
    return {**kind, "metadata": {"name": name}, "spec": spec}


def counted(argo: Argo, name: str) -> int:
    """A counter of the controller, all series of it."""
    text = httpx.get(argo.metrics_url, timeout=30, trust_env=False).text
    return sum(int(float(line.split()[-1])) for line in text.splitlines() if line.startswith(name))


def patch(argo: Argo, path: str, change: dict[str, Any]) -> None:
    with argo.cluster.client() as client:
        client.patch(path, json=change, headers=MERGE).raise_for_status()
