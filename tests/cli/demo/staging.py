"""A demo of its own for a test, and what Temporal itself says about it."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import structlog
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, ListWorkersRequest
from temporalio.client import Client

from cli.demo.demo import Demo, DemoError, DemoTargets
from cli.demo.pid_file import PidFile, Started
from cli.demo.plan import ORDERS, LoadPlan
from cli.demo.temporal_server import find_binary
from tests.cli.demo.waiting import eventually
from tests.requirements import require_or_skip

__all__ = ["CLOSED_WELL", "QUICK", "Stage", "recorded", "staged"]

CLOSED_WELL = "ExecutionStatus = 'Completed'"
QUICK = LoadPlan(
    trickle_per_s=4.0,
    first_burst_s=math.inf,
    first_kill_s=math.inf,
    first_poison_s=math.inf,
    replace_after_s=0.2,
    work_ratio=0.1,
)


@dataclass(frozen=True)
class Stage:
    """A demo that has started and runs."""

    demo: Demo
    targets: DemoTargets
    client: Client
    state_dir: Path

    async def count(self, query: str) -> int:
        """Workflows that match a visibility query."""
        return (await self.client.count_workflows(query)).count

    async def backlog(self) -> int:
        """Activities that wait in the queue of orders."""
        answer = await self.client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=self.targets.namespace,
                task_queue=TaskQueue(name=ORDERS),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
                report_stats=True,
            )
        )
        return answer.stats.approximate_backlog_count

    async def workers(self) -> list[str]:
        """Task queues of the workers that the server hears from."""
        answer = await self.client.workflow_service.list_workers(
            ListWorkersRequest(namespace=self.targets.namespace)
        )
        return sorted(worker.worker_heartbeat.task_queue for worker in answer.workers_info)

    async def until(self, query: str, least: int = 1) -> None:
        """Wait for at least so many workflows that match a visibility query."""

        async def enough() -> bool:
            return await self.count(query) >= least

        await eventually(enough, f"{least} of {query}")

    def pid(self, name: str) -> int | None:
        """Process number of a child that is up."""
        return next((child.pid for child in recorded(self.state_dir) if child.name == name), None)


def recorded(state_dir: Path) -> tuple[Started, ...]:
    """The children on file."""
    return PidFile(state_dir / "demo" / "children.json").children()


@contextlib.asynccontextmanager
async def staged(state_dir: Path, plan: LoadPlan = QUICK) -> AsyncIterator[Stage]:
    """Start a demo, run it, and stop it at the end; check that nothing of it is left."""
    try:
        find_binary()
    except DemoError as error:
        require_or_skip("live", str(error))
    demo = Demo(state_dir, structlog.get_logger(), plan=plan)
    targets = await demo.start()
    running = asyncio.create_task(demo.run())
    started = [each.process() for each in recorded(state_dir)]
    try:
        client = await Client.connect(targets.address, namespace=targets.namespace)
        yield Stage(demo, targets, client, state_dir)
    finally:
        await demo.stop()
        await running
    assert psutil.wait_procs([each for each in started if each], timeout=0)[1] == []
