"""A real workflow controller for the live tests."""

from collections.abc import Iterator

import pytest

from tests.live.argo.argo import Argo
from tests.live.argo.argo import programs as argo_programs
from tests.live.kubernetes.cluster import Cluster
from tests.live.kubernetes.cluster import programs as kube_programs
from tests.requirements import require_or_skip

LIMIT = 3
"""Workflows that may run at once."""


@pytest.fixture(scope="session")
def argo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Argo]:
    """One controller in a control plane of its own; each test takes a namespace."""
    kube, found = kube_programs(), argo_programs()
    if kube is None or found is None:
        require_or_skip("live", "there is no Argo: make kubernetes argo (needs Go)")
    cluster = Cluster(tmp_path_factory.mktemp("argo"), kube, {"weak-token": "weak"})
    argo = Argo(cluster, found, {"parallelism": str(LIMIT)})
    try:
        cluster.start()
        cluster.create_node("node-1")
        argo.install()
        argo.start()
        yield argo
    finally:
        argo.stop()
        cluster.stop()
