"""What the demo shows, read from its real Temporal server. One demo serves all tests here."""

from collections.abc import AsyncIterator
from dataclasses import replace

import psutil
import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from cli.demo.plan import ORDERS, REPORTS
from cli.demo.temporal_server import SERVER
from tests.cli.demo.staging import CLOSED_WELL, QUICK, Stage, staged
from tests.cli.demo.waiting import eventually

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    # A space, and a path that is too long for a socket's name.
    folder = tmp_path_factory.mktemp("a state") / ("x" * 100)
    async with staged(folder, replace(QUICK, first_poison_s=0)) as made:
        yield made


async def events(stage: Stage, query: str, kind: EventType.ValueType) -> list[int]:
    """Attempts of the events of one kind, in the first workflow that matches."""
    async for found in stage.client.list_workflows(query):
        history = await stage.client.get_workflow_handle(found.id).fetch_history()
        return [
            event.activity_task_started_event_attributes.attempt
            for event in history.events
            if event.event_type == kind
        ]
    return []


@pytest.mark.parametrize("workflow", ["FulfilOrder", "BuildReport", "ShipParcel", "RefundOrder"])
async def test_workflows_complete(stage: Stage, workflow: str) -> None:
    await stage.until(f"WorkflowType = '{workflow}' AND {CLOSED_WELL}")


async def test_some_workflows_fail(stage: Stage) -> None:
    await stage.until("ExecutionStatus = 'Failed'")

    assert await stage.count("ExecutionStatus = 'Failed' AND WorkflowType != 'RefundOrder'") == 0


async def test_some_activities_are_retried(stage: Stage) -> None:
    retried = f"WorkflowType = 'ShipParcel' AND {CLOSED_WELL}"
    await stage.until(retried)

    attempts = await events(stage, retried, EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED)

    assert (len(attempts), attempts[0] > 1) == (1, True)


async def test_poison_fails_its_workflow_task_and_stays_open(stage: Stage) -> None:
    poison = "WorkflowType = 'AuditOrder' AND ExecutionStatus = 'Running'"

    async def failing() -> bool:
        return bool(await events(stage, poison, EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED))

    await eventually(failing, "a failed workflow task")


async def test_workers_report_to_the_server(stage: Stage) -> None:
    async def all_there() -> bool:
        return await stage.workers() == [ORDERS, ORDERS, REPORTS]

    await eventually(all_there, "heartbeats of two workers on orders and one on reports")


async def test_targets_are_there(stage: Stage) -> None:
    port = int(stage.targets.metrics_url.split(":")[2].split("/")[0])
    pid = stage.pid(SERVER)
    listening = {
        each.laddr
        for each in psutil.Process(pid).net_connections()
        if each.status == psutil.CONN_LISTEN
    }

    assert (port in {laddr.port for laddr in listening}, {laddr.ip for laddr in listening}) == (
        True,
        {"127.0.0.1"},
    )


async def test_closed_workflows_are_kept_an_hour(stage: Stage) -> None:
    found = await stage.client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=stage.targets.namespace)
    )

    assert found.config.workflow_execution_retention_ttl.seconds == 3_600
