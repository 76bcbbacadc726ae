"""How live tests read a real cluster: by the agent, and independently of it."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import yaml

from agents.collector import Batch
from agents.kube.follower import Follower
from agents.kube.informer import Informer
from agents.kubernetes import KubernetesCollector, KubernetesConfig
from tests.agents.contract import records_of, unexplained_nulls
from tests.live.kubernetes.cluster import Cluster

__all__ = ["LIMIT_S", "account", "collector_of", "heard_all", "pods", "scrape", "until"]

LIMIT_S = 180.0
RBAC = Path(__file__).parents[3] / "deploy" / "kubernetes" / "rbac.yaml"
LISTS = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
}


def collector_of(cluster: Cluster, **more: object) -> KubernetesCollector:
    settings = {"instance_id": "live", "kubeconfig": cluster.kubeconfig, "call_timeout_s": 30}
    return KubernetesCollector(KubernetesConfig.model_validate(settings | more))


async def scrape(collector: KubernetesCollector, heard: Cluster | None = None) -> Batch:
    """One record, with all that `heard` tells at this moment."""
    if heard is not None:
        await heard_all(collector.informers.values(), heard)
    batch = await collector.collect(datetime.now(UTC))
    assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []
    return batch


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.2)


async def heard_all(informers: Iterable[Informer[Any, Any]], cluster: Cluster) -> None:
    """Until the watches have told what the server lists: each is some moments behind it."""
    for informer in informers:
        await until(partial(_heard, informer, cluster))


def _heard(informer: Informer[Any, Any], cluster: Cluster) -> bool:
    """By versions, which etcd counts upwards, and, for what is gone, by names."""
    kind = informer.kind
    with cluster.client() as client:
        answer = client.get(f"{kind.path}?{urlencode(kind.params)}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        return True  # a kind that another test took away, and discovery still told of
    listed = answer.raise_for_status().json()["items"]
    versions = [int(each["metadata"]["resourceVersion"]) for each in listed]
    names = {each["metadata"]["name"] for each in listed}
    kept = {key.rpartition("/")[2] for key in informer.objects}
    return int(informer.version or 0) >= max(versions, default=0) and (
        isinstance(informer, Follower) or kept == names
    )


def pods(cluster: Cluster, namespace: str) -> list[dict[str, Any]]:
    return cluster.items(f"/api/v1/namespaces/{namespace}/pods")


def account(cluster: Cluster) -> dict[str, object]:
    """Settings to read with the least rights, as deploy/kubernetes/rbac.yaml gives them."""
    for body in yaml.safe_load_all(RBAC.read_text()):
        namespace = body["metadata"].get("namespace", "")
        with cluster.client() as client:
            answer = client.post(LISTS[body["kind"]].format(namespace), json=body)
        assert answer.status_code in (201, 409), answer.text
    path = "/api/v1/namespaces/woa/serviceaccounts/woa-kubernetes-agent/token"
    token_file = cluster.folder / "agent-token"
    token_file.write_text(cluster.create(path, {"spec": {}})["status"]["token"])
    return {
        "kubeconfig": None,
        "api_url": cluster.url,
        "ca_file": cluster.ca_file,
        "token_file": token_file,
    }
