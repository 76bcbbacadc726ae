"""Backlogs, pollers and counts agree with what Temporal's own tool says."""

import pytest
from temporalio.client import Client

from agents.collector import Batch
from benchmarks.servers import wait_for
from contracts.orchestrator import QueueInfo
from tests.live.temporal.server import TemporalServer
from tests.live.temporal.watch import eventually, start, watching, worker

pytestmark = pytest.mark.live


def queue(batch: Batch, name: str) -> QueueInfo | None:
    queuing = batch.orchestrator.queuing
    assert queuing is not None
    return next((each for each in queuing.queues or () if each.name == name), None)


def size(batch: Batch, name: str) -> int | None:
    found = queue(batch, name)
    return found.size if found else None


def waiting_and_running(batch: Batch) -> tuple[int | None, ...]:
    """Tasks of both kinds on `orphans`, and open workflows."""
    capacity = batch.orchestrator.capacity
    assert capacity is not None
    sizes = (size(batch, f"orphans/{kind}") for kind in ("workflow", "activity"))
    return (*sizes, capacity.running_workflows)


async def test_orphans_are_counted_exactly_and_drain_to_exactly_zero(
    temporal_server: TemporalServer, namespace: str
) -> None:
    client = await Client.connect(temporal_server.address, namespace=namespace)
    await start(client, "Quick", "orphans", 25)
    async with watching(temporal_server, namespace) as collector:

        def all_known(batch: Batch) -> bool:  # visibility lags behind the queues
            capacity = batch.orchestrator.capacity
            running = capacity.running_workflows if capacity else None
            return (size(batch, "orphans/workflow"), running) == (25, 25)

        waiting = await eventually(collector, all_known)

        def told() -> tuple[int, int]:
            running = temporal_server.count(namespace, "ExecutionStatus='Running'")
            return temporal_server.backlog(namespace, "orphans"), running

        # The server answers the tool from counts that are up to some seconds old.
        wait_for(lambda: told() == (25, 25), 60, "Temporal's tool tells of 25 orphans")
        record = waiting.orchestrator
        assert record.queuing is not None
        assert record.queuing.backlog_size == 25
        assert "orphans/workflow: tasks wait and nobody polls (25)" in record.health.warnings

        with worker(temporal_server, namespace, "orphans"):
            # A backlog may wait for the end of a poll on another of the queue's partitions, and
            # the server's own counts follow a moment later; the tool shows the same until then.
            drained = await eventually(
                collector, lambda it: waiting_and_running(it) == (0, 0, 0), limit_s=150
            )

        assert drained.orchestrator.queuing is not None
        assert drained.orchestrator.queuing.backlog_size == 0
        assert drained.orchestrator.queuing.max_wait_time == 0
        wait_for(lambda: told() == (0, 0), 60, "Temporal's tool tells of no orphans")


async def test_consumers_are_the_pollers(temporal_server: TemporalServer, namespace: str) -> None:
    with (
        worker(temporal_server, namespace, "mail", identity="w1@test"),
        worker(temporal_server, namespace, "mail", identity="w2@test"),
    ):
        async with watching(temporal_server, namespace, task_queues=("mail",)) as collector:

            def both(batch: Batch) -> bool:
                found = queue(batch, "mail/activity")
                return found is not None and found.consumers == 2

            await eventually(collector, both)

        assert temporal_server.pollers(namespace, "mail", "activity") == {"w1@test", "w2@test"}


async def test_closed_workflows_are_counted_once_as_the_tool_counts_them(
    temporal_server: TemporalServer, namespace: str
) -> None:
    client = await Client.connect(temporal_server.address, namespace=namespace)
    async with watching(temporal_server, namespace, visibility_lag_s=2) as collector:
        await eventually(collector, lambda _: True)
        stuck = await start(client, "Quick", "nobody", 3)
        await stuck[0].terminate()
        with worker(temporal_server, namespace, "orders"):
            ended = await start(client, "Quick", "orders", 7)
            ended += await start(client, "Failing", "orders", 4)
            await stuck[1].cancel()
            completed = failed = 0

            def all_counted(batch: Batch) -> bool:
                nonlocal completed, failed
                capacity = batch.orchestrator.capacity
                assert capacity is not None
                completed += capacity.completed_workflows or 0
                failed += capacity.failed_workflows or 0
                return completed + failed >= len(ended)

            await eventually(collector, all_counted)
            last = await eventually(collector, lambda _: True)

    assert completed == temporal_server.count(namespace, "ExecutionStatus='Completed'") == 7
    assert failed == temporal_server.count(namespace, "ExecutionStatus='Failed'") == 4
    assert last.orchestrator.capacity is not None
    assert last.orchestrator.capacity.completed_workflows == 0


async def test_poisoned_workflows_are_counted(
    temporal_server: TemporalServer, namespace: str
) -> None:
    client = await Client.connect(temporal_server.address, namespace=namespace)
    await start(client, "Poisoned", "orders", 2)
    async with watching(temporal_server, namespace) as collector:
        with worker(temporal_server, namespace, "orders"):

            def both(batch: Batch) -> bool:
                queuing = batch.orchestrator.queuing
                return queuing is not None and queuing.poison_message_count == 2

            batch = await eventually(collector, both, limit_s=120)

    problems = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus='Running'"
    assert temporal_server.count(namespace, problems) == 2
    assert (
        "open workflows keep failing their workflow task (2)" in batch.orchestrator.health.warnings
    )


async def test_a_queue_of_activities_only_is_found_through_who_waits_for_it(
    temporal_server: TemporalServer, namespace: str
) -> None:
    client = await Client.connect(temporal_server.address, namespace=namespace)
    await start(client, "Elsewhere", "orders", 1, "carriers")
    with worker(temporal_server, namespace, "orders"):
        async with watching(temporal_server, namespace, discovery_interval_s=1) as collector:
            await eventually(collector, lambda it: size(it, "carriers/activity") == 1)

        wait_for(
            lambda: temporal_server.backlog(namespace, "carriers", "activity") == 1,
            60,
            "Temporal's tool tells of the waiting activity",
        )
