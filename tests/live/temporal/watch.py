"""What the live tests share: workers as processes, load, and a collector that watches."""

import asyncio
import signal
import subprocess
import sys
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle

from agents.collector import Batch
from agents.temporal import TemporalCollector, TemporalConfig
from benchmarks.servers import die_with_parent
from contracts.orchestrator import LatencyHistogram
from tests.live.temporal.server import STOP_LIMIT_S, TemporalServer

__all__ = ["WorkerProcess", "eventually", "start", "watching", "worker"]

READY_LIMIT_S = 120.0


@dataclass
class WorkerProcess:
    """One worker in a process of its own."""

    identity: str
    process: subprocess.Popen[str]

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Return when it is gone. Safe to call twice."""
        self.process.send_signal(how)
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_LIMIT_S)


@contextmanager
def worker(
    server: TemporalServer,
    namespace: str,
    queue: str,
    *options: str,
    identity: str = "w1@test",
) -> Iterator[WorkerProcess]:
    """A worker that polls when this is entered and is gone when it is left."""
    script = Path(__file__).with_name("worker.py")
    process = subprocess.Popen(
        [sys.executable, str(script), server.address, namespace, queue, identity, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
    )
    running = WorkerProcess(identity, process)
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise AssertionError(f"the worker ended with {process.wait(READY_LIMIT_S)}")
        yield running
    finally:
        running.end(signal.SIGKILL)
        if process.stdout is not None:
            process.stdout.close()


async def start(
    client: Client, kind: str, queue: str, count: int, *arguments: object
) -> list[WorkflowHandle[object, object]]:
    """Start workflows of one kind."""
    return [
        await client.start_workflow(
            kind, args=list(arguments), id=f"{kind}-{uuid4()}", task_queue=queue
        )
        for _ in range(count)
    ]


@asynccontextmanager
async def watching(
    server: TemporalServer, namespace: str, **settings: object
) -> AsyncIterator[TemporalCollector]:
    """A collector of the namespace, with the server's metrics and without a visibility lag."""
    config = TemporalConfig.model_validate(
        {
            "instance_id": namespace,
            "address": server.address,
            "namespace": namespace,
            "metrics_urls": (server.metrics_url,),
            "visibility_lag_s": 0,
            "timeout_s": 30,
            "call_timeout_s": 10,
        }
        | settings
    )
    async with TemporalCollector(config) as collector:
        yield collector


async def eventually(
    collector: TemporalCollector, condition: Callable[[Batch], bool], limit_s: float = 60.0
) -> Batch:
    """Scrape until `condition` holds of a batch; fail showing the last one."""
    deadline = asyncio.get_running_loop().time() + limit_s
    while True:
        batch = await collector.collect(datetime.now(UTC))
        if condition(batch):
            return batch
        if asyncio.get_running_loop().time() > deadline:
            shown = batch.orchestrator.model_dump_json(exclude={"metadata": {"unavailable"}})
            raise AssertionError(f"not within {limit_s:g} s: {shown}")
        await asyncio.sleep(0.5)


def bucket(histogram: LatencyHistogram, value_ms: float) -> tuple[float, float]:
    """The bounds of the bucket a value falls into."""
    place = bisect_left(histogram.bounds_ms, value_ms)
    return (histogram.bounds_ms[place - 1] if place else 0.0), histogram.bounds_ms[place]
