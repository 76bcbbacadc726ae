"""Three Kafka brokers that are one cluster: any one of them may die, and nothing is lost.

Each is broker and controller; a topic has three replicas, and what is acknowledged is on two.
Every broker has a second listener that tells clients to come through a proxy.
"""

import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.kafka_broker import KafkaBroker, new_cluster_id
from benchmarks.servers import free_ports

__all__ = ["BROKERS", "ClusterNode", "KafkaCluster"]

BROKERS = 3
HEAP_MB = 256

PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{behind},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{proxy}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT
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


@dataclass
class ClusterNode(KafkaBroker):
    """One broker of a cluster. `ports`: its own, the one behind the proxy, the controller's."""

    node: int = 1
    proxy_port: int = 0
    voters: str = ""
    cluster_id: str = ""

    def properties(self) -> str:
        """See `KafkaBroker.properties`."""
        port, behind, controller = self.ports
        return PROPERTIES.format(
            node=self.node,
            voters=self.voters,
            port=port,
            behind=behind,
            controller=controller,
            proxy=self.proxy_port,
            folder=self.folder,
            brokers=BROKERS,
        )

    def format_options(self) -> tuple[str, ...]:
        """See `KafkaBroker.format_options`."""
        return ("-t", self.cluster_id)


class KafkaCluster:
    """Starts and stops all of them; each may be killed and started again by itself."""

    def __init__(self, folder: Path, libraries: Path) -> None:
        ports = free_ports(4 * BROKERS)
        controllers = ports[2 * BROKERS : 3 * BROKERS]
        cluster_id = new_cluster_id()
        self.nodes = [
            ClusterNode(
                folder / f"broker-{number}",
                libraries,
                ports=[ports[number - 1], ports[BROKERS + number - 1], controllers[number - 1]],
                heap_mb=HEAP_MB,
                node=number,
                proxy_port=ports[3 * BROKERS + number - 1],
                voters=",".join(f"{n}@127.0.0.1:{port}" for n, port in enumerate(controllers, 1)),
                cluster_id=cluster_id,
            )
            for number in range(1, BROKERS + 1)
        ]

    @property
    def address(self) -> str:
        """Where clients find it."""
        return ",".join(node.address for node in self.nodes)

    @property
    def proxied_address(self) -> str:
        """Where clients find it that come through the proxies."""
        return ",".join(f"127.0.0.1:{node.proxy_port}" for node in self.nodes)

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
