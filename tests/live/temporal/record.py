"""Records a case for tests/agents/temporal/cases from a real server.

Run: python -m tests.live.temporal.record CASE [--program PATH-OF-TEMPORAL | --expected-only]
"""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from temporalio.client import Client
from temporalio.service import ConnectConfig, ServiceClient

from agents.temporal import TemporalCollector, TemporalConfig
from tests.agents.temporal.recording import CASES, Case, Entry, Recorder, replayed
from tests.live.recording import arguments, write_case
from tests.live.temporal.server import TemporalServer, binary
from tests.live.temporal.watch import WorkerProcess, start, worker

__all__ = ["record"]

PROBLEMS = {"system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": 2}
LIMIT_S = 120.0
STALE_AFTER_S = 5
RENEWED_S = 3.0
"""The server renews its metrics, and a worker its heartbeat, every second."""


@dataclass(frozen=True)
class Stage:
    """The namespace in which things are made to happen."""

    server: TemporalServer
    namespace: str
    client: Client

    async def first_act(self, doomed: WorkerProcess) -> None:
        """Work done and failed, a poisoned workflow, orphans of both kinds, a killed worker."""
        await start(self.client, "Quick", "orders", 3)
        await start(self.client, "Failing", "orders", 2)
        await start(self.client, "Poisoned", "orders", 1)
        await start(self.client, "Elsewhere", "orders", 1, "carriers")
        await start(self.client, "Quick", "orphans", 25)
        await until(lambda: self._closed() == 5 and self._poisoned() in (1, None))
        doomed.end(signal.SIGKILL)
        await asyncio.sleep(STALE_AFTER_S + 1)

    async def second_act(self) -> None:
        """More of it, and work that is still in progress."""
        await start(self.client, "Quick", "orders", 5)
        await start(self.client, "Failing", "orders", 2)
        await start(self.client, "Slow", "orders", 2, 600)
        await until(lambda: self._closed() == 12)
        await asyncio.sleep(RENEWED_S)

    def _closed(self) -> int:
        return self.server.count(self.namespace, "ExecutionStatus != 'Running'")

    def _poisoned(self) -> int | None:
        """None: an old server does not tell."""
        try:
            return self.server.count(self.namespace, "TemporalReportedProblems IS NOT NULL")
        except CalledProcessError:
            return None


async def record(server: TemporalServer, namespace: str) -> Case:
    """Let things happen that the collector can tell, and keep two scrapes of them."""
    client = await Client.connect(server.address, namespace=namespace)
    recorder = Recorder(await ServiceClient.connect(ConnectConfig(target_host=server.address)))
    config = TemporalConfig.model_validate(
        settings(namespace) | {"metrics_urls": [server.metrics_url]}
    )
    moments: list[datetime] = []
    taken: list[tuple[list[Entry], str]] = []
    async with TemporalCollector(config, recorder, recorder.transport()) as collector:

        async def scrape() -> None:
            moments.append(datetime.now(UTC))
            await collector.collect(moments[-1])
            taken.append(recorder.take())

        with (
            worker(server, namespace, "orders"),
            worker(server, namespace, "orders", identity="w2@test") as doomed,
        ):
            stage = Stage(server, namespace, client)
            await stage.first_act(doomed)
            await scrape()
            await stage.second_act()
            await scrape()
    entries, metrics = map(list, zip(*taken, strict=True))
    return Case(about(namespace, moments, entries), entries, metrics)


def settings(namespace: str) -> dict[str, Any]:
    """The collector's; addresses that mean nothing stand for those of the recorded server."""
    return {
        "instance_id": "recorded",
        "address": "temporal.example:7233",
        "namespace": namespace,
        "metrics_urls": ["http://temporal.example:9090/metrics"],
        "visibility_lag_s": 0,
        "worker_stale_after_s": STALE_AFTER_S,
        "describe_calls_per_s": 1000,
    }


def about(namespace: str, moments: list[datetime], entries: list[list[Entry]]) -> dict[str, Any]:
    """What a reader must know of the case."""
    (system,) = (each for each in entries[0] if each["call"] == "GetSystemInfo")
    return {
        "server": system["response"]["serverVersion"],
        "command": "python -m tests.live.temporal.record",
        "recorded": f"{moments[0]:%Y-%m-%d}",
        "note": "metrics: only the lines that are read, without the server's own namespace",
        "settings": settings(namespace),
        "scrapes": [moment.isoformat() for moment in moments],
    }


async def until(condition: Callable[[], bool]) -> None:
    """Poll until `condition` holds."""
    async with asyncio.timeout(LIMIT_S):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.5)


async def main() -> None:
    parser = arguments()
    parser.add_argument("--program", default=binary() or "temporal")
    asked = parser.parse_args()
    await write_case(asked, CASES, lambda: recorded(asked.program), Case.load, replayed)


async def recorded(program: str) -> Case:
    """A case of a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        server = TemporalServer(Path(folder), ["default", "shop"], program, PROBLEMS)
        try:
            server.start()
            return await record(server, "shop")
        finally:
            server.stop()


if __name__ == "__main__":
    asyncio.run(main())
    # The client library may crash the interpreter at a regular exit.
    sys.stdout.flush()
    os._exit(0)
