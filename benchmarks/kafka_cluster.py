"""Three Kafka brokers that are one cluster: any one of them may die, and nothing is lost.

Each is broker and controller; a topic has three replicas, and what is acknowledged is on two.
Beside its own, every broker has listeners that tell their clients to come through a proxy.
"""

import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.kafka_broker import KafkaBroker, new_cluster_id
from benchmarks.kafka_source import KafkaSource
from benchmarks.servers import free_ports

__all__ = ["BROKERS", "ClusterNode", "Door", "KafkaCluster"]

BROKERS = 3
HEAP_MB = 256

PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},{behind}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},{proxied}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,{protocols}
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
default.replication.factor={brokers}
min.insync.replicas=2
offsets.topic.replication.factor={brokers}
offsets.topic.num.partitions=3
transaction.state.log.replication.factor={brokers}
transaction.state.log.min.isr=2
share.coordinator.state.topic.replication.factor={brokers}
share.coordinator.state.topic.min.isr=2
broker.session.timeout.ms=6000
replica.lag.time.max.ms=10000
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""


@dataclass(frozen=True)
class Door:
    """A listener whose clients come through a proxy: its own port and the proxy's."""

    port: int
    proxy_port: int


@dataclass
class ClusterNode(KafkaBroker):
    """One broker of a cluster, with doors by name."""

    node: int = 1
    voters: str = ""
    cluster_id: str = ""
    doors: Mapping[str, Door] = field(default_factory=dict)

    def properties(self) -> str:
        """See `KafkaBroker.properties`."""
        port, controller = self.ports
        doors = self.doors.items()
        return PROPERTIES.format(
            node=self.node,
            voters=self.voters,
            port=port,
            controller=controller,
            behind=",".join(f"{name}://127.0.0.1:{door.port}" for name, door in doors),
            proxied=",".join(f"{name}://127.0.0.1:{door.proxy_port}" for name, door in doors),
            protocols=",".join(f"{name}:PLAINTEXT" for name in self.doors),
            folder=self.folder,
            brokers=BROKERS,
        )

    def format_options(self) -> tuple[str, ...]:
        """See `KafkaBroker.format_options`."""
        return ("-t", self.cluster_id)


class KafkaCluster:
    """Starts and stops all of them; each may be killed and started again by itself."""

    def __init__(self, folder: Path, source: KafkaSource, doors: Sequence[str] = ()) -> None:
        """`doors`: names of listeners, in capitals, whose clients come through proxies."""
        ports = [free_ports(2 + 2 * len(doors)) for _ in range(BROKERS)]
        voters = ",".join(f"{n}@127.0.0.1:{own[1]}" for n, own in enumerate(ports, 1))
        cluster_id = new_cluster_id()
        self.nodes = [
            ClusterNode(
                folder / f"broker-{number}",
                source,
                ports=own[:2],
                heap_mb=HEAP_MB,
                node=number,
                voters=voters,
                cluster_id=cluster_id,
                doors=dict(zip(doors, map(Door, own[2::2], own[3::2]), strict=True)),
            )
            for number, own in enumerate(ports, 1)
        ]

    @property
    def address(self) -> str:
        """Where clients find it."""
        return ",".join(node.address for node in self.nodes)

    def address_through(self, door: str) -> str:
        """Where clients find it that come through the proxies of a door."""
        return ",".join(f"127.0.0.1:{node.doors[door].proxy_port}" for node in self.nodes)

    def start(self) -> None:
        """Return when all of them serve. Call from a thread that lives as long as they shall."""
        for node in self.nodes:
            node.folder.mkdir()
        with ThreadPoolExecutor(BROKERS) as executor:
            list(executor.map(ClusterNode.prepare, self.nodes))
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_until_it_serves()

    def stop(self) -> None:
        """Return when all are gone; nothing of them is needed any more. Safe to call twice."""
        for node in self.nodes:
            node.stop(signal.SIGKILL)
