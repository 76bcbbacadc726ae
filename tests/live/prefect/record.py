"""Records a case for tests/agents/prefect/cases from a real server.

Run: python -m tests.live.prefect.record CASE [--expected-only]
"""

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from agents.prefect import PrefectCollector, PrefectConfig
from tests.agents.http_cases import HttpCase, Recorder
from tests.agents.prefect.driver import Driver
from tests.agents.prefect.replay import CASES, SETTINGS, replayed_case
from tests.live.prefect.conftest import new_server
from tests.live.prefect.server import PrefectServer
from tests.live.recording import arguments, write_case

__all__ = ["record"]

NOT_KEPT = frozenset(
    {
        "base_job_template",
        "context",
        "created_by",
        "data",
        "empirical_policy",
        "infrastructure_pid",
        "job_variables",
        "parameters",
        "state_details",
        "storage_configuration",
    }
)
METRICS = ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time")


def kept(answer: Any) -> Any:
    """Without what is large, or might hold a secret; of metrics the lines that are read."""
    if isinstance(answer, dict):
        return {name: kept(each) for name, each in answer.items() if name not in NOT_KEPT}
    if isinstance(answer, list):
        return [kept(each) for each in answer]
    if isinstance(answer, str) and "\n" in answer:
        return "".join(f"{line}\n" for line in answer.splitlines() if line.startswith(METRICS))
    return answer


async def record(server: PrefectServer) -> HttpCase:
    """Let things happen that the collector can tell, and keep two scrapes of them."""
    recorder = Recorder(httpx.AsyncHTTPTransport(), kept)
    config = PrefectConfig.model_validate(server.settings | {"decision_samples": 2})
    moments, taken = [], []
    async with server.client() as client, PrefectCollector(config, recorder) as collector:
        driver = Driver(client)
        deployments = await set_up(driver)
        for act in (first_act, second_act):
            await act(driver, deployments)
            moments.append(datetime.now(UTC))
            await collector.collect(moments[-1])
            taken.append(recorder.take())
    return HttpCase(about(moments, taken), taken)


async def set_up(driver: Driver) -> dict[str, str]:
    await driver.pool("etl", concurrency_limit=3)
    await driver.queue("etl", "urgent", priority=1)
    await driver.pool("ml", concurrency_limit=2)
    await driver.worker("etl", "w1")
    await driver.limit("warehouse", 2, used=2)
    return {
        "daily": await driver.deployment("daily", "etl"),
        "hot": await driver.deployment("hot", "etl", "urgent"),
        "train": await driver.deployment("train", "ml"),
    }


async def first_act(driver: Driver, deployments: dict[str, str]) -> None:
    """Work done, work running, work due, work for later, a pool without a worker."""
    await driver.finish(await driver.run(deployments["daily"], 5, "w1"))
    running = await driver.run(deployments["hot"], 3, "w1")
    await driver.state(running, "PENDING")
    await driver.state(running, "RUNNING")
    await driver.run(deployments["train"], 60)
    await driver.run(deployments["daily"], -3600)


async def second_act(driver: Driver, deployments: dict[str, str]) -> None:
    """More of it, done and failed, a crash before the run, a run put off by a limit."""
    for waited_s in (10, 20, 30):
        await driver.finish(await driver.run(deployments["daily"], waited_s, "w1"))
    await driver.finish(await driver.run(deployments["hot"], 2, "w1"), "FAILED")
    await driver.state(await driver.run(deployments["daily"], 1), "CRASHED")
    held = await driver.run(deployments["hot"], 7)
    later = datetime.now(UTC).isoformat()
    await driver.state(held, "SCHEDULED", "AwaitingConcurrencySlot", scheduled_time=later)


def about(moments: list[datetime], scrapes: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """What a reader must know of the case."""
    (version,) = (each["json"] for each in scrapes[0] if each["request"].endswith("/admin/version"))
    return {
        "server": version,
        "command": "python -m tests.live.prefect.record",
        "recorded": f"{moments[0]:%Y-%m-%d}",
        "note": "without what is large or might hold a secret; metrics: only what is read",
        "settings": SETTINGS,
        "scrapes": [moment.isoformat() for moment in moments],
    }


async def main() -> None:
    asked = arguments().parse_args()
    await write_case(asked, CASES, recorded, HttpCase.load, replayed_case)


async def recorded() -> HttpCase:
    """A case of a server of its own."""
    with tempfile.TemporaryDirectory() as place:
        server = new_server(Path(place))
        try:
            server.start()
            return await record(server)
        finally:
            server.stop()


if __name__ == "__main__":
    asyncio.run(main())
