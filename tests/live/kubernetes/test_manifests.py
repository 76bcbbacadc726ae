"""A real API server takes the manifests of `deploy/` as they are."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.live.kubernetes.cluster import Cluster, container
from tests.live.kubernetes.manifests import LISTS, apply

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

DEPLOY = Path(__file__).parents[3] / "deploy"
PATCHES = sorted(DEPLOY.glob("*/sidecar-patch.yaml"))
WHOLE = sorted([*DEPLOY.glob("*/*agent.yaml"), *DEPLOY.glob("*/sidecar.yaml")])


def dry(cluster: Cluster, body: dict[str, Any]) -> httpx.Response:
    path = LISTS[body["kind"]].format(body["metadata"].get("namespace", ""))
    with cluster.client() as client:
        return client.post(f"{path}?dryRun=All&fieldValidation=Strict", json=body)


def namespace(cluster: Cluster, name: str) -> None:
    with cluster.client() as client:
        answer = client.post("/api/v1/namespaces", json={"metadata": {"name": name}})
    assert answer.status_code in (201, 409)


@pytest.mark.parametrize("manifest", WHOLE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_applied_is_accepted(cluster: Cluster, manifest: Path) -> None:
    for body in yaml.safe_load_all(manifest.read_text()):
        namespace(cluster, body["metadata"]["namespace"])
        answer = dry(cluster, body)

        assert answer.status_code == httpx.codes.CREATED, answer.text
        assert "Warning" not in answer.headers


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.parent.name)
def test_the_patch_adds_a_container_and_keeps_the_others(cluster: Cluster, patch: Path) -> None:
    body = yaml.safe_load(patch.read_text())
    name, where = body["metadata"]["name"], body["metadata"]["namespace"]
    namespace(cluster, where)
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container("1m")]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    path = f"/apis/apps/v1/namespaces/{where}/deployments"
    cluster.create(path, {"metadata": {"name": name}, "spec": spec})
    with cluster.client() as client:
        answer = client.patch(
            f"{path}/{name}?dryRun=All&fieldValidation=Strict",
            json=body,
            headers={"Content-Type": "application/strategic-merge-patch+json"},
        )

    assert answer.is_success, answer.text
    containers = answer.json()["spec"]["template"]["spec"]["containers"]
    assert {each["name"] for each in containers} == {"main", "woa-agent"}


@pytest.mark.parametrize("kind", ["kubernetes", "argo"])
def test_the_rights_are_those_of_the_replicas(cluster: Cluster, kind: str) -> None:
    namespace(cluster, "argo")
    apply(cluster, DEPLOY / kind / "rbac.yaml")
    account = f"woa-{kind}-agent"
    accounts = {
        each["metadata"]["name"] for each in cluster.items(LISTS["ServiceAccount"].format("woa"))
    }

    assert account in accounts
