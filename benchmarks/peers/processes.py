"""The peers as processes: how each is provisioned, set up and started."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from benchmarks.product import free_port
from benchmarks.servers import cache_folder, die_with_parent
from benchmarks.stage import Stage

__all__ = ["FLAT_TOPIC", "Peer", "connect_sink", "peers_folder", "plain_consumer", "telegraf"]

FLAT_TOPIC = "flat"
"""Records as rows that name their schema, for those who need that."""
BATCH = 500

WORKER = """\
bootstrap.servers={servers}
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
value.converter.schemas.enable=true
offset.storage.file.filename={folder}/offsets
connector.client.config.override.policy=All
listeners=http://127.0.0.1:{port}
plugin.discovery=only_scan
"""
SINK = """\
name={name}
connector.class=io.debezium.connector.jdbc.JdbcSinkConnector
tasks.max=1
topics={topic}
connection.url={jdbc}
connection.username={user}
connection.password={password}
insert.mode={mode}
primary.key.mode=record_value
primary.key.fields=orchestrator_id,collected_at,id
schema.evolution=none
collection.name.format=orchestrator_metrics
batch.size={batch}
consumer.override.max.poll.records={batch}
consumer.override.auto.offset.reset=earliest
consumer.override.fetch.min.bytes=65536
"""
TELEGRAF = """\
[agent]
  flush_interval = "1s"
  metric_batch_size = {batch}
  metric_buffer_limit = 100000
  omit_hostname = true
[[inputs.kafka_consumer]]
  brokers = ["{servers}"]
  topics = ["{topic}"]
  consumer_group = "telegraf"
  kafka_version = "3.6.0"
  offset = "oldest"
  max_undelivered_messages = 2000
  data_format = "json_v2"
  [[inputs.kafka_consumer.json_v2]]
    measurement_name = "orchestrator"
    timestamp_path = "collectedAt"
    timestamp_format = "rfc3339"
    [[inputs.kafka_consumer.json_v2.tag]]
      path = "instanceId"
    [[inputs.kafka_consumer.json_v2.object]]
      path = "capacity"
[[outputs.postgresql]]
  connection = "{url}"
"""


@dataclass
class Peer:
    """One that writes into `database`, from `topic`."""

    name: str
    topic: str
    database: str
    """URL."""
    command: list[str]
    settings: str
    """For the reader of the figures."""
    rows: str = "orchestrator_metrics"
    """The table it writes."""
    process: subprocess.Popen[bytes] | None = None

    def start(self, log: Path) -> None:
        """Begin, or begin again where it was."""
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
            )

    def signal(self, number: int) -> None:
        """Send it one."""
        assert self.process
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL. Safe when it has ended."""
        if self.process:
            self.process.kill()
            self.process.wait(60)


def peers_folder() -> Path:
    """What `make peers` fills."""
    return cache_folder() / "peers"


def plain_consumer(stage: Stage, topic: str) -> Peer:
    """Of our own, as users write it."""
    url = stage.database("plain")
    words = ("-m", "benchmarks.peers.plain_consumer", stage.broker.address, "plain", topic, url)
    return Peer(
        "plain-consumer",
        topic,
        url,
        [sys.executable, *words],
        f"confluent-kafka, json, psycopg executemany of {BATCH}, ON CONFLICT DO NOTHING",
    )


def connect_sink(stage: Stage, mode: str) -> Iterator[Peer]:
    """Kafka Connect with Debezium's JDBC sink; none where it is not provisioned."""
    jars = peers_folder() / "connect"
    if not (shutil.which("java") and list(jars.glob("debezium-connector-jdbc-*.jar"))):
        return
    name = f"debezium-jdbc-{mode}"
    folder = stage.folder / name
    folder.mkdir()
    url = stage.database(f"debezium_{mode}")
    (folder / "worker.properties").write_text(
        WORKER.format(servers=stage.broker.address, folder=folder, port=free_port())
    )
    known = conninfo_to_dict(url)
    (folder / "sink.properties").write_text(
        SINK.format(
            name=name,
            topic=FLAT_TOPIC,
            jdbc=stage.jdbc(str(known["dbname"])),
            user=known["user"],
            password=known["password"],
            mode=mode,
            batch=BATCH,
        )
    )
    version = next(jars.glob("debezium-connector-jdbc-*.jar")).stem.rpartition("jdbc-")[2]
    yield Peer(
        name,
        FLAT_TOPIC,
        url,
        [
            *("java", "-Xmx512m", "-cp", f"{jars}/*"),
            "org.apache.kafka.connect.cli.ConnectStandalone",
            *(str(folder / "worker.properties"), str(folder / "sink.properties")),
        ],
        f"Debezium JDBC {version}, insert.mode={mode}, batch.size={BATCH}, "
        "reWriteBatchedInserts, each message with its schema",
    )


def telegraf(stage: Stage, topic: str) -> Iterator[Peer]:
    """Into tables of its own; none where it is not provisioned."""
    program = peers_folder() / "bin" / "telegraf"
    if not program.exists():
        return
    folder = stage.folder / "telegraf"
    folder.mkdir()
    url = stage.database("telegraf")
    known = conninfo_to_dict(url)
    address = (
        f"host={known['host']} user={known['user']} "
        f"password={quote(str(known['password']))} dbname={known['dbname']}"
    )
    (folder / "telegraf.conf").write_text(
        TELEGRAF.format(batch=BATCH, servers=stage.broker.address, topic=topic, url=address)
    )
    version = program.with_suffix(".version").read_text().strip()
    yield Peer(
        "telegraf",
        topic,
        url,
        [str(program), "--config", str(folder / "telegraf.conf")],
        f"Telegraf {version}, numbers of one section, own table, no dedupe",
        rows="orchestrator",
    )
