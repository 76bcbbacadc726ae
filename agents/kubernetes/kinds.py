"""What is watched of a cluster: one list of what every cluster has, one of what some have."""

from collections.abc import Callable, Sequence
from typing import Any

from agents.kube.informer import Kind
from agents.kubernetes.config import KubernetesConfig
from agents.kubernetes.state import job_state, lease_state, node_state, pod_state
from agents.kubernetes.tally import Tally
from agents.kubernetes.watches import Extra
from agents.kubernetes.wire import Job, Lease, Node, Pod

__all__ = ["JOBS", "LEASES", "NODES", "PODS", "always", "extras"]

NODES = Kind("nodes", "/api/v1/nodes", Node, node_state)
PODS = Kind("pods", "/api/v1/pods", Pod, pod_state)
JOBS = Kind("jobs", "/apis/batch/v1/jobs", Job, job_state)
LEASES = Kind(
    "leases", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases", Lease, lease_state
)

Watched = tuple[Kind[Any, Any], Callable[[Any, Any], None] | None]


def always(tally: Tally) -> Sequence[Watched]:
    """Without any of these the record has gaps, and says so as an error."""
    return ((NODES, tally.node), (PODS, tally.pod), (JOBS, tally.job), (LEASES, None))


def extras(config: KubernetesConfig, tally: Tally) -> Sequence[Extra]:
    """Watched where the server offers them and the account may read them."""
    return ()
