"""Records a case for tests/agents/temporal/cases from a real server.

Run: python -m tests.live.temporal.record CASE [--program PATH-OF-TEMPORAL]
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from temporalio.client import Client
from temporalio.service import ConnectConfig, ServiceClient

from agents.temporal import TemporalCollector, TemporalConfig
from tests.agents.temporal.recording import CASES, Case, Recorder, replayed
from tests.live.temporal.server import TemporalServer, binary
from tests.live.temporal.watch import start, worker

PROBLEMS = {"system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": 2}
LIMIT_S = 120.0


async def record(server: TemporalServer, namespace: str) -> Case:
    """Let things happen that the collector can tell, and keep two scrapes of them.

    A worker with work, a killed one, 25 orphans, activities that nobody polls for, failures,
    retries and a poisoned workflow.
    """
    settings = {
        "instance_id": "recorded",
        "address": "temporal.example:7233",
        "namespace": namespace,
        "metrics_urls": ["http://temporal.example:9090/metrics"],
        "visibility_lag_s": 0,
        "worker_stale_after_s": 5,
        "describe_calls_per_s": 1000,
    }
    connection = await ServiceClient.connect(ConnectConfig(target_host=server.address))
    recorder = Recorder(connection)
    watched = TemporalConfig.model_validate(settings | {"metrics_urls": [server.metrics_url]})
    collector = TemporalCollector(watched, recorder, recorder.transport())
    client = await Client.connect(server.address, namespace=namespace)
    moments: list[datetime] = []
    scrapes, metrics = [], []

    async def scrape() -> None:
        moments.append(datetime.now(UTC))
        await collector.collect(moments[-1])
        entries, text = recorder.take()
        scrapes.append(entries)
        metrics.append(text)

    with (
        worker(server, namespace, "orders"),
        worker(server, namespace, "orders", identity="w2@test") as doomed,
    ):
        await start(client, "Quick", "orders", 3)
        await start(client, "Failing", "orders", 2)
        await start(client, "Poisoned", "orders", 1)
        await start(client, "Elsewhere", "orders", 1, "carriers")
        await start(client, "Quick", "orphans", 25)
        await until(lambda: closed(server, namespace, 5), "the first workflows close")
        doomed.end(signal.SIGKILL)
        await asyncio.sleep(6)
        await scrape()
        await start(client, "Quick", "orders", 5)
        await start(client, "Failing", "orders", 2)
        await start(client, "Slow", "orders", 2, 600)
        await until(lambda: closed(server, namespace, 12), "the other workflows close")
        # The server renews its metrics, and the worker its heartbeat, every second.
        await asyncio.sleep(3)
        await scrape()
    about = {
        "server": scrapes[0][1]["response"]["serverVersion"],
        "command": " ".join(["python", "-m", "tests.live.temporal.record"]),
        "recorded": f"{moments[0]:%Y-%m-%d}",
        "note": "metrics: only the lines that are read, without the server's own namespace",
        "settings": settings,
        "scrapes": [moment.isoformat() for moment in moments],
    }
    return Case(about, scrapes, metrics)


async def closed(server: TemporalServer, namespace: str, count: int) -> bool:
    """Whether so many workflows closed, as the tool counts them."""
    query = "ExecutionStatus != 'Running'"
    return await asyncio.to_thread(server.count, namespace, query) >= count


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Poll until `condition` holds."""
    async with asyncio.timeout(LIMIT_S):
        while not await condition():
            print(f"waiting: {what}", file=sys.stderr)
            await asyncio.sleep(1)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("case")
    parser.add_argument("--program", default=binary() or "temporal")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = TemporalServer(Path(folder), ["default", "shop"], asked.program, PROBLEMS)
        try:
            server.start()
            case = await record(server, "shop")
        finally:
            server.stop()
    case.about["command"] += f" {asked.case}"
    case.save(CASES / asked.case)
    expected = json.dumps(await replayed(case), indent=1, ensure_ascii=False)
    (CASES / asked.case / "expected.json").write_text(expected + "\n")


if __name__ == "__main__":
    asyncio.run(main())
    # The client library may crash the interpreter at a regular exit.
    sys.stdout.flush()
    os._exit(0)
