"""Latencies from the server's histogram against the waits in the workflows' histories."""

from math import ceil

import pytest
from temporalio.api.enums.v1 import TaskQueueKind
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle

from agents.collector import Batch
from analytics.histogram import count, mean, merge, percentile
from contracts.orchestrator import LatencyHistogram
from tests.live.temporal.server import TemporalServer
from tests.live.temporal.watch import bucket, eventually, start, watching, worker

pytestmark = pytest.mark.live

CLOCKS_MS = 25.0
"""How far the server's timer and the times in a history may lie apart."""


async def test_percentiles_lie_in_the_buckets_of_the_true_waits(
    temporal_server: TemporalServer, namespace: str
) -> None:
    client = await Client.connect(temporal_server.address, namespace=namespace)
    async with watching(temporal_server, namespace) as collector:
        await eventually(collector, lambda _: True)
        handles = await start(client, "Slow", "orders", 12, 0.4)
        with worker(temporal_server, namespace, "orders", "--slots", "2"):
            for handle in handles:
                await handle.result()
        waits_ms = sorted([wait for handle in handles for wait in await true_waits_ms(handle)])
        parts: list[LatencyHistogram] = []

        def all_measured(batch: Batch) -> bool:
            scheduling = batch.orchestrator.scheduling
            if scheduling is not None and scheduling.latency_histogram is not None:
                parts.append(scheduling.latency_histogram)
            return sum(map(count, parts)) >= len(waits_ms)

        await eventually(collector, all_measured)

    measured = merge(parts)
    assert measured is not None
    assert count(measured) == len(waits_ms) == 24
    assert mean(measured) == pytest.approx(sum(waits_ms) / len(waits_ms), abs=CLOCKS_MS)
    for quantile in (0.5, 0.95, 0.99):
        true_ms = waits_ms[ceil(quantile * len(waits_ms)) - 1]
        found_ms = percentile(measured, quantile)
        assert found_ms is not None
        low_ms, _ = bucket(measured, true_ms - CLOCKS_MS)
        _, high_ms = bucket(measured, true_ms + CLOCKS_MS)
        assert low_ms <= found_ms <= high_ms


async def true_waits_ms(handle: WorkflowHandle[object, object]) -> list[float]:
    """Waits of a workflow's tasks for a worker: normal queues, first attempts."""
    scheduled: dict[int, HistoryEvent] = {}
    waits = []
    for event in (await handle.fetch_history()).events:
        scheduled[event.event_id] = event
        if event.HasField("workflow_task_started_event_attributes"):
            before = scheduled[event.workflow_task_started_event_attributes.scheduled_event_id]
            queue = before.workflow_task_scheduled_event_attributes.task_queue
            if queue.kind == TaskQueueKind.TASK_QUEUE_KIND_STICKY:
                continue
        elif event.HasField("activity_task_started_event_attributes"):
            before = scheduled[event.activity_task_started_event_attributes.scheduled_event_id]
        else:
            continue
        took = event.event_time.ToDatetime() - before.event_time.ToDatetime()
        waits.append(took.total_seconds() * 1000)
    return waits
