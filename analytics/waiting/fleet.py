"""What is watched, and how things of one orchestrator are found in the records of another."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from analytics.waiting.details import ArgoDetails, KubernetesDetails, details_of
from contracts.orchestrator import OrchestratorMetrics, OrchestratorType
from contracts.worker_pool import WorkerInstance, WorkerPoolMetrics

__all__ = ["NODE_POOL", "Fleet", "Watched", "WorkloadFound", "hosts_of"]

NODE_POOL = "node-pool"
"""The `worker_type` of a group of nodes."""


@dataclass(frozen=True)
class Watched:
    """One orchestrator as it was last seen: its record with queues, its pools with workers.

    `old`: why that is not the present; null: it is.
    """

    record: OrchestratorMetrics
    pools: Sequence[WorkerPoolMetrics] = ()
    old: str | None = None

    @property
    def id(self) -> UUID:
        return self.record.orchestrator_id

    @property
    def name(self) -> str:
        record = self.record
        return f"{record.orchestrator_type}/{record.cluster_name}/{record.instance_id}"

    def pool(self, name: str) -> WorkerPoolMetrics | None:
        return next((each for each in self.pools if each.pool_name == name), None)

    @cached_property
    def pods(self) -> dict[str, WorkerPoolMetrics]:
        """The Deployment or StatefulSet of each of its pods, by the pod's name."""
        return {
            worker.labels["pod"].rpartition("/")[2]: pool
            for pool in self.pools
            if pool.worker_type != NODE_POOL
            for worker in pool.workers or ()
            if "pod" in worker.labels
        }

    @cached_property
    def nodes(self) -> dict[str, WorkerPoolMetrics]:
        """The group of each node, by the node's name."""
        return {
            worker.hostname: pool
            for pool in self.pools
            if pool.worker_type == NODE_POOL
            for worker in pool.workers or ()
            if worker.hostname
        }


@dataclass(frozen=True)
class WorkloadFound:
    """A Deployment or StatefulSet, and how many of the hosts looked for are pods of it."""

    cluster: Watched
    pool: WorkerPoolMetrics
    pods: int


@dataclass(frozen=True)
class Fleet:
    """Everything that a chain may lead through.

    `elsewhere`: other Kubernetes clusters are watched, none with a pod of the names looked for.
    """

    watched: Sequence[Watched]
    elsewhere: bool = False

    def one(self, orchestrator_id: UUID) -> Watched | None:
        return next((each for each in self.watched if each.id == orchestrator_id), None)

    @cached_property
    def clusters(self) -> list[Watched]:
        kubernetes = OrchestratorType.KUBERNETES
        return [each for each in self.watched if each.record.orchestrator_type is kubernetes]

    def cluster_of(self, argo: Watched) -> Watched | None:
        """The Kubernetes in which an Argo runs, by the cluster's own id."""
        own = details_of(ArgoDetails, argo.record.metadata, OrchestratorType.ARGO).cluster_id
        if own is None:
            return None
        return next((each for each in self.clusters if _cluster_id(each) == own), None)

    def workload_of(self, hosts: Sequence[str], near: str) -> WorkloadFound | str:
        """Whose pods are named like `hosts`, or why that cannot be told.

        Names repeat across clusters (`worker-0`): the one called `near` is taken, else the only
        one that has such pods.
        """
        if not (self.clusters or self.elsewhere):
            return "no Kubernetes agent tells of pods"
        if not hosts:
            return "the workers do not tell their hosts"
        found = [each for cluster in self.clusters for each in _workloads(cluster, hosts)]
        found = [each for each in found if each.cluster.record.cluster_name == near] or found
        if not found:
            return "no pod of that name is in a workload that a Kubernetes agent was told to watch"
        if len({each.cluster.id for each in found}) > 1:
            return "several clusters have pods of those names"
        return max(found, key=lambda each: (each.pods, each.pool.pool_name))


def hosts_of(workers: Sequence[WorkerInstance]) -> list[str]:
    """Names under which pods may be found: of the host, in Temporal's identity, of the worker."""
    names: list[str] = []
    for worker in workers:
        told = (
            worker.hostname,
            worker.labels.get("identity", "").partition("@")[2],
            worker.labels.get("name"),
        )
        names += [each.partition(".")[0] for each in told if each]
    return list(dict.fromkeys(names))


def _cluster_id(cluster: Watched) -> str | None:
    metadata = cluster.record.metadata
    return details_of(KubernetesDetails, metadata, OrchestratorType.KUBERNETES).cluster_id


def _workloads(cluster: Watched, hosts: Sequence[str]) -> Iterator[WorkloadFound]:
    matches = [cluster.pods[host] for host in hosts if host in cluster.pods]
    counts = Counter(each.pool_id for each in matches)
    pools = {each.pool_id: each for each in matches}
    for identity, count in counts.items():
        yield WorkloadFound(cluster, pools[identity], count)
