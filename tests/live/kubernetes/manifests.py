"""Manifests of `deploy/`, applied as `kubectl apply` does it the first time."""

from pathlib import Path

import yaml

from tests.live.kubernetes.cluster import Cluster

__all__ = ["LISTS", "apply", "token_of"]

LISTS = {
    "Namespace": "/api/v1/namespaces",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
}


def apply(cluster: Cluster, manifest: Path) -> None:
    """Create all that it names; what is there already stays as it is."""
    for body in yaml.safe_load_all(manifest.read_text()):
        path = LISTS[body["kind"]].format(body["metadata"].get("namespace", ""))
        with cluster.client() as client:
            answer = client.post(path, json=body)
        assert answer.status_code in (201, 409), answer.text


def token_of(cluster: Cluster, account: str) -> str:
    """A bearer token of a service account in the namespace `woa`."""
    path = f"/api/v1/namespaces/woa/serviceaccounts/{account}/token"
    token: str = cluster.create(path, {"spec": {}})["status"]["token"]
    return token
