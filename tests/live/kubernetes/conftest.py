"""A real Kubernetes control plane for the live tests."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.live.kubernetes.cluster import Cluster, programs
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
def shop(cluster: Cluster) -> str:
    """A namespace of the test's own."""
    name = f"shop-{uuid4().hex[:6]}"
    cluster.create_namespace(name)
    return name
