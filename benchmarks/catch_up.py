"""How soon ingest has caught up after the database was away, and what it weighs meanwhile.

A thousand orchestrators, scraped every 15 seconds, go on publishing through an agent's spool to a
real Kafka broker while PostgreSQL is stopped; what they say in an hour is published as fast as it
goes. Then PostgreSQL comes back. With `--steady-s` they afterwards go on at their own pace.
"""

import argparse
import asyncio
import logging
import multiprocessing
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import structlog

from agents.forwarder import Forwarder
from agents.spool import Spool
from benchmarks.fleet import Fleet
from benchmarks.servers import wait_for
from benchmarks.stage import PATIENCE_S, Ingest, Stage, Table, staged
from bus.kafka import KafkaPublisher
from bus.kafka_settings import KafkaSettings

__all__ = ["configure", "run"]

STEP = timedelta(seconds=15)
SAMPLE_S = 1.0
WARM_UP_RATIO = 0.1


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of this benchmark."""
    parser.add_argument("--orchestrators", type=int, default=1_000)
    parser.add_argument("--outage-s", type=int, default=3_600, help="seconds without a database")
    parser.add_argument("--steady-s", type=int, default=0, help="seconds at their own pace after")


def run(arguments: argparse.Namespace) -> dict[str, float]:
    """The figures."""
    with staged("catch-up") as stage:
        stage.topics()
        url = stage.database("woa")
        with stage.ingest(url, "ingest") as ingest:
            memory = _Memory(ingest.pid)
            with _sampled(memory):
                return _Run(stage, Table(url), ingest, memory, arguments).figures()


@dataclass
class _Memory:
    """Resident memory of one process, read every second."""

    pid: int
    samples: list[tuple[float, float]] = field(default_factory=list)
    """Seconds, megabytes."""

    def read(self, at_s: float) -> None:
        """Add what it is now; a process that has ended has none."""
        try:
            self.samples.append((at_s, psutil.Process(self.pid).memory_info().rss / 1e6))
        except psutil.NoSuchProcess:
            return

    def since(self, at_s: float) -> list[tuple[float, float]]:
        """The samples from then on."""
        return [sample for sample in self.samples if sample[0] >= at_s]

    def peak_mb(self, at_s: float) -> float:
        """The most from then on."""
        return round(max(mb for _, mb in self.since(at_s)), 1)


@dataclass
class _Run:
    stage: Stage
    table: Table
    ingest: Ingest
    memory: _Memory
    arguments: argparse.Namespace

    def figures(self) -> dict[str, float]:
        """Of the outage, and of the steady load if that is wanted."""
        figures = self._outage()
        return figures | self._steady() if self.arguments.steady_s else figures

    def _outage(self) -> dict[str, float]:
        outage_s: int = self.arguments.outage_s
        self.table.close()
        asyncio.run(self.stage.postgres.stop())
        began_s = time.monotonic()
        start = datetime.now(UTC) - timedelta(seconds=outage_s)
        with self._agent(start, outage_s, paced=False) as agent:
            sent, agent_memory = agent.finish()
        back_s = time.monotonic()
        asyncio.run(self.stage.postgres.start())
        self.table = Table(self.ingest.url)
        self.table.wait_for_rows(sent)
        wait_for(lambda: _lag(self.ingest) == 0, PATIENCE_S, "the lag is zero")
        catch_up_s = time.monotonic() - back_s
        away = [mb for at_s, mb in self.memory.samples if at_s < back_s]
        return {
            "records": sent,
            "missing": sent - self.table.rows(),
            "outage_s": outage_s,
            "published_in_s": round(back_s - began_s, 1),
            "catch_up_s": round(catch_up_s, 1),
            "records_per_s": round(sent / catch_up_s),
            "ingest_peak_rss_mb_away": round(max(away), 1),
            "ingest_peak_rss_mb_catch_up": self.memory.peak_mb(back_s),
            "agent_peak_rss_mb": agent_memory.peak_mb(0),
            "agent_rss_growth_mb": _growth_mb(agent_memory.samples),
        }

    def _steady(self) -> dict[str, float]:
        steady_s: int = self.arguments.steady_s
        before = self.table.rows()
        began_s = time.monotonic()
        with self._agent(datetime.now(UTC), steady_s, paced=True) as agent:
            sent, agent_memory = agent.finish()
        self.table.wait_for_rows(before + sent)
        return {
            "steady_s": steady_s,
            "steady_records": sent,
            "steady_missing": before + sent - self.table.rows(),
            "ingest_peak_rss_mb_steady": self.memory.peak_mb(began_s),
            "ingest_rss_slope_mb_per_h": _slope_mb_per_h(self.memory.since(began_s)),
            "agent_rss_slope_mb_per_h": _slope_mb_per_h(agent_memory.samples),
        }

    @contextmanager
    def _agent(self, start: datetime, length_s: int, *, paced: bool) -> Iterator["_Agent"]:
        steps = round(length_s / STEP.total_seconds())
        spool = self.stage.folder / f"spool-{steps}-{paced}.db"
        address, orchestrators = self.stage.broker.address, self.arguments.orchestrators
        agent = _Agent(_Load(spool, address, orchestrators, start, steps, paced))
        try:
            yield agent
        finally:
            agent.process.kill()


@dataclass(frozen=True)
class _Load:
    """What an agent's process publishes, and through which spool."""

    spool: Path
    address: str
    orchestrators: int
    start: datetime
    steps: int
    paced: bool
    """At its own pace, not as fast as it goes."""


class _Agent:
    """A process that publishes what a fleet says."""

    def __init__(self, load: _Load) -> None:
        context = multiprocessing.get_context("spawn")
        self._answer, answer = context.Pipe(duplex=False)
        self.process = context.Process(target=_publish, args=(answer, load), daemon=True)
        self.process.start()

    def finish(self) -> tuple[int, _Memory]:
        """Wait for its end: how many records it published, and its memory while it did."""
        assert self.process.pid
        memory = _Memory(self.process.pid)
        self._answer.recv()  # it has made its fleet
        with _sampled(memory):
            sent = int(self._answer.recv())
        self.process.join()
        return sent, memory


def _publish(answer: "multiprocessing.connection.Connection[int, int]", load: _Load) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    fleet = Fleet(load.orchestrators, load.start)
    answer.send(0)
    answer.send(asyncio.run(_forward(fleet, load)))


async def _forward(fleet: Fleet, load: _Load) -> int:
    settings = KafkaSettings(bootstrap_servers=load.address)
    sent = 0
    async with Spool(load.spool) as spool, KafkaPublisher(settings) as publisher:
        forwarder = Forwarder(spool, publisher)
        forwarding = asyncio.create_task(forwarder.run())
        began_s = time.monotonic()
        for number, records in enumerate(fleet.records(load.steps, STEP), 1):
            await forwarder.put(records, datetime.now(UTC))
            sent += len(records)
            if load.paced:
                due_s = began_s + number * STEP.total_seconds()
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            elif not await forwarder.drained(PATIENCE_S):
                raise RuntimeError("the broker takes nothing")
        await forwarder.drained(PATIENCE_S)
        forwarding.cancel()
    return sent


@contextmanager
def _sampled(memory: _Memory) -> Iterator[None]:
    done = threading.Event()

    def sample() -> None:
        while not done.wait(SAMPLE_S):
            memory.read(time.monotonic())

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _lag(ingest: Ingest) -> float | None:
    """Records that it is behind, all partitions together; None while it does not tell."""
    text = httpx.get(f"http://127.0.0.1:{ingest.product.port}/metrics").text
    lags = [line for line in text.splitlines() if line.startswith("woa_ingest_lag_records{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lags) if lags else None


def _growth_mb(samples: list[tuple[float, float]]) -> float:
    """Between the second and the last tenth, by medians: the first is the start."""
    tenth = max(1, len(samples) // 10)
    early = statistics.median(mb for _, mb in samples[tenth : 2 * tenth] or samples)
    return round(statistics.median(mb for _, mb in samples[-tenth:]) - early, 1)


def _slope_mb_per_h(samples: list[tuple[float, float]]) -> float:
    """Of the least squares line, without the first tenth."""
    settled = samples[round(len(samples) * WARM_UP_RATIO) :]
    times, values = zip(*settled, strict=True)
    return round(statistics.linear_regression(times, values).slope * 3_600, 2)
