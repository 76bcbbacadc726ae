"""Workers as they live, leave and die."""

import signal
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from agents.collector import Batch
from contracts.worker_pool import WorkerInstance, WorkerStatus
from tests.live.temporal.server import TemporalServer
from tests.live.temporal.watch import eventually, start, watching, worker

pytestmark = pytest.mark.live

QUEUE = "orders"


def listed(batch: Batch) -> dict[str, WorkerInstance]:
    """Workers that send heartbeats, by identity."""
    workers = [each for pool in batch.pools for each in pool.workers or ()]
    return {
        each.labels["identity"]: each for each in workers if each.labels["source"] == "heartbeat"
    }


def status(batch: Batch, identity: str = "w1@test") -> WorkerStatus | None:
    found = listed(batch).get(identity)
    return found.status if found else None


async def test_the_status_follows_the_slots(
    temporal_server: TemporalServer, namespace: str
) -> None:
    client = await Client.connect(temporal_server.address, namespace=namespace)
    with worker(temporal_server, namespace, QUEUE, "--slots", "2"):
        async with watching(temporal_server, namespace) as collector:
            # A heartbeat may catch the workflow task that comes before its activity, which makes
            # the worker active while no activity slot is in use yet: wait for the slots.
            idle = await eventually(collector, lambda it: slots(it) == (0, 2))
            await start(client, "Slow", QUEUE, 1, 600)
            active = await eventually(collector, lambda it: slots(it) == (1, 2))
            await start(client, "Slow", QUEUE, 2, 600)
            busy = await eventually(collector, lambda it: slots(it) == (2, 2))

    assert [status(batch) for batch in (idle, active, busy)] == [
        WorkerStatus.IDLE,
        WorkerStatus.ACTIVE,
        WorkerStatus.BUSY,
    ]


def slots(batch: Batch) -> tuple[int | None, int | None] | None:
    """Used and total slots of all workers."""
    capacity = batch.orchestrator.capacity
    return (capacity.used_slots, capacity.total_slots) if capacity else None


async def test_completed_and_failed_tasks_are_told_apart(
    temporal_server: TemporalServer, namespace: str
) -> None:
    client = await Client.connect(temporal_server.address, namespace=namespace)
    await start(client, "Failing", QUEUE, 3)
    await start(client, "Quick", QUEUE, 5)
    with worker(temporal_server, namespace, QUEUE):
        async with watching(temporal_server, namespace) as collector:

            def done(batch: Batch) -> bool:
                found = listed(batch).get("w1@test")
                # Three workflows fail two attempts each.
                return found is not None and found.tasks_failed == 6

            batch = await eventually(collector, done)
            settled = await eventually(
                collector, lambda it: (listed(it)["w1@test"].tasks_completed or 0) >= 5
            )

    assert listed(settled)["w1@test"].tasks_failed == 6
    assert listed(batch)["w1@test"].cpu_usage is not None


async def test_a_killed_worker_fails_by_the_age_of_its_heartbeat(
    temporal_server: TemporalServer, namespace: str
) -> None:
    with worker(temporal_server, namespace, QUEUE) as process:
        async with watching(temporal_server, namespace, worker_stale_after_s=5) as collector:
            await eventually(collector, lambda it: status(it) is WorkerStatus.IDLE)
            process.end(signal.SIGKILL)

            failed = await eventually(collector, lambda it: status(it) is WorkerStatus.FAILED)

    instance = listed(failed)["w1@test"]
    assert instance.labels["temporal_status"] == "running"
    capacity = failed.orchestrator.capacity
    assert capacity is not None
    assert (capacity.active_workers, capacity.total_slots) == (0, 0)
    assert failed.pools[0].failed_workers == 1


@pytest.mark.timeout(400)
async def test_with_the_defaults_a_killed_worker_fails_within_150_s_and_two_intervals(
    temporal_server: TemporalServer, namespace: str
) -> None:
    with worker(temporal_server, namespace, QUEUE, "--heartbeat-s", "5") as process:
        async with watching(temporal_server, namespace) as collector:
            await eventually(collector, lambda it: status(it) is WorkerStatus.IDLE)
            process.end(signal.SIGKILL)
            killed_at = datetime.now(UTC)
            before: list[Batch] = []

            def failed(batch: Batch) -> bool:
                gone = status(batch) is WorkerStatus.FAILED
                if not gone:
                    before.append(batch)
                return gone

            allowed_s = 150 + 2 * collector.config.interval_s
            batch = await eventually(collector, failed, limit_s=allowed_s)

    last_heartbeat = listed(batch)["w1@test"].last_heartbeat
    assert last_heartbeat is not None
    assert last_heartbeat <= killed_at
    assert before[-1].orchestrator.collected_at <= last_heartbeat + timedelta(seconds=150)
    assert batch.orchestrator.collected_at > last_heartbeat + timedelta(seconds=150)


async def test_a_worker_that_leaves_in_order_never_fails(
    temporal_server: TemporalServer, namespace: str
) -> None:
    with worker(temporal_server, namespace, QUEUE) as process:
        async with watching(temporal_server, namespace, worker_stale_after_s=5) as collector:
            await eventually(collector, lambda it: status(it) is WorkerStatus.IDLE)
            process.end(signal.SIGTERM)
            seen: set[WorkerStatus | None] = set()

            def gone(batch: Batch) -> bool:
                seen.add(status(batch))
                return None in seen

            await eventually(collector, gone)

    assert WorkerStatus.TERMINATING in seen
    assert WorkerStatus.FAILED not in seen


async def test_the_slots_of_a_young_worker_are_unknown_or_right_and_never_too_few(
    temporal_server: TemporalServer, namespace: str
) -> None:
    seen: list[Batch] = []

    def told(batch: Batch) -> bool:
        seen.append(batch)
        capacity = batch.orchestrator.capacity
        return capacity is not None and capacity.total_slots == 4

    with worker(temporal_server, namespace, QUEUE):
        async with watching(temporal_server, namespace, task_queues=(QUEUE,)) as collector:
            await eventually(collector, told)

    young = [batch for batch in seen if any(pool.total_workers for pool in batch.pools)]
    told_so_far = [slots_or_reason(batch) for batch in young]
    assert [found for found in told_so_far if found != 4 and not isinstance(found, str)] == []


def slots_or_reason(batch: Batch) -> int | str:
    """The total of the slots, or why it is not known."""
    capacity, unavailable = batch.orchestrator.capacity, batch.orchestrator.metadata.unavailable
    if capacity is not None and capacity.total_slots is not None:
        return capacity.total_slots
    return unavailable["/capacity/totalSlots"]
