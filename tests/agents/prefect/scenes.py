"""Prefect servers in memory in which something is going on, and collectors that look at them."""

from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from agents.collector import Batch
from agents.prefect import PrefectCollector, PrefectConfig
from tests.agents.contract import NOW
from tests.agents.http_faults import FaultyTransport
from tests.agents.prefect.driver import Driver
from tests.agents.prefect.fake import FakePrefect

__all__ = ["URL", "Scene", "begin", "busy", "busy_before"]

URL = "http://prefect.example:4200/api"


@dataclass
class Scene:
    """A server, its clock, and what reads it. `skew_s`: how far the server's clock is ahead."""

    settings: dict[str, Any] = field(default_factory=dict)
    at: datetime = NOW

    def __post_init__(self) -> None:
        self.server = FakePrefect(now=lambda: self.at)
        self.wire = FaultyTransport(self.server)
        self.config = PrefectConfig.model_validate(
            {"instance_id": "flows", "api_url": URL} | self.settings
        )
        self.collector = PrefectCollector(self.config, self.wire, clock=lambda: 0.0)
        http = httpx.AsyncClient(base_url=f"{URL}/", transport=self.server)
        self.driver = Driver(http, lambda: self.at)
        self.runs: dict[str, str] = {}

    def later(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    async def scrape(self) -> Batch:
        """One scrape; the next is an interval later."""
        batch = await self.collector.collect(self.at)
        self.later(self.config.interval_s)
        return batch


def busy(**settings: Any) -> Scene:
    """Two pools; before the first scrape some runs have ended, some run, some wait."""
    scene = Scene(settings)
    at_once(fill(scene))
    return scene


def at_once(work: Coroutine[Any, Any, None]) -> None:
    """Run what never waits, as nothing does that only asks the server in memory."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited")


async def fill(scene: Scene) -> None:
    driver = scene.driver
    await driver.pool("etl", concurrency_limit=3)
    await driver.queue("etl", "urgent", priority=1)
    await driver.pool("ml", concurrency_limit=2)
    await driver.worker("etl", "w1")
    await driver.worker("ml", "w2")
    await driver.limit("warehouse", 2, used=2)
    daily = await driver.deployment("daily", "etl")
    hot = await driver.deployment("hot", "etl", "urgent")
    train = await driver.deployment("train", "ml")
    scene.runs = {"daily": daily, "hot": hot, "train": train}
    for _ in range(2):
        await driver.finish(await driver.run(daily, due_s_ago=5, worker="w1"))
    await begin(scene, "train", worker="w2")
    await driver.run(daily, due_s_ago=90)
    await driver.run(hot, due_s_ago=20)
    await driver.run(daily, due_s_ago=-600)


async def begin(scene: Scene, deployment: str, waited_s: float = 0, worker: str = "w1") -> str:
    """A run that has waited so long and now runs."""
    run = await scene.driver.run(scene.runs[deployment], waited_s, worker)
    await scene.driver.state(run, "PENDING")
    await scene.driver.state(run, "RUNNING")
    return run


async def busy_before(scene: Scene) -> None:
    """What happens in an interval: runs start after known waits, end well and badly."""
    for waited_s in (10, 20, 30, 40):
        run = await begin(scene, "daily", waited_s)
        await scene.driver.state(run, "COMPLETED")
    failed = await begin(scene, "hot", 2)
    await scene.driver.state(failed, "FAILED")
    crashed = await scene.driver.run(scene.runs["daily"], due_s_ago=1)
    await scene.driver.state(crashed, "CRASHED")
    canceled = await begin(scene, "train", 3, "w2")
    await scene.driver.state(canceled, "CANCELLED")
    held = await scene.driver.run(scene.runs["hot"], due_s_ago=7)
    await scene.driver.state(
        held, "SCHEDULED", "AwaitingConcurrencySlot", scheduled_time=scene.at.isoformat()
    )
    scene.server.cpu_s += 3
