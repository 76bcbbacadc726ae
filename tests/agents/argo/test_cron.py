"""What makes workflows by the clock, and what becomes of those that are over."""

import pytest

from tests.agents.argo.scenes import (
    BESIDE,
    CRONS,
    EXPOSED,
    WORKFLOWS,
    busy,
    details,
    iso,
    relisted,
    scraped,
)
from tests.agents.contract import NOW
from tests.agents.http_faults import FAULTS

CRON_COUNTERS = """argo_workflows_cronworkflows_triggered_total{{name="a"}} {made}
argo_workflows_cronworkflows_concurrencypolicy_triggered{{concurrency_policy="Forbid"}} {forbidden}
"""


async def test_cron_workflows_are_counted() -> None:
    scene = busy()
    scene.cron("off", suspend=True)
    scene.cron("stopped", phase="Stopped", active=None)
    wrong = {"type": "SubmissionError", "status": "True", "message": "no such template"}
    scene.cron("wrong", conditions=[{"type": "Completed", "status": "True"}, wrong])
    record = await scraped(scene)

    assert details(record)["cronWorkflows"] == {
        "count": 4,
        "suspended": 1,
        "stopped": 1,
        "activeWorkflows": 1,
        "lastScheduledAt": NOW.isoformat(),
        "failing": {"jobs/wrong": "SubmissionError: no such template"},
    }
    assert record.health.warnings == (
        "jobs/wrong makes no workflows: SubmissionError: no such template",
    )


async def test_who_may_not_read_them_goes_without() -> None:
    scene = busy()
    scene.wire.fail(f"GET {CRONS}$", FAULTS["403"])
    record = await scraped(scene)

    assert details(record)["cronWorkflows"] is None
    assert any("watch cron workflows" in each for each in record.health.warnings)


async def test_what_was_due_and_not_made_is_told_by_the_controller() -> None:
    scene = busy(**BESIDE)
    scene.server.exposed += CRON_COUNTERS.format(made=7, forbidden=2)
    await scene.scrape()
    scene.server.exposed = EXPOSED.format(panics=0, looked=20, looked_s=2)
    scene.server.exposed += CRON_COUNTERS.format(made=9, forbidden=5)
    record = await scraped(scene)

    assert details(record)["cronTriggered"] == 2
    assert details(record)["cronPolicy"] == {"Forbid": 3}
    assert details(record)["controllerErrors"] == {}


async def test_without_its_metrics_that_is_not_known() -> None:
    record = await scraped(busy())

    assert details(record)["cronTriggered"] is None
    assert details(record)["cronPolicy"] is None


@pytest.mark.parametrize(
    ("settings", "on"),
    [
        ({}, False),
        ({"persistence": "archive: true\npostgresql: {host: db}\n"}, True),
        ({"persistence": "nodeStatusOffLoad: true\n"}, False),
        ({"config": "persistence:\n  archive: true\n"}, True),
        ({"persistence": "{"}, None),
    ],
)
async def test_whether_the_archive_is_on(settings: dict[str, str], on: bool | None) -> None:
    scene = busy()
    scene.server.settings = settings
    record = await scraped(scene)

    assert details(record)["archive"] == {"on": on, "waiting": 0}


async def test_what_waits_to_be_archived() -> None:
    scene = busy()
    body = scene.server.objects[WORKFLOWS]["jobs/done"]
    body["metadata"]["labels"] = {"workflows.argoproj.io/workflow-archiving-status": "Pending"}
    scene.server.put(WORKFLOWS, body)
    record = await scraped(scene)

    assert details(record)["archive"]["waiting"] == 1


async def test_a_workflow_of_the_same_name_is_another_one() -> None:
    """Cleared away and made anew while the server was not heard."""
    scene = busy()
    await scene.scrape()
    scene.server.cut()
    scene.server.delete(WORKFLOWS, "jobs/done")
    scene.workflow("done", "Succeeded", finishedAt=iso(scene.at))
    scene.server.objects[WORKFLOWS]["jobs/done"]["metadata"]["uid"] = "another"
    scene.server.forget()
    record = await relisted(scene)

    assert record.execution is not None
    assert record.execution.completed_workflows == 1


async def test_what_went_unseen_makes_the_count_an_estimate() -> None:
    scene = busy()
    await scene.scrape()
    scene.server.cut()
    scene.workflow("runs", "Succeeded", finishedAt=iso(scene.at))
    scene.server.delete(WORKFLOWS, "jobs/runs")
    scene.workflow("paused", "Succeeded", finishedAt=iso(scene.at))
    scene.server.forget()
    record = await relisted(scene)

    assert record.execution is not None
    assert record.execution.completed_workflows == 1
    assert "/execution/completedWorkflows" in record.metadata.estimated
    assert details(record)["vanished"] == 1


async def test_what_is_deleted_before_its_end_has_not_ended() -> None:
    scene = busy()
    await scene.scrape()
    scene.server.delete(WORKFLOWS, "jobs/runs")
    record = await scraped(scene)

    assert record.execution is not None
    assert record.execution.completed_workflows == 0
    assert "/execution/completedWorkflows" not in record.metadata.estimated
    assert details(record)["vanished"] == 1
