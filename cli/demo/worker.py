"""A worker process of the demo: `python -m cli.demo.worker ADDRESS NAMESPACE NAME QUEUE=SLOTS...`.

Waits for the server, works until SIGTERM, and reports its state to the server every few seconds.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from datetime import timedelta

from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError
from temporalio.worker import PollerBehaviorSimpleMaximum, UnsandboxedWorkflowRunner, Worker

from cli.demo.worker_task import WorkerTask
from cli.demo.workload import ACTIVITIES, WORKFLOWS

__all__ = ["work"]

HEARTBEAT = timedelta(seconds=5)
RECONNECT_S = 0.25


async def work(task: WorkerTask) -> None:
    """Work on all queues of the task until SIGTERM. Waits for the server as long as needed."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    client = await _connect(task)
    async with AsyncExitStack() as workers:
        for queue, slots in task.slots:
            await workers.enter_async_context(_worker(client, queue, slots))
        await stopped.wait()


async def _connect(task: WorkerTask) -> Client:
    quiet = LoggingConfig(TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    runtime = Runtime(telemetry=TelemetryConfig(logging=quiet), worker_heartbeat_interval=HEARTBEAT)
    identity = f"{task.name}-{os.getpid()}@{socket.gethostname()}"
    while True:
        try:
            return await Client.connect(
                task.address, namespace=task.namespace, runtime=runtime, identity=identity
            )
        except (RuntimeError, RPCError):  # the server starts beside us; our parent ends us
            await asyncio.sleep(RECONNECT_S)


def _worker(client: Client, queue: str, slots: int) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS,
        activities=ACTIVITIES,
        # The sandbox would import everything again for each workflow; these are deterministic.
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_activities=slots,
        max_concurrent_workflow_tasks=8,
        max_cached_workflows=200,
        workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(maximum=2),
        activity_task_poller_behavior=PollerBehaviorSimpleMaximum(maximum=2),
        # Every activity goes through its queue, where it can be seen waiting.
        disable_eager_activity_execution=True,
    )


def main() -> None:
    """Entry point of the process."""
    logging.basicConfig(level=logging.ERROR, format="%(asctime)s %(name)s: %(message)s")
    asyncio.run(work(WorkerTask.parse(sys.argv[1:])))
    # Interpreter finalization can crash in temporalio's native threads.
    os._exit(0)


if __name__ == "__main__":
    main()
