"""Deployments and StatefulSets that were opted in as pools."""

from collections.abc import Callable

from msgspec import Struct, field

from agents.kube.wire import Watched

__all__ = ["Workload", "WorkloadState", "workload_keeper"]


class WorkloadSpec(Struct, frozen=True):
    replicas: int | None = None


class WorkloadStatus(Struct, frozen=True, rename="camel"):
    ready_replicas: int = 0
    updated_replicas: int = 0


class Workload(Watched, frozen=True):
    """A Deployment or a StatefulSet."""

    spec: WorkloadSpec = field(default_factory=WorkloadSpec)
    status: WorkloadStatus = field(default_factory=WorkloadStatus)


class WorkloadState(Struct, frozen=True, gc=False):
    """`name` has its kind and namespace in it, as `PodState.workload` has."""

    name: str
    kind: str
    wanted: int
    ready: int
    updated: int


def workload_keeper(kind: str) -> Callable[[Workload], WorkloadState]:
    """What is kept of a Deployment, or of a StatefulSet."""

    def keep(each: Workload) -> WorkloadState:
        meta, status = each.metadata, each.status
        return WorkloadState(
            f"{kind}/{meta.namespace}/{meta.name}",
            kind,
            1 if each.spec.replicas is None else each.spec.replicas,
            status.ready_replicas,
            status.updated_replicas,
        )

    return keep
