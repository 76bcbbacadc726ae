"""Workflow tasks that wait for a worker for known times."""

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.api.command.v1 import Command, CompleteWorkflowExecutionCommandAttributes
from temporalio.api.enums.v1 import CommandType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice import v1 as wire
from temporalio.client import Client

from tests.live.temporal.server import TemporalServer
from tests.live.temporal.watch import bucket, watching
from tests.live.waits.workload import ITEMS, Item, play, the_known_p95

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

PATIENCE = timedelta(minutes=2)
"""Of the server with whoever took a task: one that is given out again would count twice."""


async def test_the_p95_of_known_waits_is_told(
    temporal_server: TemporalServer, namespace: str
) -> None:
    client = await Client.connect(temporal_server.address, namespace=namespace)

    async def submit(item: Item) -> None:
        """A workflow on a task queue of its own, which nobody polls."""
        name = f"item-{item.number}"
        await client.start_workflow("Item", id=name, task_queue=name, task_timeout=PATIENCE)

    async def release(item: Item) -> None:
        """What a worker does first: ask for the task. The workflow then ends at once."""
        queue = TaskQueue(name=f"item-{item.number}")
        ask = wire.PollWorkflowTaskQueueRequest(
            namespace=namespace, task_queue=queue, identity="w1"
        )
        while not (task := await client.workflow_service.poll_workflow_task_queue(ask)).task_token:
            pass  # a poll may end with nothing
        end = Command(
            command_type=CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
            complete_workflow_execution_command_attributes=(
                CompleteWorkflowExecutionCommandAttributes()
            ),
        )
        await client.workflow_service.respond_workflow_task_completed(
            wire.RespondWorkflowTaskCompletedRequest(
                namespace=namespace, task_token=task.task_token, identity="w1", commands=[end]
            )
        )

    async with watching(temporal_server, namespace) as collector:
        await collector.collect(datetime.now(UTC))
        known_ms = await play(submit, release)
        record = (await collector.collect(datetime.now(UTC))).orchestrator

    assert record.scheduling is not None
    assert record.scheduling.latency_histogram is not None
    low_ms, high_ms = bucket(record.scheduling.latency_histogram, max(known_ms))
    the_known_p95(record, known_ms, high_ms - low_ms, given_again=len(ITEMS) // 4)
