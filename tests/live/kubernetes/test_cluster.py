"""The control plane that the live tests of Kubernetes and of Argo stand on."""

from typing import Any

import httpx
import pytest

from benchmarks.servers import wait_for
from tests.live.kubernetes.cluster import START_S, Cluster

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]


def running(pods: list[dict[str, Any]]) -> int:
    return sum(pod["status"]["phase"] == "Running" for pod in pods)


def test_pods_of_a_deployment_run_and_those_too_large_wait(cluster: Cluster) -> None:
    cluster.create_namespace("shop")
    cluster.create_deployment("shop", "web", 3)
    path = "/api/v1/namespaces/shop/pods"
    wait_for(lambda: running(cluster.items(path)) == 3, START_S, "three pods run")
    cluster.create_deployment("shop", "huge", 1, cpu="64")
    wait_for(
        lambda: "Insufficient cpu" in str(cluster.items(path)), START_S, "a pod is unschedulable"
    )
    assert running(cluster.items(path)) == 3


def test_a_job_completes(cluster: Cluster) -> None:
    cluster.create_job("default", "once", completions=2)
    path = "/apis/batch/v1/namespaces/default/jobs"
    wait_for(
        lambda: cluster.items(path)[0]["status"].get("succeeded") == 2, START_S, "the job is done"
    )


def test_a_token_without_rights_is_refused(cluster: Cluster) -> None:
    with cluster.client("weak-token") as client:
        assert client.get("/api/v1/nodes").status_code == httpx.codes.FORBIDDEN


def test_the_server_comes_back_with_what_it_had(cluster: Cluster) -> None:
    cluster.stop_program("kube-apiserver", kill=True)
    cluster.start_program("kube-apiserver")
    wait_for(cluster.ready, START_S, "apiserver ready again")
    assert [node["metadata"]["name"] for node in cluster.items("/api/v1/nodes")] == ["node-1"]
