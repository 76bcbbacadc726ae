"""Follows what woa's agents publish, and keeps the last health of every orchestrator in SQLite.

A program to start from: it needs nothing of woa but its contract, docs/reference/asyncapi.json.
What a consumer has to do is marked with the rule that it follows.
"""

import argparse
import json
import signal
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from types import FrameType
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message

TOPIC = "woa.orchestrator-metrics.v1"
SCHEMA = "orchestrator-metrics"
MAJOR_VERSION = "1"
BATCH = 500
WAIT_S = 1.0

TABLES = """
CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS health (
    orchestrator_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    collected_at TEXT NOT NULL,
    status TEXT NOT NULL,
    score REAL,
    pending INTEGER
);
"""
LATEST = """
INSERT INTO health VALUES (:orchestrator_id, :name, :collected_at, :status, :score, :pending)
ON CONFLICT (orchestrator_id) DO UPDATE SET
    name = excluded.name, collected_at = excluded.collected_at, status = excluded.status,
    score = excluded.score, pending = excluded.pending
WHERE excluded.collected_at > collected_at
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM."""
    options = parser().parse_args(arguments)
    consumer = Consumer(
        {
            "bootstrap.servers": options.bootstrap,
            "group.id": options.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            **dict(pair.split("=", 1) for pair in options.set),
        }
    )
    stopping = Stopping()
    consumer.subscribe([TOPIC])
    try:
        with closing(sqlite3.connect(options.database)) as database:
            database.executescript(TABLES)
            while not stopping.wanted:
                follow(consumer, database)
    finally:
        consumer.close()
    return 0


def follow(consumer: Consumer, database: sqlite3.Connection) -> None:
    """One batch: work first, then say to Kafka that it is done."""
    messages = [message for message in consumer.consume(BATCH, WAIT_S) if is_message(message)]
    if not messages:
        return
    with database:  # one transaction
        for message in messages:
            record = read(message)
            if record is not None and is_new(database, record):
                keep(database, record)
    # Rule: at least once. A crash before this line brings the batch again, and `is_new` knows it.
    consumer.commit(asynchronous=False)


def is_message(message: Message) -> bool:
    """Raises `KafkaException` for what does not mend itself."""
    error = message.error()
    if error is None:
        return True
    if error.fatal() or error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        raise KafkaException(error)
    warn(f"Kafka: {error}")
    return False


def read(message: Message) -> dict[str, Any] | None:
    """The record; None for what this program cannot read, which must not stop it."""
    schema = dict(message.headers() or ()).get("woa-schema") or b""
    text = schema if isinstance(schema, str) else schema.decode(errors="replace")
    name, _, version = text.partition("/")
    # Rule: refuse a major version that you do not know, before you parse.
    if name != SCHEMA or version.partition(".")[0] != MAJOR_VERSION:
        warn(f"offset {message.offset()}: schema {name}/{version} is not for this program")
        return None
    try:
        record = json.loads(message.value() or b"")
    except ValueError as error:
        warn(f"offset {message.offset()}: {error}")
        return None
    # Rule: fields that you do not know are new ones; take what you need and ignore the rest.
    return record if isinstance(record, dict) else None


def is_new(database: sqlite3.Connection, record: dict[str, Any]) -> bool:
    """Rule: a record's id names its sample; the same id again is the same record."""
    done = database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (record["id"],))
    return done.rowcount == 1


def keep(database: sqlite3.Connection, record: dict[str, Any]) -> None:
    """The newest by its own time: records may come late."""
    capacity = record.get("capacity") or {}
    values = {
        "orchestrator_id": record["orchestratorId"],
        "name": f"{record['orchestratorType']}/{record['clusterName']}/{record['instanceId']}",
        "collected_at": record["collectedAt"],
        "status": record["health"]["status"],
        # Rule: null is unknown. It stays NULL here; it is never 0.
        "score": record["health"].get("healthScore"),
        "pending": capacity.get("pendingWorkflows"),
    }
    if database.execute(LATEST, values).rowcount:
        print("  ".join("unknown" if value is None else str(value) for value in values.values()))


def warn(text: str) -> None:
    """Tell people, not the program that reads the output."""
    print(text, file=sys.stderr)


class Stopping:
    """Set by SIGINT and SIGTERM: the batch at hand is finished first."""

    def __init__(self) -> None:
        self.wanted = False
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, self._stop)

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.wanted = True


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--bootstrap", default="127.0.0.1:9092", help="host:port of a broker")
    made.add_argument("--group", default="example-consumer", help="consumer group of your own")
    made.add_argument("--database", default="health.db", help="SQLite file")
    made.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any setting of librdkafka, such as security.protocol=SASL_SSL",
    )
    return made


if __name__ == "__main__":
    sys.exit(main())
