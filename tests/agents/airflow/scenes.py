"""Airflows in memory in which something is going on, and collectors that look at them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agents.airflow import AirflowCollector, AirflowConfig
from agents.collector import Batch
from tests.agents.airflow.fake import FakeAirflow
from tests.agents.contract import NOW
from tests.agents.http_faults import FaultyTransport

__all__ = ["Scene", "busy", "meanwhile"]


@dataclass
class Scene:
    """A server, its clock, and what reads it."""

    settings: dict[str, Any] = field(default_factory=dict)
    version: str = "3.3.2"
    at: datetime = NOW

    def __post_init__(self) -> None:
        self.server = FakeAirflow(self.version, now=lambda: self.at)
        self.wire = FaultyTransport(self.server)
        chosen = {
            "instance_id": "dags",
            "base_url": "http://airflow.example:8080",
            "username": "woa",
            "password": "secret",
        }
        self.config = AirflowConfig.model_validate(chosen | self.settings)
        self.collector = AirflowCollector(self.config, self.wire, clock=lambda: 0.0)

    def ago(self, seconds: float) -> datetime:
        return self.at - timedelta(seconds=seconds)

    def later(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    async def scrape(self) -> Batch:
        """One scrape; the next is an interval later."""
        batch = await self.collector.collect(self.at)
        self.later(self.config.interval_s)
        return batch

    def ended(self, run: str, task: str, state: str = "success", **waits_s: float) -> None:
        """A task that became ready, was queued, began and ended, so many seconds ago each."""
        times = {
            name: self.ago(seconds)
            for name, seconds in waits_s.items()
            if name in ("scheduled_when", "queued_when", "start_date", "end_date")
        }
        times.setdefault("end_date", self.at)
        self.server.task(run, task, state, hostname="host-1", duration=1.5, **times)


def busy(version: str = "3.3.2", **settings: Any) -> Scene:
    """Before the first scrape some ran; one runs, one is queued, two wait for a full pool."""
    scene = Scene(settings, version)
    server = scene.server
    server.pools |= {"tiny": 1, "endless": -1}
    server.scheduler(1)
    server.run("r1", "success", start_date=scene.ago(60), end_date=scene.ago(50))
    scene.ended("r1", "old", scheduled_when=60, queued_when=59, start_date=58, end_date=50)
    server.run("r2", "running", start_date=scene.ago(30))
    server.run("r3", "queued")
    ready = {"scheduled_when": scene.ago(40), "queued_when": scene.ago(39)}
    began = scene.ago(38)
    server.task("r2", "a", "running", pool="tiny", start_date=began, hostname="host-1", **ready)
    server.task("r2", "b", "scheduled", pool="tiny", scheduled_when=scene.ago(35))
    server.task("r2", "c", "scheduled", pool="tiny", scheduled_when=scene.ago(25))
    server.task("r2", "d", "queued", scheduled_when=scene.ago(5), queued_when=scene.ago(4))
    return scene


def meanwhile(scene: Scene) -> None:
    """What happens in an interval: starts after known waits, ends well and badly, a retry."""
    server = scene.server
    scene.ended("r2", "a", scheduled_when=70, queued_when=69, start_date=68)
    scene.ended("r4", "e", scheduled_when=20, queued_when=18, start_date=10)
    scene.ended("r4", "f", "failed", scheduled_when=10, queued_when=9.5, start_date=9)
    scene.ended("r4", "g", "up_for_retry", scheduled_when=8, queued_when=7, start_date=6)
    server.task("r4", "h", "failed", queued_when=scene.ago(3), scheduled_when=scene.ago(4))
    server.task("r4", "h", "failed", end_date=scene.at)
    server.task("r4", "i", "upstream_failed", start_date=scene.at, end_date=scene.at)
    held = {"scheduled_when": scene.ago(65), "queued_when": scene.ago(2)}
    server.task(
        "r2", "b", "running", pool="tiny", start_date=scene.ago(1), hostname="host-2", **held
    )
    server.run("r4", "failed", run_after=scene.ago(25), start_date=scene.ago(22), end_date=scene.at)
    server.run("r5", "success", run_after=scene.ago(9), start_date=scene.ago(8), end_date=scene.at)
