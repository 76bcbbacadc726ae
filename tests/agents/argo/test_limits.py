"""Limits of namespaces: whose limit a workflow waits for, and how full each is."""

import pytest

from contracts.orchestrator import OrchestratorMetrics
from tests.agents.argo.scenes import (
    BESIDE,
    CRONS,
    NAMESPACES,
    POSTPONED,
    WORKFLOWS,
    Scene,
    details,
    iso,
    queues,
    scraped,
)
from tests.agents.http_faults import FAULTS


def full(limit: str | None, **settings: str) -> Scene:
    """One workflow of `jobs` runs and one waits for its turn."""
    scene = Scene()
    scene.server.settings = settings
    if limit is not None:
        scene.namespace("jobs", limit)
    scene.workflow("runs", "Running", 60)
    scene.workflow("waits", "Pending", 40, message=POSTPONED)
    return scene


def waits_for(record: OrchestratorMetrics) -> list[str]:
    return list(details(record)["waitingByCause"])


@pytest.mark.parametrize(
    ("label", "settings", "cause"),
    [
        ("1", {"parallelism": "9"}, "namespace-limit"),
        ("1", {"parallelism": "1"}, "namespace-limit"),
        ("2", {"parallelism": "1"}, "limit"),
        (None, {"parallelism": "1"}, "limit"),
        (None, {"parallelism": "9", "namespaceParallelism": "1"}, "namespace-limit"),
        ("2", {"parallelism": "1", "namespaceParallelism": "1"}, "limit"),
        ("0", {"parallelism": "1", "namespaceParallelism": "1"}, "limit"),
        ("many", {"parallelism": "9", "namespaceParallelism": "1"}, "limit"),
    ],
)
async def test_the_limit_that_is_reached_is_the_cause(
    label: str | None, settings: dict[str, str], cause: str
) -> None:
    record = await scraped(full(label, **settings))

    assert waits_for(record) == [cause]


async def test_a_namespace_with_a_limit_is_a_queue() -> None:
    scene = full("1", parallelism="9")
    scene.namespace("idle", "3")
    scene.namespace("odd", "many")
    found = queues(await scraped(scene))

    jobs = found["namespace/jobs"]
    assert (jobs.size, jobs.in_flight, jobs.consumers) == (1, 1, 1)
    idle = found["namespace/idle"]
    assert (idle.size, idle.in_flight, idle.consumers) == (0, 0, 3)
    assert "namespace/odd" not in found


async def test_waits_for_it_are_told_apart() -> None:
    scene = full("1", parallelism="9")
    await scene.scrape()
    scene.workflow("waits", "Pending", message=f"{POSTPONED}: still")
    await scene.heard()
    scene.workflow("runs", "Succeeded", finishedAt=iso(scene.at))
    scene.workflow("waits", "Running", begun=iso(scene.at))
    record = await scraped(scene)

    assert list(details(record)["latency"]) == ["namespace-limit"]


@pytest.mark.parametrize(("limit", "cause"), [("1", "namespace-limit"), ("2", "limit")])
async def test_a_short_wait_between_two_scrapes_is_told_apart_too(limit: str, cause: str) -> None:
    scene = full(limit, parallelism="9")
    scene.server.delete(WORKFLOWS, "jobs/waits")
    await scene.scrape()
    scene.workflow("short", "Pending", message=POSTPONED)
    await scene.heard()
    scene.seconds += 3
    scene.workflow("runs", "Succeeded", finishedAt=iso(scene.at))
    await scene.heard()
    scene.workflow("short", "Running", begun=iso(scene.at))
    record = await scraped(scene)

    assert list(details(record)["latency"]) == [cause]


async def test_where_only_namespaces_have_limits_it_was_one_of_those() -> None:
    scene = full("5")
    await scene.scrape()
    scene.workflow("short", "Pending", message=POSTPONED)
    await scene.heard()
    scene.workflow("short", "Running", begun=iso(scene.at))
    record = await scraped(scene)

    assert list(details(record)["latency"]) == ["namespace-limit"]


async def test_who_may_not_read_labels_takes_the_controllers_limit_for_all() -> None:
    scene = full("7", parallelism="9", namespaceParallelism="1")
    scene.wire.fail(f"GET {NAMESPACES}$", FAULTS["403"])
    record = await scraped(scene)

    assert waits_for(record) == ["namespace-limit"]
    assert record.health.errors == ()
    assert any("watch namespaces" in each for each in record.health.warnings)


async def test_while_the_labels_are_not_known_no_namespace_is_said_to_be_full() -> None:
    scene = full("1", parallelism="9", namespaceParallelism="1")
    scene.wire.fail(f"GET {NAMESPACES}$", FAULTS["refused"])
    record = await scraped(scene)

    assert waits_for(record) == ["limit"]
    assert "namespace/jobs" not in queues(record)
    assert details(record)["namespaceLimits"] is None


@pytest.mark.parametrize(
    ("fault", "slots"),
    [("403", 4), ("refused", None)],
)
async def test_of_one_namespace_the_smaller_limit_holds_as_far_as_it_is_known(
    fault: str, slots: int | None
) -> None:
    scene = Scene({"namespace": "jobs"})
    for path in (WORKFLOWS, CRONS):
        within = path.replace("/v1alpha1/", "/v1alpha1/namespaces/jobs/")
        scene.server.objects[within] = {}
    scene.server.objects["/api/v1/namespaces/jobs/pods"] = {}
    scene.server.settings = {"parallelism": "9", "namespaceParallelism": "4"}
    scene.wire.fail(f"GET {NAMESPACES}$", FAULTS[fault])
    record = await scraped(scene)

    assert record.capacity is not None
    assert record.capacity.total_slots == slots


@pytest.mark.parametrize(
    ("version", "cause"),
    [("v3.6.12", "limit"), ("v3.7.0", "namespace-limit"), ("v4.0.5", "namespace-limit")],
)
async def test_versions_before_37_do_not_read_the_label(version: str, cause: str) -> None:
    scene = Scene(BESIDE)
    scene.server.settings = {"parallelism": "9"}
    scene.server.argo_version = version
    scene.namespace("jobs", "1")
    scene.workflow("runs", "Running", 60)
    scene.workflow("waits", "Pending", 40, message=POSTPONED)
    record = await scraped(scene)

    assert waits_for(record) == [cause]
