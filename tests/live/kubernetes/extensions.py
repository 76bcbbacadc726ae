"""The kinds of Kueue, Karpenter and Cluster API in a real cluster, and objects of them."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml

from benchmarks.servers import wait_for
from tests.live.kubernetes.cluster import START_S, Cluster

__all__ = ["DEFINITIONS", "MERGE", "define", "fill", "let_in", "put"]

MERGE = {"Content-Type": "application/merge-patch+json"}
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def define(cluster: Cluster, folder: Path) -> None:
    """Apply every definition of a folder; returns when their kinds are served."""
    for path in sorted(folder.glob("*.yaml")):
        (body,) = [each for each in yaml.safe_load_all(path.read_text()) if each]
        approve(body)
        cluster.create(DEFINITIONS, body)
        name = body["metadata"]["name"]
        wait_for(partial(established, cluster, name), START_S, f"{name} is served")


def approve(body: dict[str, Any]) -> None:
    """Conversion by a webhook would need the controller; the versions differ little here."""
    body["spec"].pop("conversion", None)


def established(cluster: Cluster, name: str) -> bool:
    with cluster.client() as client:
        answer = client.get(f"{DEFINITIONS}/{name}")
    answer.raise_for_status()
    conditions = answer.json().get("status", {}).get("conditions") or ()
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def put(cluster: Cluster, path: str, body: dict[str, Any]) -> None:
    """Create an object, and set its status, which is written by itself."""
    stored = cluster.create(path, body)
    if "status" not in body:
        return
    with cluster.client() as client:
        answer = client.patch(
            f"{path}/{stored['metadata']['name']}/status",
            json={"status": body["status"]},
            headers=MERGE,
        )
    if answer.status_code != httpx.codes.OK:
        raise AssertionError(answer.text)


def fill(cluster: Cluster, shop: str, now: datetime) -> None:
    """Objects as their controllers would leave them, which the server's schemas check."""
    kueue = "/apis/kueue.x-k8s.io/v1beta2"
    counts = {"pendingWorkloads": 2, "reservingWorkloads": 1, "admittedWorkloads": 1}
    strict = {"queueingStrategy": "StrictFIFO"}
    put(cluster, f"{kueue}/clusterqueues", made("kueue", "ClusterQueue", "gpu", strict, counts))
    local = made("kueue", "LocalQueue", "team", {"clusterQueue": "gpu"}, counts)
    put(cluster, f"{kueue}/namespaces/{shop}/localqueues", local)
    container = {"name": "main", "image": "none"}
    sets = [{"name": "main", "count": 1, "template": {"spec": {"containers": [container]}}}]
    spec = {"queueName": "team", "priority": 7, "podSets": sets}
    waiting = made("kueue", "Workload", "w1", spec, None)
    put(cluster, f"{kueue}/namespaces/{shop}/workloads", waiting)
    reference = {"group": "example.com", "kind": "Class", "name": "default"}
    template = {"spec": {"requirements": [], "nodeClassRef": reference}}
    limited = {"limits": {"nodes": "5", "cpu": "100"}, "template": template}
    put(
        cluster,
        "/apis/karpenter.sh/v1/nodepools",
        made("karpenter", "NodePool", "general", limited),
    )
    claim = made("karpenter", "NodeClaim", "general-x", template["spec"])
    claim["metadata"]["labels"] = {"karpenter.sh/nodepool": "general"}
    put(cluster, "/apis/karpenter.sh/v1/nodeclaims", claim)
    machines(cluster, shop)
    for name, labels, notes in (
        ("node-general", {"karpenter.sh/nodepool": "general"}, {}),
        (
            "node-md",
            {},
            {
                "cluster.x-k8s.io/owner-kind": "MachineSet",
                "cluster.x-k8s.io/owner-name": "md-0-x7k2p",
            },
        ),
    ):
        meta = {"name": name, "labels": labels, "annotations": notes}
        cluster.create("/api/v1/nodes", {"metadata": meta})


def machines(cluster: Cluster, shop: str) -> None:
    size = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-{}-size"
    template = {
        "spec": {
            "clusterName": "c",
            "bootstrap": {"dataSecretName": "none"},
            "infrastructureRef": {"apiGroup": "example.com", "kind": "Machine", "name": "m"},
        }
    }
    spec = {"clusterName": "c", "replicas": 2, "selector": {}, "template": template}
    body = made("cluster-api", "MachineDeployment", "md-0", spec)
    body["metadata"]["annotations"] = {size.format("min"): "1", size.format("max"): "9"}
    put(cluster, f"/apis/cluster.x-k8s.io/v1beta2/namespaces/{shop}/machinedeployments", body)


VERSIONS = {
    "kueue": "kueue.x-k8s.io/v1beta2",
    "karpenter": "karpenter.sh/v1",
    "cluster-api": "cluster.x-k8s.io/v1beta2",
}


def made(
    group: str, kind: str, name: str, spec: dict[str, Any], status: dict[str, Any] | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {"apiVersion": VERSIONS[group], "kind": kind, "spec": spec}
    body["metadata"] = {"name": name}
    return body if status is None else body | {"status": status}


def let_in(cluster: Cluster, shop: str, now: datetime) -> None:
    """What Kueue says of a workload that got its quota, and half a minute later its checks."""
    times = {"QuotaReserved": now + timedelta(seconds=10), "Admitted": now + timedelta(seconds=40)}
    conditions = [
        {
            "type": kind,
            "status": "True",
            "reason": kind,
            "message": "",
            "lastTransitionTime": at.isoformat().replace("+00:00", "Z"),
        }
        for kind, at in times.items()
    ]
    assignments = [{"name": "main", "count": 1}]
    admission = {"clusterQueue": "gpu", "podSetAssignments": assignments}
    path = f"/apis/kueue.x-k8s.io/v1beta2/namespaces/{shop}/workloads/w1/status"
    with cluster.client() as client:
        body = {"status": {"conditions": conditions, "admission": admission}}
        answer = client.patch(path, json=body, headers=MERGE)
    assert answer.status_code == httpx.codes.OK, answer.text
