"""The same records through Kafka and through the direct bus leave the same rows."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from agents.forwarder import Forwarder
from agents.spool import Spool
from benchmarks.fleet import Fleet
from benchmarks.kafka_broker import KafkaBroker
from bus.direct import DirectBus
from bus.kafka import KafkaPublisher, KafkaSubscriber
from bus.kafka_topics import create_topics
from bus.port import Message, Subscriber
from contracts.topics import RECORD_TOPICS, PublishedRecord, Topic
from ingest.service import Ingest
from store.connection import open_pool
from store.write import Writer
from tests.live.kafka.conftest import settings_for
from tests.postgres import PostgresServer
from tests.records import NOON, one_of_each, pool_record, worker

pytestmark = pytest.mark.live

PATIENCE_S = 120.0
TOPICS = [topic.value for topic in (*RECORD_TOPICS, Topic.DEAD_LETTERS)]
OF_THE_WRITING = {
    *("created_at", "updated_at", "received_at"),
    *("partition", "log_offset"),  # where on the bus
}
TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::REGNAMESPACE AND relkind IN ('r', 'p') AND NOT relispartition
    AND relname NOT IN ('schema_migrations', 'outbox')
ORDER BY relname
"""


def records() -> list[PublishedRecord]:
    """Of every kind: late, twice, and a pool of several pages."""
    fleet = [
        record for step in Fleet(30, NOON).records(4, timedelta(seconds=15)) for record in step
    ]
    workers = tuple(worker(f"w{number}") for number in range(1_200))
    pool = pool_record(collected_at=NOON + timedelta(seconds=15), workers=workers)
    return [*reversed(fleet), *one_of_each(), pool, *fleet[:10], pool]


async def through(
    publisher: DirectBus | KafkaPublisher,
    subscriber: DirectBus | KafkaSubscriber,
    url: str,
    folder: Path,
) -> None:
    """Publish all of it, and bad messages, and write what comes."""
    bad = [
        Message(Topic.ORCHESTRATOR_METRICS.value, "k", payload, {})
        for payload in (b"{", b"[]", b'{"id": "\\x00"}')
    ]
    async with (
        publisher,
        subscriber,
        await open_pool(url, application_name="test") as pool,
        Spool(folder / "spool.db") as spool,
    ):
        ingest = Ingest(subscriber, Writer(pool))
        forwarder = Forwarder(spool, publisher, 200_000)
        running = [asyncio.create_task(ingest.run()), asyncio.create_task(forwarder.run())]
        await publisher.publish(bad)
        await forwarder.put(records(), NOON)
        async with asyncio.timeout(PATIENCE_S):
            assert await forwarder.drained(PATIENCE_S)
            while not await all_committed(subscriber):
                await asyncio.sleep(0.2)
        for task in running:
            task.cancel()
        await asyncio.wait(running)


async def all_committed(subscriber: Subscriber) -> bool:
    lags = await subscriber.lags()
    return bool(lags) and not any(lag.messages for lag in lags)


def told(value: object) -> object:
    """Sums of floats depend on their order in the last digits."""
    return f"{value:.9g}" if isinstance(value, float) else value


def contents(url: str) -> dict[str, Sequence[str]]:
    """Each table's rows as text, without what depends on when and where they were written."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        tables = [row["relname"] for row in connection.execute(TABLES)]
        return {
            table: sorted(
                repr(
                    {name: told(value) for name, value in row.items() if name not in OF_THE_WRITING}
                )
                for row in connection.execute(
                    sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
                )
            )
            for table in tables
        }


async def test_both_paths_leave_the_same_rows(
    kafka: KafkaBroker, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    settings = settings_for(kafka)
    await create_topics(settings, TOPICS, 3, 1)
    bus = DirectBus()
    with postgres_server.database() as direct, postgres_server.database() as streamed:
        await through(bus, bus, direct, tmp_path / "direct")
        await through(
            KafkaPublisher(settings),
            KafkaSubscriber(settings, TOPICS),
            streamed,
            tmp_path / "kafka",
        )
        one, other = contents(direct), contents(streamed)

    assert {table: len(rows) for table, rows in one.items() if table in EXPECTED} == EXPECTED
    assert one == other


EXPECTED = {"orchestrator_metrics": 30 * 4 + 1, "worker_instances": 1_200, "dead_letters": 3}
