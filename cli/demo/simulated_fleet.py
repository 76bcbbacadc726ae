"""The simulated orchestrators beside the demo's real one: their past into the store, then a life.

The past is written like any other record, oldest first, and half of the time, so that the page
stays quick. What is there already is not written again: a restart goes on behind the last record,
with the same simulation, whose beginning is noted in the state folder.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from structlog.typing import FilteringBoundLogger

from agents.forwarder import Forwarder
from agents.runner import AgentRunner, Surroundings
from cli.demo.simulated import STEP_S, SimulatedCollector, SimulatedPast
from cli.demo.simulated_sites import SITES
from contracts.topics import PublishedRecord

__all__ = ["Archive", "SimulatedFleet"]

STEP = timedelta(seconds=STEP_S)
BATCH_RECORDS = 200
BUSY_RATIO = 0.5
STEPS_AT_ONCE = 5
SEED = 1


@dataclass(frozen=True)
class Archive:
    """The store, as the past needs it."""

    newest: Callable[[UUID], Awaitable[datetime | None]]
    """When the newest record of an orchestrator was collected; None without one."""
    make_room: Callable[[datetime], Awaitable[None]]
    """Make the partitions that a writer at that moment would have had."""
    room_days: int
    """For how many days from then on these are."""
    write: Callable[[Sequence[PublishedRecord]], Awaitable[None]]


class SimulatedFleet:
    """All simulated orchestrators of one product."""

    def __init__(
        self,
        state_dir: Path,
        history_days: int,
        utc_now: Callable[[], datetime],
        log: FilteringBoundLogger,
        *,
        busy_ratio: float = BUSY_RATIO,
    ) -> None:
        """`busy_ratio` is the share of the time that writing the past may take."""
        self._rest_ratio = (1 - busy_ratio) / busy_ratio
        self._note = state_dir / "demo" / "simulation.json"
        self._days = history_days
        self._utc_now = utc_now
        self._log = log
        self._start = self._noted_start() or _whole_minute(utc_now()) - timedelta(days=history_days)
        self._pasts = [SimulatedPast(SimulatedCollector(site, self._start, SEED)) for site in SITES]

    def runners(self, forwarder: Forwarder, surroundings: Surroundings) -> list[AgentRunner]:
        """What goes on with their lives, like any other agent, once the past is written."""
        return [
            AgentRunner(past.collector, forwarder, surroundings, past.completion)
            for past in self._pasts
        ]

    async def write_past(self, archive: Archive) -> int:
        """Return when the records reach up to now; how many were written."""
        self._keep_note()
        oldest = _whole_minute(self._utc_now()) - timedelta(days=self._days)
        behind = [
            max(await archive.newest(past.collector.orchestrator_id) or oldest, oldest, self._start)
            for past in self._pasts
        ]
        at = min(behind)
        await self._make_room(archive, at)
        for past in self._pasts:
            await self._pass_over(past.collector, at)
        self._log.info("simulated_history_begins", since=at.isoformat())
        written = steps = 0
        batch: list[PublishedRecord] = []
        began_s = time.monotonic()
        while (at := _whole_minute(at + STEP)) <= self._utc_now():
            for past, known in zip(self._pasts, behind, strict=True):
                records = past.records(at)
                batch += records if at > known else ()
            steps += 1
            if steps % STEPS_AT_ONCE == 0:
                await asyncio.sleep(0)
            if len(batch) >= BATCH_RECORDS:
                written += await _write(archive, batch)
                batch = []
                await asyncio.sleep(self._rest_ratio * (time.monotonic() - began_s))
                began_s = time.monotonic()
        written += await _write(archive, batch)
        self._log.info("simulated_history_complete", records=written)
        return written

    async def _make_room(self, archive: Archive, at: datetime) -> None:
        while at < self._utc_now():
            await archive.make_room(at)
            at += timedelta(days=archive.room_days)

    async def _pass_over(self, collector: SimulatedCollector, until: datetime) -> None:
        at = self._start
        while at < until:
            at = min(at + timedelta(hours=1), until)
            collector.pass_over(at)
            await asyncio.sleep(0)

    def _noted_start(self) -> datetime | None:
        try:
            start = datetime.fromisoformat(json.loads(self._note.read_text())["start"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return start if start.tzinfo and start < self._utc_now() else None

    def _keep_note(self) -> None:
        self._note.parent.mkdir(parents=True, exist_ok=True)
        self._note.write_text(json.dumps({"start": self._start.isoformat()}))


async def _write(archive: Archive, batch: Sequence[PublishedRecord]) -> int:
    if batch:
        await archive.write(batch)
    return len(batch)


def _whole_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
