"""A real Apache Kafka broker of a test's own: own ports, own folder, loopback only.

`python -m benchmarks.kafka_broker` runs one on 127.0.0.1:9092 until Ctrl-C, and forgets its data.
"""

import base64
import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.kafka_source import KafkaSource, kafka_source
from benchmarks.servers import die_with_parent, free_ports, wait_for

__all__ = ["ALONE", "KafkaBroker", "new_cluster_id"]

START_LIMIT_S = 120.0
STOP_LIMIT_S = 60.0

ALONE = """\
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""
"""Properties of a broker without others."""

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
"""


def new_cluster_id() -> str:
    """A name for a cluster, as Kafka's own tool makes it: one that does not look like an option."""
    while (name := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")) < "0":
        pass
    return name


@dataclass
class KafkaBroker:
    """Start, stop, kill and start again; the same data and ports each time."""

    folder: Path
    source: KafkaSource
    ports: list[int] = field(default_factory=lambda: free_ports(2))
    process: subprocess.Popen[bytes] | None = None
    heap_mb: int = 384
    name: str = field(default_factory=lambda: f"woa-kafka-{uuid.uuid4().hex}")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.ports[0]}"

    def start(self) -> None:
        """Return when it serves."""
        self.prepare()
        self.launch()
        self.wait_until_it_serves()

    def prepare(self) -> None:
        """Make its data folder, where it has none yet."""
        file = self.folder / "server.properties"
        if file.exists():
            return
        file.write_text(self.properties())
        subprocess.run(
            self.program(
                *("kafka.tools.StorageTool", "format", *self.format_options()),
                *("-c", str(file)),
            ),
            check=True,
            capture_output=True,
            timeout=START_LIMIT_S,
        )

    def launch(self) -> None:
        """Start its process. It ends with the thread that calls this."""
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.source.command(
                    *(self.folder, self.name, self.heap_mb),
                    *("kafka.Kafka", str(self.folder / "server.properties")),
                ),
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
            )

    def wait_until_it_serves(self) -> None:
        """Raises `AssertionError` when it does not come up."""
        wait_for(self._serves, START_LIMIT_S, f"Kafka at {self.address}")

    def properties(self) -> str:
        """Its server.properties."""
        port, controller = self.ports
        return ALONE + PROPERTIES.format(folder=self.folder, port=port, controller=controller)

    def format_options(self) -> tuple[str, ...]:
        """How its folder is made: a cluster of its own."""
        return ("--standalone", "-t", new_cluster_id())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Return when it is gone. Safe to call twice."""
        if self.process is None:
            return
        if how is signal.SIGKILL:
            self.source.kill(self.process, self.name)
        else:
            self.process.send_signal(how)
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.source.kill(self.process, self.name)
            self.process.wait(STOP_LIMIT_S)
        self.process = None

    def program(self, *words: str) -> list[str]:
        """Command of another program of Kafka's, beside the broker."""
        return self.source.command(self.folder, f"{self.name}-tool", self.heap_mb, *words)

    def _serves(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            log = (self.folder / "broker.log").read_text(errors="replace")
            raise AssertionError(f"Kafka ended with {self.process.returncode}: {log[-2000:]}")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.ports[0]), timeout=1).close()
            return True
        return False


def _main() -> None:
    source = kafka_source()
    if source is None:
        sys.exit("there is no Kafka broker: make kafka (needs Java 17 and Maven)")
    with tempfile.TemporaryDirectory(prefix="woa-broker-") as folder:
        broker = KafkaBroker(Path(folder), source, ports=[9092, *free_ports(1)])
        broker.start()
        print(f"Kafka listens at {broker.address}. Stop: Ctrl-C", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            broker.stop()


if __name__ == "__main__":
    _main()
