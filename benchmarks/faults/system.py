"""The system under faults: brokers, PostgreSQL and ingest behind proxies, a producer, a journal."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.faults.child import Child, Ingest
from benchmarks.faults.database import Database
from benchmarks.faults.disk import Disk, small_disk
from benchmarks.faults.producer import CHUNK, ProducerSettings
from benchmarks.faults.topics import delete, lag, names_in
from benchmarks.faults.traffic import Load, duration
from benchmarks.kafka_cluster import BROKERS, KafkaCluster
from benchmarks.kafka_source import KafkaSource
from benchmarks.servers import free_ports
from bus.kafka_settings import KafkaSettings
from bus.kafka_topics import create_topics
from contracts.topics import Topic
from store.migrate import migrate

__all__ = ["AGENTS", "INGEST", "POSTGRES", "Producing", "System", "running"]

PARTITIONS = 6
POSTGRES = "POSTGRES"
DOORS = INGEST, AGENTS = ("INGEST", "AGENTS")
RECORDS_PER_S = 250.0
DATABASE_BYTES = 1 << 30
DATABASE_BYTES_PER_RECORD = 20_000
SPOOL_BYTES = 192 << 20
LOOK_S = 0.5
PATIENCE_S = 120.0


class Producing:
    """The producer's process, as far as it has told."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.allowed = 0
        self.sent = 0
        self.spool_failures = 0
        self.done = False
        self._drained = asyncio.Event()

    async def allow(self, number: int) -> None:
        """Let it send so many more."""
        self.allowed += number
        await self.child.tell(f"allow {number}")

    async def drain(self) -> None:
        """Return when all that it may send is sent, and the brokers have taken it."""
        while not self.done and self.allowed - self.sent >= CHUNK:  # noqa: ASYNC110 - of a child
            await asyncio.sleep(LOOK_S)
        self._drained.clear()
        await self.child.tell("drain")
        await self._drained.wait()

    async def listen(self) -> None:
        """Follow what it tells, until cancelled."""
        while True:
            told = json.loads(await self.child.answer())
            self.sent, self.spool_failures = told["sent"], told["spool_failures"]
            self.done = self.done or told["done"]
            if told["drained"] is False:
                raise RuntimeError("the brokers do not take what is in the spool")
            if told["drained"]:
                self._drained.set()


@dataclass
class System:
    """All of it, running."""

    folder: Path
    kafka: KafkaSettings
    cluster: KafkaCluster
    database: Database
    database_disk: Disk
    spool_disk: Disk
    proxy: Child
    producer: Producing
    environment: dict[str, str]
    ingests: list[Ingest] = field(default_factory=list)
    removed: Counter[str] = field(default_factory=Counter)
    """The messages of deleted topics, by name; all of them were taken before."""

    @property
    def journal(self) -> Path:
        """The file."""
        return self.folder / "journal"

    def start_ingest(self) -> Ingest:
        """One more."""
        ingest = Ingest(f"ingest-{len(self.ingests) + 1}", self.folder, self.environment)
        ingest.keep_running()
        self.ingests.append(ingest)
        return ingest

    async def cut(self, name: str, mode: str) -> int:
        """Tell the proxies of a name; how many connections were concerned."""
        await self.proxy.tell(f"{name} {mode}")
        return int(await self.proxy.answer())

    async def make_topics(self) -> None:
        """Those that are missing."""
        names = [topic.value for topic in Topic]
        await create_topics(self.kafka, names, PARTITIONS, BROKERS)

    async def remove_topic(self, topic: str) -> None:
        """Delete it once nothing is sent and ingest has taken what is in it."""
        await self.producer.drain()
        if left := await self.caught_up(PATIENCE_S):
            raise RuntimeError(f"ingest does not take the last {left} messages")
        self.removed += await names_in(self.kafka, [topic])
        await delete(self.kafka, topic)

    async def caught_up(self, patience_s: float) -> int:
        """Wait until ingest has taken everything; what is left when it stopped getting on."""
        loop = asyncio.get_running_loop()
        least, since_s = sys.maxsize, loop.time()
        while loop.time() - since_s < patience_s:
            left = await lag(self.kafka)
            if left == 0:
                return 0
            if left < least:
                least, since_s = left, loop.time()
            await asyncio.sleep(LOOK_S)
        return least


@asynccontextmanager
async def running(
    folder: Path, source: KafkaSource, seed: int, records: int
) -> AsyncIterator[System]:
    """Start everything below `folder`; on leaving nothing of it is left."""
    async with AsyncExitStack() as stack:
        cluster = KafkaCluster(folder, source, DOORS)
        stack.callback(cluster.stop)
        await asyncio.to_thread(cluster.start)
        size = DATABASE_BYTES + records * DATABASE_BYTES_PER_RECORD
        database = Database(folder / "pg", folder / "postgres.log")
        disk = stack.enter_context(small_disk(folder / "pg", size, database.processes))
        stack.push_async_callback(database.stop)
        await database.keep_running()
        await migrate(database.url)
        (port,) = free_ports(1)
        proxy = await _proxy(stack, folder, cluster, database, port)
        kafka = _kafka(cluster.address)
        spool_disk = stack.enter_context(
            small_disk(folder / "spool", SPOOL_BYTES, lambda: [psutil.Process(producer.pid)])
        )
        await _journal(stack, folder)
        producing = Producing(await _producer(stack, folder, cluster, seed, records))
        producer = producing.child.process
        system = System(
            folder=folder,
            kafka=kafka,
            cluster=cluster,
            database=database,
            database_disk=disk,
            spool_disk=spool_disk,
            proxy=proxy,
            producer=producing,
            environment=_environment(cluster, database, port),
        )
        await system.make_topics()
        stack.push_async_callback(_stop_ingests, system)
        system.start_ingest()
        yield system


async def _proxy(
    stack: AsyncExitStack, folder: Path, cluster: KafkaCluster, database: Database, port: int
) -> Child:
    routes = [
        *(
            (name, door.proxy_port, door.port)
            for node in cluster.nodes
            for name, door in node.doors.items()
        ),
        (POSTGRES, port, str(database.socket)),
    ]
    return await _child(stack, folder, "proxy", json.dumps(routes))


async def _journal(stack: AsyncExitStack, folder: Path) -> None:
    await _child(stack, folder, "journal", str(folder / "journal"), str(folder / "journal.socket"))


async def _producer(
    stack: AsyncExitStack, folder: Path, cluster: KafkaCluster, seed: int, records: int
) -> Child:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    settings = ProducerSettings(
        load=Load(seed, records, now - duration(records)),
        records_per_s=RECORDS_PER_S,
        spool=folder / "spool" / "spool.db",
        journal=folder / "journal.socket",
        kafka=_kafka(cluster.address_through(AGENTS)),
        poison_kafka=_kafka(cluster.address),
    )
    child = await Child.start(
        folder / "producer.log", "benchmarks.faults.producer", settings.model_dump_json()
    )
    stack.push_async_callback(child.stop)
    return child


def _kafka(address: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=address, request_timeout_s=5)


async def _child(stack: AsyncExitStack, folder: Path, name: str, *arguments: str) -> Child:
    """One that says when it is ready."""
    child = await Child.start(folder / f"{name}.log", f"benchmarks.faults.{name}", *arguments)
    stack.push_async_callback(child.stop)
    await child.answer()
    return child


async def _stop_ingests(system: System) -> None:
    await asyncio.gather(*(ingest.stop() for ingest in system.ingests))


def _environment(cluster: KafkaCluster, database: Database, port: int) -> dict[str, str]:
    """What every ingest is told: to come through the proxies."""
    return {
        "WOA_KAFKA__BOOTSTRAP_SERVERS": cluster.address_through(INGEST),
        "WOA_KAFKA__SESSION_TIMEOUT_S": "6",
        "WOA_KAFKA__REQUEST_TIMEOUT_S": "5",
        "WOA_DATABASE_URL": database.url_through(port),
        "WOA_LOG__FORMAT": "json",
    }
