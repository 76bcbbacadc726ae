"""Two replicas of the agent at a real API server: one at a time, whatever becomes of it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agents.kube.election import LEASE_S
from benchmarks.servers import die_with_parent, wait_for
from tests.live.kubernetes.cluster import Cluster

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[3]
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
LIMIT_S = 180.0


@dataclass
class Replica:
    """One process, and when it published."""

    process: subprocess.Popen[bytes]
    file: Path

    def published(self) -> list[float]:
        return [float(line) for line in self.file.read_text().split()]

    def since(self, at: float) -> list[float]:
        return [each for each in self.published() if each > at]


def replica(cluster: Cluster, file: Path) -> Replica:
    file.touch()
    command = ["-m", "tests.live.kubernetes.replica", str(cluster.kubeconfig), str(file)]
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
    )
    return Replica(process, file)


@pytest.fixture
def pair(cluster: Cluster, tmp_path: Path) -> Iterator[tuple[Replica, Replica]]:
    """The first leads, the second has begun and stands by."""
    first = replica(cluster, tmp_path / "first")
    wait_for(lambda: len(first.published()) > 1, LIMIT_S, "the first replica publishes")
    second = replica(cluster, tmp_path / "second")
    wait_for(lambda: len(first.published()) > 12, LIMIT_S, "the first goes on")
    yield first, second
    for each in (first, second):
        each.process.kill()
        each.process.wait()
    with cluster.client() as client:
        client.delete(f"{LEASES}/replicas").raise_for_status()


def lease(cluster: Cluster) -> dict[str, Any]:
    (found,) = [each for each in cluster.items(LEASES) if each["metadata"]["name"] == "replicas"]
    spec: dict[str, Any] = found["spec"]
    return spec


def test_who_is_killed_is_followed_when_its_lease_has_run_out(
    cluster: Cluster, pair: tuple[Replica, Replica]
) -> None:
    first, second = pair
    before = second.published()
    killed = time.time()
    first.process.kill()
    left = lease(cluster)
    wait_for(lambda: bool(second.since(killed)), LIMIT_S, "the second publishes")

    assert before == []
    renewed = datetime.fromisoformat(left["renewTime"]).timestamp()
    assert second.published()[0] > renewed + LEASE_S
    assert lease(cluster)["leaseTransitions"] == left["leaseTransitions"] + 1


def test_who_ends_well_is_followed_at_once(cluster: Cluster, pair: tuple[Replica, Replica]) -> None:
    first, second = pair
    led = lease(cluster)["holderIdentity"]
    ended = time.time()
    first.process.terminate()
    assert first.process.wait(LIMIT_S) == 0
    given_up = lease(cluster)["holderIdentity"]
    wait_for(lambda: bool(second.since(ended)), LIMIT_S, "the second publishes")

    assert second.published()[0] > first.published()[-1]
    assert given_up != led  # nobody has to wait until it has run out


def test_a_holder_that_hangs_never_publishes_beside_the_next(
    pair: tuple[Replica, Replica],
) -> None:
    first, second = pair
    stopped = time.time()
    first.process.send_signal(signal.SIGSTOP)  # as a machine that is frozen
    wait_for(lambda: bool(second.since(stopped)), LIMIT_S, "the second publishes")
    woken = time.time()
    first.process.send_signal(signal.SIGCONT)
    wait_for(lambda: len(second.since(woken)) > 8, LIMIT_S, "the second goes on")

    # What it was about to publish when it froze may follow, nothing after that.
    assert len(first.since(woken)) <= 1
