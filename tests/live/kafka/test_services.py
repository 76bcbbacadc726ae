"""`woa agent run` -> a real Kafka -> `woa ingest run` -> PostgreSQL, killed and stopped."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from benchmarks.kafka_broker import KafkaBroker
from benchmarks.product import Product, free_port
from benchmarks.servers import wait_for
from tests.cli.woa import clean_environment, config, woa

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

# Nobody answers there: each outage is a record, ever fewer of them, as agents back off.
AGENTS = """
agents:
  - {type: temporal, instance_id: orders, address: '127.0.0.1:1', timeout_s: 5, interval_s: 0.1}
  - {type: temporal, instance_id: bills, address: '127.0.0.1:1', timeout_s: 5, interval_s: 0.1}
"""
LIMIT_S = 120.0


@contextmanager
def service(folder: Path, words: list[str], env: dict[str, str]) -> Iterator[Product]:
    """A command that runs until it is stopped, watched through what it prints."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", *words],
        env=clean_environment(folder) | env | {"WOA_API__PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    product = Product(process, folder, port)
    try:
        yield product
    finally:
        if process.poll() is None:
            process.kill()
            product.wait()


def stored(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT id::text FROM orchestrator_metrics").fetchall()
    return [name for (name,) in rows]


def acknowledged(agents: Product) -> set[str]:
    """The journal: what the agents' process said that the bus has, read by this one."""
    events = (json.loads(line) for line in agents.output if line.startswith("{"))
    return {event["id"] for event in events if event["event"] == "record_acknowledged"}


def test_records_come_through_kafka_once_whatever_dies(
    lone_kafka: KafkaBroker, database_url: str, tmp_path: Path
) -> None:
    env = {
        "WOA_KAFKA__BOOTSTRAP_SERVERS": lone_kafka.address,
        "WOA_KAFKA__SESSION_TIMEOUT_S": "6",
        "WOA_DATABASE_URL": database_url,
        "WOA_LOG__LEVEL": "debug",
        "WOA_LOG__FORMAT": "json",
    }
    topics = ("kafka", "topics", "--create", "--replicas", "1", "--partitions", "3")
    made = woa(*topics, folder=tmp_path, env=env)
    again = woa("kafka", "topics", folder=tmp_path, env=env)
    agents = ["agent", "run", "-c", config(tmp_path, AGENTS)]

    with service(tmp_path / "agents", agents, env) as publishing:
        publishing.wait_for_line("record_acknowledged", timeout_s=LIMIT_S)
        for _ in range(3):
            with service(tmp_path / "ingest", ["ingest", "run"], env) as killed:
                before = len(stored(database_url))
                wait_for(lambda: len(stored(database_url)) > before, LIMIT_S, "more is stored")  # noqa: B023
                killed.kill()
        lone_kafka.stop(signal.SIGKILL)
        lone_kafka.start()
        with (
            service(tmp_path / "one", ["ingest", "run"], env) as one,
            service(tmp_path / "two", ["ingest", "run"], env) as two,
        ):
            for each in (one, two):
                each.wait_for_line("partitions_assigned", timeout_s=LIMIT_S)
            code = publishing.stop()
            journal = acknowledged(publishing)
            wait_for(lambda: journal <= set(stored(database_url)), LIMIT_S, "all is stored")
            ready = httpx.get(f"http://127.0.0.1:{one.port}/readyz")
            codes = [code, one.stop(), two.stop()]

    ids = stored(database_url)
    print(f"acknowledged {len(journal)}, stored {len(ids)}")
    assert (made.code, again.code) == (0, 0), made.err + again.err
    assert len(journal) >= 8
    assert len(ids) == len(set(ids))
    assert (ready.status_code, codes) == (200, [0, 0, 0])


def test_missing_topics_are_told_with_the_fix(kafka: KafkaBroker, tmp_path: Path) -> None:
    env = {"WOA_KAFKA__BOOTSTRAP_SERVERS": kafka.address}
    told = woa("kafka", "topics", folder=tmp_path, env=env)

    assert told.code == 1
    assert "woa kafka topics --create" in told.out


def test_a_rewind_brings_back_what_a_restored_database_lacks(
    lone_kafka: KafkaBroker, database_url: str, tmp_path: Path
) -> None:
    env = {
        "WOA_KAFKA__BOOTSTRAP_SERVERS": lone_kafka.address,
        "WOA_KAFKA__SESSION_TIMEOUT_S": "6",
        "WOA_DATABASE_URL": database_url,
    }
    woa("kafka", "topics", "--create", "--replicas", "1", folder=tmp_path, env=env)
    agents = ["agent", "run", "-c", config(tmp_path, AGENTS)]
    with (
        service(tmp_path / "agents", agents, env) as publishing,
        service(tmp_path / "ingest", ["ingest", "run"], env) as ingesting,
    ):
        wait_for(lambda: len(stored(database_url)) >= 6, LIMIT_S, "records are stored")
        publishing.stop()
        refused = woa("ingest", "rewind", "--to", "1h", folder=tmp_path, env=env)
        ingesting.stop()
    before = set(stored(database_url))
    with psycopg.connect(database_url) as connection:  # as a backup from before would be
        connection.execute("TRUNCATE orchestrator_metrics, orchestrators CASCADE")
    tried = woa("ingest", "rewind", "--to", "1h", "--dry-run", folder=tmp_path, env=env)
    done = woa("ingest", "rewind", "--to", "1h", folder=tmp_path, env=env)
    with service(tmp_path / "again", ["ingest", "run"], env) as again:
        wait_for(lambda: before <= set(stored(database_url)), LIMIT_S, "all is there again")
        again.stop()

    assert refused.code == 1
    assert "stop every `woa ingest run`" in refused.err
    assert (tried.code, done.code) == (0, 0), tried.err + done.err
    assert f"Would read {len(before)} messages again" in tried.out
    assert f"{len(before)} messages come again" in done.out


def test_readiness_tells_what_ingest_waits_for(
    lone_kafka: KafkaBroker, database_url: str, tmp_path: Path
) -> None:
    env = {
        "WOA_KAFKA__BOOTSTRAP_SERVERS": lone_kafka.address,
        "WOA_KAFKA__REQUEST_TIMEOUT_S": "2",
        "WOA_KAFKA__SESSION_TIMEOUT_S": "6",
        "WOA_DATABASE_URL": database_url,
    }
    woa("kafka", "topics", "--create", "--replicas", "1", folder=tmp_path, env=env)
    with service(tmp_path / "ingest", ["ingest", "run"], env) as ingest:
        said = Readiness(ingest.port)
        said.wait_for({"status": "ok"})
        lone_kafka.stop(signal.SIGKILL)
        said.wait_for({"status": "not ready", "ingest": "waits for the bus"})
        lone_kafka.start()
        said.wait_for({"status": "ok"})
        metrics = httpx.get(f"http://127.0.0.1:{ingest.port}/metrics").text
        code = ingest.stop()

    assert code == 0
    assert 'woa_ingest_lag_records{partition="0",topic="woa.events.v1"} 0.0' in metrics


@dataclass(frozen=True)
class Readiness:
    """What /readyz of a service says."""

    port: int

    def wait_for(self, answer: dict[str, str]) -> None:
        wait_for(lambda: self._now() == answer, LIMIT_S, str(answer))

    def _now(self) -> object:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz").json()
        except httpx.HTTPError:
            return None
