"""What benchmarks of the stream stand on: broker, PostgreSQL, ingest, and CPU clocks."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from agents.forwarder import message_of
from benchmarks.fleet import Fleet
from benchmarks.kafka_broker import KafkaBroker
from benchmarks.kafka_source import kafka_source
from benchmarks.product import Product, free_port
from bus.kafka import KafkaPublisher
from bus.kafka_settings import KafkaSettings
from bus.kafka_topics import create_topics
from contracts.orchestrator import OrchestratorMetrics
from contracts.topics import Topic
from store.connection import open_pool
from store.embedded import EmbeddedPostgres
from store.migrate import migrate
from store.partitions import maintain
from store.settings import RetentionSettings

__all__ = ["PATIENCE_S", "Ingest", "Stage", "Table", "backend_cpu_s", "cpu_s", "slices", "staged"]

PATIENCE_S = 1_800.0
NANO = 1e-9
STEP = timedelta(seconds=15)


def cpu_s(pid: int) -> float:
    """Seconds that a process has run, with its threads that have ended, to a hundredth."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def backend_cpu_s(pid: int) -> float:
    """The same of a process of one thread, to the nanosecond where the kernel tells."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) * NANO
    except OSError:
        return cpu_s(pid)


def slices(orchestrators: int, records: int) -> Iterator[list[OrchestratorMetrics]]:
    """For ever: the next so many records of a fleet that is scraped every 15 seconds.

    They begin at today's midnight: all of a run belong to one day.
    """
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    taken: list[OrchestratorMetrics] = []
    for batch in Fleet(orchestrators, start).records(5_000, STEP):
        taken += batch
        while len(taken) >= records:
            yield taken[:records]
            taken = taken[records:]


@dataclass
class Ingest:
    """A `woa ingest run`, which can be held while there is something to take."""

    product: Product
    url: str

    @property
    def pid(self) -> int:
        return self.product.process.pid

    def hold(self) -> None:
        """It takes nothing until `go_on`; for less than the session timeout."""
        self.product.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.product.process.send_signal(signal.SIGCONT)


@dataclass
class Stage:
    """Made by `staged`."""

    folder: Path
    broker: KafkaBroker
    postgres: EmbeddedPostgres
    server: str
    """URL of the PostgreSQL server; the same after it was stopped and started."""
    tcp_port: int
    """Where the server's socket can be reached by those who know no sockets."""

    def database(self, name: str) -> str:
        """A database with our tables and today's partitions; its URL."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = make_conninfo(self.server, dbname=name)
        asyncio.run(_prepare(url))
        return url

    def jdbc(self, database: str) -> str:
        """Its address for Java."""
        return f"jdbc:postgresql://127.0.0.1:{self.tcp_port}/{database}?reWriteBatchedInserts=true"

    def topics(self, partitions: int = 6) -> None:
        """Make ours."""
        names = [topic.value for topic in Topic]
        asyncio.run(create_topics(self.settings(), names, partitions, 1))

    def settings(self) -> KafkaSettings:
        """Of clients of the broker."""
        return KafkaSettings(bootstrap_servers=self.broker.address)

    def publish(self, records: Sequence[OrchestratorMetrics]) -> None:
        """As an agent does."""

        async def send() -> None:
            async with KafkaPublisher(self.settings()) as publisher:
                await publisher.publish([message_of(record) for record in records])

        asyncio.run(send())

    def environment(self, url: str, name: str, port: int) -> dict[str, str]:
        """Variables of a `woa ingest run` that writes to `url`."""
        return {
            "WOA_STATE_DIR": str(self.folder / name),
            "WOA_KAFKA__BOOTSTRAP_SERVERS": self.broker.address,
            "WOA_DATABASE_URL": url,
            "WOA_API__PORT": str(port),
        }

    @contextmanager
    def ingest(self, url: str, name: str, **env: str) -> Iterator[Ingest]:
        """A process that follows the topics and writes to `url`."""
        port = free_port()
        kept = {key: value for key, value in os.environ.items() if not key.startswith("WOA_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "ingest", "run"],
            env=kept | self.environment(url, name, port) | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        product = Product(process, self.folder / name, port)
        try:
            product.wait_for_line("partitions_assigned")
            yield Ingest(product, url)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                product.stop()


@contextmanager
def staged(prefix: str) -> Iterator[Stage]:
    """Starts broker and server, and stops them. Exits where there is no broker."""
    source = kafka_source()
    if source is None:
        sys.exit("there is no Kafka broker: make kafka (needs Java 17 and Maven)")
    with tempfile.TemporaryDirectory(prefix=f"woa-{prefix}-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # an unprivileged PostgreSQL must reach it when we are root
        broker = KafkaBroker(folder, source)
        postgres = EmbeddedPostgres(folder / "state")
        try:
            broker.start()
            server = asyncio.run(postgres.start())
            with _relay(postgres.socket_dir) as port:
                yield Stage(folder, broker, postgres, server, port)
        finally:
            asyncio.run(postgres.stop())
            broker.stop()


@contextmanager
def _relay(socket_dir: Path) -> Iterator[int]:
    """A port that leads to the server's socket."""
    port = free_port()
    (socket,) = (each for each in socket_dir.iterdir() if each.is_socket())
    routes = json.dumps([["postgres", port, str(socket)]])
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.faults.proxy", routes],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout
        process.stdout.readline()
        yield port
    finally:
        process.kill()
        process.communicate()


class Table:
    """Watches a database from outside: rows of the history, CPU of its backends."""

    def __init__(self, url: str, name: str = "orchestrator_metrics") -> None:
        self._connection = psycopg.connect(url, autocommit=True, application_name="watching")
        self._name = name

    def close(self) -> None:
        """Before the server is stopped."""
        self._connection.close()

    def rows(self) -> int:
        """How many; none while there is no such table."""
        return self._count("count(*)")

    def distinct_rows(self) -> int:
        """How many samples, each once."""
        key = "id" if self._name == "orchestrator_metrics" else 'time, "instanceId"'
        return self._count(f"count(DISTINCT ({key}))")

    def _count(self, what: str) -> int:
        try:
            return int(self._one(f"SELECT {what} FROM {self._name}"))
        except psycopg.errors.UndefinedTable:
            return 0

    def backends(self) -> dict[int, float]:
        """Process id -> CPU seconds, of all that are connected but for this one."""
        found = self._connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).fetchall()
        return {pid: backend_cpu_s(pid) for (pid,) in found}

    def history_bytes(self) -> int:
        """Of the history with its indexes, without slack."""
        self._connection.execute("VACUUM FULL orchestrator_metrics")
        return int(
            self._one(
                "SELECT sum(pg_total_relation_size(relid)) "
                "FROM pg_partition_tree('orchestrator_metrics') WHERE isleaf"
            )
        )

    def wait_for_rows(self, rows: int) -> float:
        """Seconds until there are so many. Raises `TimeoutError`."""
        began_s = time.monotonic()
        while self.rows() < rows:
            if time.monotonic() - began_s > PATIENCE_S:
                raise TimeoutError(f"{self.rows()} of {rows} rows after {PATIENCE_S:g} s")
            time.sleep(0.02)
        return time.monotonic() - began_s

    def _one(self, statement: str) -> float:
        row = self._connection.execute(statement.encode()).fetchone()
        assert row
        return float(row[0] or 0)


async def _prepare(url: str) -> None:
    await migrate(url)
    async with await open_pool(url, application_name="benchmark") as pool:
        await maintain(pool, datetime.now(UTC), RetentionSettings())
