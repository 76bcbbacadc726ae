"""How soon ingest has caught up after the database was away, and what it weighs meanwhile.

A thousand orchestrators, scraped every 15 seconds, go on publishing through an agent's spool to a
real Kafka broker while PostgreSQL is stopped; what they say in an hour is published as fast as it
goes. Then PostgreSQL comes back. With `--steady-s` they afterwards go on at their own pace.
"""

import argparse
import asyncio
import logging
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import psycopg
import structlog

from agents.forwarder import Forwarder
from agents.spool import Spool
from benchmarks.fleet import Fleet
from benchmarks.kafka_broker import KafkaBroker
from benchmarks.kafka_source import kafka_source
from benchmarks.product import Product, free_port
from benchmarks.servers import wait_for
from bus.kafka import KafkaPublisher
from bus.kafka_settings import KafkaSettings
from store.embedded import EmbeddedPostgres
from store.migrate import migrate

__all__ = ["configure", "run"]

STEP = timedelta(seconds=15)
PATIENCE_S = 3_600.0
SAMPLE_S = 1.0
WARM_UP_RATIO = 0.1


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of this benchmark."""
    parser.add_argument("--orchestrators", type=int, default=1_000)
    parser.add_argument("--outage-s", type=int, default=3_600, help="seconds without a database")
    parser.add_argument("--steady-s", type=int, default=0, help="seconds at their own pace after")


def run(arguments: argparse.Namespace) -> dict[str, float]:
    """The figures."""
    source = kafka_source()
    if source is None:
        sys.exit("there is no Kafka broker: make kafka (needs Java 17 and Maven)")
    with tempfile.TemporaryDirectory(prefix="woa-catch-up-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # an unprivileged PostgreSQL must reach it when we are root
        broker = KafkaBroker(folder, source)
        postgres = EmbeddedPostgres(folder / "state")
        try:
            broker.start()
            url = asyncio.run(_first_start(postgres))
            return _Run(folder, broker.address, postgres, url, arguments).figures()
        finally:
            asyncio.run(postgres.stop())
            broker.stop()


async def _first_start(postgres: EmbeddedPostgres) -> str:
    url = await postgres.start()
    await migrate(url)
    return url


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


class _Run:
    def __init__(
        self,
        folder: Path,
        address: str,
        postgres: EmbeddedPostgres,
        url: str,
        arguments: argparse.Namespace,
    ) -> None:
        self._folder = folder
        self._address = address
        self._postgres = postgres
        self._url = url
        self._orchestrators: int = arguments.orchestrators
        self._outage_s: int = arguments.outage_s
        self._steady_s: int = arguments.steady_s

    def figures(self) -> dict[str, float]:
        self._woa("kafka", "topics", "--create", "--replicas", "1")
        with self._ingest() as ingest:
            memory = _Memory(ingest.process.pid)
            with _sampled(memory):
                figures = self._outage(ingest, memory)
                if self._steady_s:
                    figures |= self._steady(ingest, memory)
        return figures

    def _outage(self, ingest: Product, memory: _Memory) -> dict[str, float]:
        asyncio.run(self._postgres.stop())
        steps = round(self._outage_s / STEP.total_seconds())
        start = datetime.now(UTC) - timedelta(seconds=self._outage_s)
        began_s = time.monotonic()
        with self._agent(start, steps, paced=False) as agent:
            sent, agent_memory = agent.finish()
        published_s = time.monotonic() - began_s
        back_s = time.monotonic()
        asyncio.run(self._postgres.start())
        wait_for(lambda: self._stored() >= sent, PATIENCE_S, "ingest has caught up")
        wait_for(lambda: _lag(ingest) == 0, PATIENCE_S, "the lag is zero")
        catch_up_s = time.monotonic() - back_s
        return {
            "records": sent,
            "missing": sent - self._stored(),
            "outage_s": self._outage_s,
            "published_in_s": round(published_s, 1),
            "catch_up_s": round(catch_up_s, 1),
            "records_per_s": round(sent / catch_up_s),
            "ingest_peak_rss_mb_away": round(
                max(mb for at_s, mb in memory.samples if at_s < back_s), 1
            ),
            "ingest_peak_rss_mb_catch_up": memory.peak_mb(back_s),
            "agent_peak_rss_mb": agent_memory.peak_mb(0),
            "agent_rss_growth_mb": _growth_mb(agent_memory.samples),
        }

    def _steady(self, ingest: Product, memory: _Memory) -> dict[str, float]:
        before = self._stored()
        began_s = time.monotonic()
        steps = round(self._steady_s / STEP.total_seconds())
        with self._agent(datetime.now(UTC), steps, paced=True) as agent:
            sent, agent_memory = agent.finish()
        wait_for(lambda: self._stored() >= before + sent, PATIENCE_S, "all is stored")
        return {
            "steady_s": self._steady_s,
            "steady_records": sent,
            "steady_missing": before + sent - self._stored(),
            "ingest_peak_rss_mb_steady": memory.peak_mb(began_s),
            "ingest_rss_slope_mb_per_h": _slope_mb_per_h(memory.since(began_s)),
            "agent_rss_slope_mb_per_h": _slope_mb_per_h(agent_memory.samples),
        }

    def _stored(self) -> int:
        with psycopg.connect(self._url) as connection:
            row = connection.execute("SELECT count(*) FROM orchestrator_metrics").fetchone()
        assert row
        return int(row[0])

    def _environment(self, state: str, port: int) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WOA_")}
        return kept | {
            "WOA_STATE_DIR": str(self._folder / state),
            "WOA_KAFKA__BOOTSTRAP_SERVERS": self._address,
            "WOA_DATABASE_URL": self._url,
            "WOA_API__PORT": str(port),
        }

    def _woa(self, *words: str) -> None:
        environment = self._environment("tool", 0)
        subprocess.run([sys.executable, "-m", "cli.main", *words], env=environment, check=True)

    @contextmanager
    def _ingest(self) -> Iterator[Product]:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "ingest", "run"],
            env=self._environment("ingest", port),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        product = Product(process, self._folder / "ingest", port)
        try:
            product.wait_for_line("partitions_assigned")
            yield product
        finally:
            if process.poll() is None:
                product.stop()

    @contextmanager
    def _agent(self, start: datetime, steps: int, *, paced: bool) -> Iterator["_Agent"]:
        spool = self._folder / f"spool-{steps}-{paced}.db"
        agent = _Agent(_Load(spool, self._address, self._orchestrators, start, steps, paced))
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


def _lag(ingest: Product) -> float | None:
    """Records that it is behind, all partitions together; None while it does not tell."""
    text = httpx.get(f"http://127.0.0.1:{ingest.port}/metrics").text
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
