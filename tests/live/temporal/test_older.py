"""An older server, of `make temporal-older`: what matters most, by the tests of the newest.

1.29 lists no workers: they are known as pollers, and their slots are not known.
"""

from collections.abc import Iterator

import pytest
from temporalio.client import Client

from agents.collector import Batch
from benchmarks.servers import free_ports
from contracts.worker_pool import WorkerStatus
from tests.live.conftest import NAMESPACES, new_server
from tests.live.temporal.server import TemporalServer, older_binary
from tests.live.temporal.test_decisions import (
    test_a_decision_is_that_of_the_history_and_the_same_when_met_again,
    test_all_shards_of_the_server_are_owned,
)
from tests.live.temporal.test_queues import (
    test_orphans_are_counted_exactly_and_drain_to_exactly_zero,
)
from tests.live.temporal.test_scheduling import (
    test_percentiles_lie_in_the_buckets_of_the_true_waits,
)
from tests.live.temporal.watch import eventually, start, watching, worker
from tests.requirements import require_or_skip

__all__ = [
    "test_a_decision_is_that_of_the_history_and_the_same_when_met_again",
    "test_all_shards_of_the_server_are_owned",
    "test_orphans_are_counted_exactly_and_drain_to_exactly_zero",
    "test_percentiles_lie_in_the_buckets_of_the_true_waits",
]

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def temporal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """In the place of the newest one."""
    program = older_binary()
    if program is None:
        require_or_skip("live", "there is no older Temporal server: make temporal-older")
    server = new_server(tmp_path_factory.mktemp("older"), NAMESPACES[:8], str(program))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def unused_namespaces() -> list[str]:
    return list(reversed(NAMESPACES[:8]))


def test_it_is_older(temporal_server: TemporalServer) -> None:
    assert temporal_server.version() == "1.29.1"


async def test_a_worker_is_known_as_a_poller(
    temporal_server: TemporalServer, namespace: str
) -> None:
    async with watching(temporal_server, namespace, task_queues=("orders",)) as collector:
        with worker(temporal_server, namespace, "orders", identity="w1@test"):

            def known(batch: Batch) -> bool:
                return any(pool.total_workers == 1 for pool in batch.pools)

            batch = await eventually(collector, known)

    (found,) = batch.pools[0].workers or ()
    assert (found.id, found.status) == ("w1@test", WorkerStatus.ACTIVE)
    assert found.total_slots is None
    assert batch.orchestrator.capacity is not None
    assert batch.orchestrator.capacity.total_slots is None
    assert "/capacity/totalSlots" in batch.orchestrator.metadata.unavailable


async def test_its_slots_and_waits_come_from_the_workers_metrics(
    temporal_server: TemporalServer, namespace: str
) -> None:
    (port,) = free_ports(1)
    client = await Client.connect(temporal_server.address, namespace=namespace)
    own: dict[str, object] = {
        "metrics_urls": (),
        "worker_metrics_urls": (f"http://127.0.0.1:{port}/metrics",),
    }
    options = ("--slots", "3", "--metrics-port", str(port))
    async with watching(temporal_server, namespace, **own) as collector:
        with worker(temporal_server, namespace, "orders", *options):
            await start(client, "Slow", "orders", 2, 600)

            def told(batch: Batch) -> bool:
                capacity = batch.orchestrator.capacity
                return capacity is not None and (capacity.used_slots, capacity.total_slots) == (
                    2,
                    3,
                )

            await eventually(collector, told)
            for handle in await start(client, "Quick", "orders", 1):
                await handle.result()
            batch = await eventually(collector, measured)

    assert batch.orchestrator.extra_metadata()["temporal"]["latencySource"] == "worker metrics"


def measured(batch: Batch) -> bool:
    scheduling = batch.orchestrator.scheduling
    histogram = scheduling.latency_histogram if scheduling else None
    return histogram is not None and sum(histogram.counts) > 0
