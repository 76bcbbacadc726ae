"""A real Kubernetes control plane for the live tests."""

from collections.abc import Iterator
from functools import partial
from uuid import uuid4

import pytest

from benchmarks.servers import wait_for
from tests.live.kubernetes.cluster import START_S, Cluster, programs
from tests.requirements import require_or_skip


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One control plane for all tests, with a node; each test takes a namespace of its own."""
    found = programs()
    if found is None:
        require_or_skip("live", "there is no Kubernetes: make kubernetes (needs Go)")
    cluster = Cluster(tmp_path_factory.mktemp("kubernetes"), found, {"weak-token": "weak"})
    try:
        cluster.start()
        cluster.create_node("node-1")
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def shop(cluster: Cluster) -> Iterator[str]:
    """A namespace of the test's own, of which nothing waits for a node when it is over."""
    name = f"shop-{uuid4().hex[:6]}"
    cluster.create_namespace(name)
    yield name
    with cluster.client() as client:
        deployments = f"/apis/apps/v1/namespaces/{name}/deployments"
        client.delete(deployments).raise_for_status()
    waiting = partial(none_waits, cluster, name)
    wait_for(waiting, START_S, f"nothing waits in {name}")


def none_waits(cluster: Cluster, namespace: str) -> bool:
    pods = cluster.items(f"/api/v1/namespaces/{namespace}/pods")
    return all("nodeName" in pod["spec"] for pod in pods)
