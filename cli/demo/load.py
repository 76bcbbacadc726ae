"""Carries out the plan: starts workflows at their moments, and says when the server refuses."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from uuid import uuid4

from structlog.typing import FilteringBoundLogger
from temporalio.client import Client
from temporalio.service import RPCError

from cli.demo.plan import StartWorkflow, Step

__all__ = ["Load", "pace"]

RPC_TIMEOUT = timedelta(seconds=5)
MAX_LATE_S = 30.0


class Load:
    """Starts workflows. A server that is away costs the workflow, never the load."""

    def __init__(self, client: Client, log: FilteringBoundLogger) -> None:
        self._client = client
        self._log = log
        self._refused = 0
        self.started = 0

    async def start(self, step: StartWorkflow) -> None:
        """Start one workflow, or count it as refused."""
        try:
            await self._client.start_workflow(
                step.workflow,
                step.job,
                id=f"{step.workflow}-{uuid4()}",
                task_queue=step.task_queue,
                execution_timeout=timedelta(seconds=step.timeout_s),
                rpc_timeout=RPC_TIMEOUT,
            )
        except RPCError as error:
            if not self._refused:
                self._log.warning("demo_load_refused", error=str(error))
            self._refused += 1
            return
        if self._refused:
            self._log.info("demo_load_resumed", workflows_lost=self._refused)
        self._refused = 0
        self.started += 1


async def pace(
    steps: Iterator[Step],
    do: Callable[[Step], Awaitable[None]],
    monotonic_s: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Do each step at its moment, counted from now.

    After more than `MAX_LATE_S` of delay (a machine that slept, a server that was away) the
    schedule moves on from there: what was missed does not come as one flood.
    """
    origin_s = monotonic_s()
    for step in steps:
        wait_s = origin_s + step.at_s - monotonic_s()
        if wait_s > 0:
            await sleep(wait_s)
        elif -wait_s > MAX_LATE_S:
            origin_s -= wait_s
        await do(step)
