"""From a reading to the record. Pure: the same reading gives the same batch.

agents/kubernetes/node/README.md lists every field with its source.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agents.calls import CallLog
from agents.collector import UsageBatch
from agents.kubernetes.node.config import NodeConfig
from agents.kubernetes.node.traffic import Traffic
from agents.kubernetes.node.wire import NodeObject, NodeStats
from agents.kubernetes.quantity import quantity
from agents.missing import Gaps, Missing, combine, known_or, over, share
from agents.origin import Origin
from contracts.identity import sample_id
from contracts.orchestrator import Metadata, OrchestratorType
from contracts.worker_usage import WorkerUsage

__all__ = ["Reading", "outage", "translate"]

TOO_OLD = timedelta(minutes=2)
"""A kubelet samples at least each 15 s; one that hangs goes on telling its last sample."""

EVERYTHING = ("/cpuUsage", "/memoryUsage", "/diskUsage", "/networkUsage")
ONE_SAMPLE = Missing("the kubelet tells 0 until it has two samples since it started")


@dataclass(frozen=True)
class Reading:
    """One scrape. `at` is its time by the kubelet's clock."""

    now: datetime
    at: datetime
    node: NodeObject
    stats: NodeStats
    traffic: Traffic | Missing
    log: CallLog
    took_ms: float


def translate(reading: Reading, config: NodeConfig, orchestrator: UUID) -> UsageBatch:
    """What the node uses."""
    gaps, stats = Gaps(), reading.stats
    record = gaps.fill(
        WorkerUsage,
        "",
        id=_sample(orchestrator, reading.node.metadata.uid, reading.now),
        orchestrator_id=orchestrator,
        worker_id=reading.node.metadata.uid,
        collected_at=reading.now,
        cpu_usage=combine(_share, _cpu_cores(reading), _allocatable(reading.node, "cpu")),
        memory_usage=combine(_share, _memory_bytes(reading), _allocatable(reading.node, "memory")),
        disk_usage=_disk(reading),
        network_usage=_network(reading),
    )
    origin = Origin(
        OrchestratorType.KUBERNETES,
        orchestrator,
        config,
        reading.now,
        reading.log,
        reading.took_ms,
        {"kubelet": reading.node.status.node_info.kubelet_version or "unknown"},
    )
    metadata = origin.metadata(gaps, _details(reading, stats))
    return UsageBatch(record.model_copy(update={"metadata": metadata}))


def outage(
    node: NodeObject, config: NodeConfig, orchestrator: UUID, reason: str, now: datetime
) -> UsageBatch:
    """Nothing is known of the node, and why."""
    return UsageBatch(
        WorkerUsage(
            id=_sample(orchestrator, node.metadata.uid, now),
            orchestrator_id=orchestrator,
            worker_id=node.metadata.uid,
            collected_at=now,
            metadata=Metadata(
                unavailable=dict.fromkeys(EVERYTHING, reason),
                partial=True,
                interval_s=config.interval_s,
            ),
        )
    )


def _sample(orchestrator: UUID, worker: str, now: datetime) -> UUID:
    return sample_id(orchestrator, "worker-usage", now, worker)


def _share(used: float, of: float) -> float | Missing:
    return share(used, of, "the node may use none")


def _allocatable(node: NodeObject, resource: str) -> float | Missing:
    told = node.status.allocatable.get(resource)
    if told is None:
        return Missing(f"the node's object does not tell allocatable.{resource}")
    try:
        return quantity(told)
    except ValueError as error:
        return Missing(f"allocatable.{resource} of the node's object: {error}")


def _cpu_cores(reading: Reading) -> float | Missing:
    cpu = reading.stats.cpu
    if cpu is None or cpu.usage_nano_cores is None:
        return _not_told("CPU")
    if cpu.usage_nano_cores == 0:
        return ONE_SAMPLE
    return _if_fresh(cpu.usage_nano_cores / 1e9, cpu.time, reading)


def _memory_bytes(reading: Reading) -> float | Missing:
    memory = reading.stats.memory
    if memory is None or memory.working_set_bytes is None:
        return _not_told("memory")
    return _if_fresh(float(memory.working_set_bytes), memory.time, reading)


def _disk(reading: Reading) -> float | Missing:
    fs = reading.stats.fs
    if fs is None or fs.used_bytes is None or fs.capacity_bytes is None:
        return _not_told("the file system")
    return _if_fresh(_share(fs.used_bytes, fs.capacity_bytes), fs.time, reading)


def _network(reading: Reading) -> float | Missing:
    network = reading.stats.network
    total = over(lambda traffic: traffic.total, reading.traffic)
    return total if network is None else _if_fresh(total, network.time, reading)


def _if_fresh(value: float | Missing, sampled: datetime, reading: Reading) -> float | Missing:
    age = reading.at - sampled
    if age <= TOO_OLD:
        return value
    return Missing(f"the kubelet's newest sample is {age.total_seconds():.0f} s old")


def _not_told(what: str) -> Missing:
    return Missing(f"the kubelet does not tell the use of {what}")


def _details(reading: Reading, stats: NodeStats) -> dict[str, Any]:
    """What the kubelet tells beyond the shared vocabulary."""
    traffic = known_or(reading.traffic, None)
    return {
        "node": stats.node_name,
        "interface": stats.network.name if stats.network else None,
        "receivedBytesPerS": traffic and traffic.received,
        "sentBytesPerS": traffic and traffic.sent,
        "clockSkewS": (reading.at - reading.now).total_seconds(),
        "errors": [failure.reason for failure in reading.log.failures],
    }
