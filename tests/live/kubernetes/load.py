"""What happens in the cluster of which a case is recorded."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from benchmarks.servers import wait_for
from tests.live.kubernetes.cluster import START_S, Cluster, container
from tests.live.kubernetes.extensions import MERGE, fill, let_in

__all__ = ["first_act", "second_act"]

SHOP = "shop"
PODS = f"/api/v1/namespaces/{SHOP}/pods"
WEB = f"/apis/apps/v1/namespaces/{SHOP}/deployments/web"
AUTOSCALERS = f"/apis/autoscaling/v2/namespaces/{SHOP}/horizontalpodautoscalers"


def first_act(cluster: Cluster) -> None:
    """A node, a Deployment with an autoscaler, and what extensions would leave."""
    cluster.create_node("node-1")
    cluster.create_namespace(SHOP)
    fill(cluster, SHOP, now())
    cluster.create_deployment(SHOP, "web", 2)
    patch(cluster, WEB, {"metadata": {"labels": {"woa/pool": "true"}}})
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"minReplicas": 2, "maxReplicas": 4, "scaleTargetRef": target}
    cluster.create(AUTOSCALERS, {"metadata": {"name": "web"}, "spec": spec})
    wait_for(lambda: phases(cluster)["Running"] == 2, START_S, "two pods run")
    wait_for(lambda: "ScalingActive" in str(cluster.items(AUTOSCALERS)), START_S, "it is scaled")


def second_act(cluster: Cluster) -> None:
    """The autoscaler wants more, a workload let in; a job, a pod too large, one behind a gate."""
    gates = {"schedulingGates": [{"name": "example.com/quota"}], "containers": [container("1m")]}
    cluster.create(PODS, {"metadata": {"name": "gated"}, "spec": gates})
    patch(cluster, f"{AUTOSCALERS}/web", {"spec": {"minReplicas": 4}})
    let_in(cluster, SHOP, now() - timedelta(seconds=40))
    cluster.create_job(SHOP, "report", completions=2)
    cluster.create_deployment(SHOP, "huge", 1, cpu="64")
    patch(cluster, f"{PODS}/gated", {"spec": {"schedulingGates": []}})
    wait_for(lambda: phases(cluster)["Running"] == 5, START_S, "five pods run")
    jobs = f"/apis/batch/v1/namespaces/{SHOP}/jobs"
    wait_for(lambda: "Complete" in str(cluster.items(jobs)), START_S, "the job is done")
    events = f"/apis/events.k8s.io/v1/namespaces/{SHOP}/events"
    wait_for(lambda: "FailedScheduling" in str(cluster.items(events)), START_S, "one is refused")


def patch(cluster: Cluster, path: str, change: dict[str, object]) -> None:
    with cluster.client() as client:
        client.patch(path, json=change, headers=MERGE).raise_for_status()


def phases(cluster: Cluster) -> Counter[str]:
    return Counter(pod["status"]["phase"] for pod in cluster.items(PODS))


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
