"""The example consumer as its README starts it, on librdkafka's mock brokers."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from confluent_kafka import Producer

from agents.forwarder import message_of
from benchmarks.servers import wait_for
from bus.kafka import KafkaPublisher
from bus.kafka_settings import KafkaSettings
from bus.port import Message
from contracts.health import HealthStatus
from tests.records import orchestrator_record, outage_record

PROGRAM = Path(__file__).parent.parent.parent / "examples" / "consumer" / "consumer.py"
LIMIT_S = 120.0


@pytest.fixture
def brokers() -> Iterator[str]:
    """Comma list of the mock brokers' addresses."""
    keeper = Producer({"bootstrap.servers": "unused:9092", "test.mock.num.brokers": 1})
    known = keeper.list_topics(timeout=30).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in known)
    keeper.flush(0)


def publish(brokers: str, messages: Sequence[Message]) -> None:
    async def send() -> None:
        async with KafkaPublisher(KafkaSettings(bootstrap_servers=brokers)) as publisher:
            await publisher.publish(messages)

    asyncio.run(send())


def rows(database: Path, statement: str) -> list[tuple[object, ...]]:
    if not database.exists():
        return []
    with sqlite3.connect(database, timeout=30) as connection:
        try:
            return connection.execute(statement).fetchall()
        except sqlite3.OperationalError:  # it has made no table yet
            return []


class Following:
    """The program, running."""

    def __init__(self, brokers: str, folder: Path) -> None:
        self.database = folder / "health.db"
        # The mock brokers forget a member only when its session ends.
        options = ("--bootstrap", brokers, "--set", "session.timeout.ms=6000")
        command = [sys.executable, str(PROGRAM), *options]
        self._process = subprocess.Popen(
            [*command, "--database", str(self.database)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, ids: set[str]) -> None:
        """Until it has seen these."""
        wait_for(
            lambda: ids <= {str(row[0]) for row in rows(self.database, "SELECT id FROM seen")},
            LIMIT_S,
            "the records are seen",
        )

    def stop(self) -> tuple[int, str, str]:
        """Exit code, output, warnings."""
        self._process.send_signal(signal.SIGTERM)
        out, err = self._process.communicate(timeout=60)
        return self._process.returncode, out, err

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=60)


def test_it_keeps_the_newest_once_and_stops_cleanly(brokers: str, tmp_path: Path) -> None:
    record, outage = orchestrator_record(), outage_record(instance_id="gone")
    message = message_of(record)
    newer = json.loads(message.value) | {"aFieldOfTomorrow": {"x": 1}}
    future = Message(message.topic, message.key, b"?", {"woa-schema": "orchestrator-metrics/2.0"})
    broken = Message(message.topic, message.key, b"{", dict(message.headers))
    tomorrow = Message(
        message.topic, message.key, json.dumps(newer).encode(), dict(message.headers)
    )
    publish(brokers, [future, broken, tomorrow, message, message_of(outage), message])

    following = Following(brokers, tmp_path)
    following.wait_for({str(record.id), str(outage.id)})
    code, out, err = following.stop()
    again = Following(brokers, tmp_path)
    more = orchestrator_record(instance_id="another")
    publish(brokers, [message_of(more)])
    again.wait_for({str(more.id)})
    again.kill()

    health = rows(again.database, "SELECT name, status, score, pending FROM health")
    assert code == 0, err
    assert len(out.splitlines()) == 2
    assert "orchestrator-metrics/2.0 is not for this program" in err
    assert len(health) == 3
    assert (HealthStatus.CRITICAL.value, None, None) in {row[1:] for row in health}
