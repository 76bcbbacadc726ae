"""The runner: one orchestrator, scraped politely for ever, every outcome made a record.

One scrape is in flight at a time and has a deadline; a slow source is asked less often (duty
cycle), a failing one with exponential back-off. Records go into the spool; the forwarder takes
them from there to the bus.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

import structlog

from agents.collector import (
    Batch,
    CollectorConfig,
    CollectorError,
    NothingNewError,
    Reader,
    UnreachableError,
    UsageBatch,
    UsageCollector,
)
from agents.completion import Completion
from agents.forwarder import Forwarder
from agents.outage import outage_record
from agents.spool import SpoolError
from contracts.orchestrator import AgentInfo

__all__ = ["AgentRunner", "Pace", "RunnerStats", "Surroundings"]

log = structlog.get_logger(__name__)

BACKOFF_CAP_S = 60.0
JITTER_RATIO = 0.1


@dataclass
class RunnerStats:
    """Self-metrics of one agent, totals since it started."""

    scrapes: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    last_success: datetime | None = None
    last_duration_s: float | None = None
    consecutive_failures: int = 0


@dataclass(frozen=True)
class Surroundings:
    """What a runner takes from outside, so that a test can give it a clock of its own."""

    utc_now: Callable[[], datetime]
    monotonic_s: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    random: Random


@dataclass(frozen=True)
class Pace:
    """When to scrape next."""

    config: CollectorConfig

    def interval_s(self, consecutive_failures: int) -> float:
        """The planned interval: doubled for each failure in a row, up to a minute."""
        regular = self.config.interval_s
        if consecutive_failures <= 1:
            return regular
        doubled: float = regular * 2 ** min(consecutive_failures - 1, 10)
        return min(doubled, max(regular, BACKOFF_CAP_S))

    def delay_s(self, consecutive_failures: int, took_s: float, random: Random) -> float:
        """Seconds to wait after a scrape that took `took_s`, with jitter."""
        planned = self.interval_s(consecutive_failures)
        polite = max(planned, took_s / self.config.duty_cycle_ratio)
        return max(0.0, polite - took_s) + random.uniform(0, JITTER_RATIO * planned)


class AgentRunner:
    """Scrapes one collector until cancelled. The collector stays the caller's to close."""

    def __init__(
        self,
        collector: Reader[CollectorConfig],
        forwarder: Forwarder,
        surroundings: Surroundings,
        completion: Completion | None = None,
    ) -> None:
        """`completion` remembers what came before, where something did."""
        self.stats = RunnerStats()
        self._collector = collector
        self._forwarder = forwarder
        self._around = surroundings
        self._pace = Pace(collector.config)
        self._completion = completion or Completion()
        self._log = log.bind(
            orchestrator=collector.config.instance_id, type=collector.orchestrator_type.value
        )

    @property
    def name(self) -> str:
        """The instance's name, for people."""
        return self._collector.config.instance_id

    async def run(self) -> None:
        """Scrape, wait, again."""
        while True:
            try:
                await self.tick()
            except SpoolError as error:
                self.stats.failures["spool"] += 1
                self._log.error("record_lost", reason=str(error))
            await self._around.sleep(
                self._pace.delay_s(
                    self.stats.consecutive_failures,
                    self.stats.last_duration_s or 0.0,
                    self._around.random,
                )
            )

    async def tick(self) -> Batch | UsageBatch | None:
        """One scrape: collect, complete, keep. Returns what went into the spool, if anything."""
        now = self._around.utc_now()
        started_s = self._around.monotonic_s()
        batch = await self._collect(now)
        self.stats.last_duration_s = self._around.monotonic_s() - started_s
        if batch is None:
            return None
        if isinstance(batch, Batch):
            record = self._completion.complete(
                batch.orchestrator,
                self._pace.interval_s(self.stats.consecutive_failures),
                await self._agent_info(),
            )
            batch = replace(batch, orchestrator=record)
        await self._forwarder.put(batch.records(), now)
        return batch

    async def _collect(self, now: datetime) -> Batch | UsageBatch | None:
        self.stats.scrapes += 1
        timeout_s = self._collector.config.timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                batch = await self._collector.collect(now)
        except NothingNewError:
            return None
        except CollectorError as error:
            return self._failed(error.code, str(error), now)
        except TimeoutError:
            return self._failed(
                UnreachableError.code, f"no answer within timeout_s={timeout_s:g} seconds", now
            )
        except Exception as error:  # noqa: BLE001 - a collector's bug must not silence its orchestrator
            self._log.exception("collector_crashed")
            return self._failed("agent_error", f"{type(error).__name__}: {error}", now)
        if self.stats.consecutive_failures:
            self._log.info("recovered", failed_scrapes=self.stats.consecutive_failures)
        self.stats.consecutive_failures = 0
        self.stats.last_success = now
        return batch

    def _failed(self, code: str, reason: str, now: datetime) -> Batch | UsageBatch | None:
        self.stats.failures[code] += 1
        self.stats.consecutive_failures += 1
        self._log.warning("scrape_failed", code=code, reason=reason)
        if isinstance(self._collector, UsageCollector):
            return self._collector.outage(code, reason, now)
        return Batch(outage_record(self._collector, code, reason, now))

    async def _agent_info(self) -> AgentInfo:
        spool = await self._forwarder.state()
        return AgentInfo(
            scrapes=self.stats.scrapes,
            failed_scrapes=dict(self.stats.failures),
            last_success=self.stats.last_success,
            spooled_records=spool.records,
            spooled_bytes=spool.bytes,
            dropped_records=spool.dropped,
        )
