"""A collector that does what a test tells it to, scrape by scrape."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

from agents.collector import Batch, Collector, CollectorConfig
from agents.runner import Surroundings
from contracts.identity import sample_id
from contracts.orchestrator import OrchestratorType
from tests.records import orchestrator_record

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

Step = Callable[[], None]


class ScriptedCollector(Collector[CollectorConfig]):
    """Each scrape runs the next step (which may raise), then returns a good batch."""

    orchestrator_type = OrchestratorType.CUSTOM
    config_model = CollectorConfig

    def __init__(self, *steps: Step, config: CollectorConfig | None = None) -> None:
        super().__init__(config or CollectorConfig(instance_id="scripted"))
        self.in_flight = 0
        self.most_in_flight = 0
        self._steps = deque(steps)

    async def collect(self, now: datetime) -> Batch:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self._steps:
                self._steps.popleft()()
            await asyncio.sleep(0)
        finally:
            self.in_flight -= 1
        record = orchestrator_record(collected_at=now).model_copy(
            update={
                "id": sample_id(self.orchestrator_id, "orchestrator", now),
                "orchestrator_id": self.orchestrator_id,
                "orchestrator_type": self.orchestrator_type,
            }
        )
        return Batch(record)


def fails(error: Exception) -> Step:
    """A step that raises `error`."""

    def step() -> None:
        raise error

    return step


class FakeTime:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self.slept_s: list[float] = []

    def surroundings(self) -> Surroundings:
        return Surroundings(
            utc_now=lambda: NOON + timedelta(seconds=self.elapsed_s),
            monotonic_s=lambda: self.elapsed_s,
            sleep=self.sleep,
            random=Random(1),
        )

    def advance(self, seconds: float) -> Step:
        """A step that takes `seconds`."""

        def step() -> None:
            self.elapsed_s += seconds

        return step

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.elapsed_s += seconds
        await asyncio.sleep(0)
