"""What the workers' own metrics tell where the server does not."""

import httpx
import pytest
from temporalio.service import RPCStatusCode

from agents.collector import Batch
from contracts.orchestrator import CapacityMetrics
from tests.agents.temporal.fake import FakeMetrics, refusal
from tests.agents.temporal.scenes import Watched, busy_shop

URLS = ("http://worker-1:9464/metrics", "http://worker-2:9464/metrics")
LABELS = 'namespace="shop",service_name="temporal-core-sdk",task_queue="orders"'
ACTIVITY = "temporal_activity_schedule_to_start_latency"


def worker_endpoint(used: int, available: int) -> FakeMetrics:
    kinds = {"ActivityWorker": (used, available), "WorkflowWorker": (0, 100)}
    endpoint = FakeMetrics({'temporal_request_latency_bucket{operation="X",le="50"}': 1})
    for kind, (busy, free) in kinds.items():
        labels = f'{LABELS},worker_type="{kind}"'
        endpoint.add(f"temporal_worker_task_slots_used{{{labels}}}", busy)
        endpoint.add(f"temporal_worker_task_slots_available{{{labels}}}", free)
    return endpoint


def waited_ms(endpoint: FakeMetrics, *waits_ms: float) -> None:
    for bound in (100, 500, 1000, float("inf")):
        le = "+Inf" if bound == float("inf") else f"{bound:g}"
        reached = sum(wait <= bound for wait in waits_ms)
        endpoint.add(f'{ACTIVITY}_bucket{{{LABELS},le="{le}"}}', reached)
    endpoint.add(f"{ACTIVITY}_sum{{{LABELS}}}", sum(waits_ms))
    endpoint.add(f"{ACTIVITY}_count{{{LABELS}}}", len(waits_ms))


def old_shop(**settings: object) -> tuple[Watched, list[FakeMetrics]]:
    """A server that lists no workers, with two workers whose metrics are given."""
    shop = busy_shop()
    shop.temporal.fail("ListWorkers", refusal(RPCStatusCode.UNIMPLEMENTED))
    workers = [worker_endpoint(3, 1), worker_endpoint(0, 4)]
    shop.metrics.elsewhere = dict(zip(URLS, workers, strict=True))
    shop.configure(worker_metrics_urls=URLS, **settings)
    return shop, workers


def capacity(batch: Batch) -> CapacityMetrics:
    assert batch.orchestrator.capacity is not None
    return batch.orchestrator.capacity


async def test_slots_are_those_of_all_workers_and_said_to_be_estimates() -> None:
    shop, _ = old_shop()

    batch = await shop.scrape()

    found = capacity(batch)
    assert (found.used_slots, found.total_slots, found.available_slots) == (3, 8, 5)
    assert "/capacity/totalSlots" in batch.orchestrator.metadata.estimated
    assert batch.orchestrator.extra_metadata()["temporal"]["slotSource"] == "worker metrics"


async def test_what_the_server_tells_of_slots_wins() -> None:
    shop, _ = old_shop()
    shop.temporal.heal()

    batch = await shop.scrape()

    assert capacity(batch).used_slots == 3
    assert capacity(batch).total_slots != 8
    assert batch.orchestrator.extra_metadata()["temporal"]["slotSource"] == "heartbeats"


async def test_one_silent_endpoint_makes_the_slots_unknown_and_nothing_else() -> None:
    shop, workers = old_shop()
    workers[1].error = httpx.ConnectError("refused")

    batch = await shop.scrape()

    record = batch.orchestrator
    assert capacity(batch).total_slots is None
    assert "/capacity/totalSlots" in record.metadata.unavailable
    assert capacity(batch).running_workflows == 28
    assert [(error.source, error.code) for error in record.health.errors] == [
        ("metrics", "unreachable")
    ]


async def test_another_kind_of_endpoint_is_refused() -> None:
    shop, _ = old_shop()
    shop.metrics.elsewhere[URLS[0]] = FakeMetrics({"go_goroutines": 3})

    record = (await shop.scrape()).orchestrator

    assert "worker's SDK" in record.health.errors[0].message


async def test_waits_are_the_workers_where_the_server_has_no_metrics() -> None:
    shop, workers = old_shop(metrics_urls=())
    await shop.scrape()
    waited_ms(workers[0], 50, 200)
    waited_ms(workers[1], 700, 900)

    batch = await shop.scrape()

    scheduling = batch.orchestrator.scheduling
    assert scheduling is not None
    assert scheduling.latency_histogram is not None
    assert scheduling.latency_histogram.counts == (1, 1, 2, 0)
    assert scheduling.avg_scheduling_latency == pytest.approx(462.5)
    assert batch.orchestrator.extra_metadata()["temporal"]["latencySource"] == "worker metrics"


async def test_seconds_are_told_from_milliseconds_by_the_bounds() -> None:
    shop, workers = old_shop(metrics_urls=())
    for endpoint in workers:
        del endpoint.values['temporal_request_latency_bucket{operation="X",le="50"}']
        endpoint.add('temporal_request_latency_bucket{operation="X",le="0.05"}', 1)
    await shop.scrape()
    labels = f'{LABELS},le="'
    workers[0].add(f'{ACTIVITY}_bucket{{{labels}0.1"}}', 0)
    workers[0].add(f'{ACTIVITY}_bucket{{{labels}+Inf"}}', 2)
    workers[0].add(f"{ACTIVITY}_sum{{{LABELS}}}", 0.5)
    workers[0].add(f"{ACTIVITY}_count{{{LABELS}}}", 2)

    scheduling = (await shop.scrape()).orchestrator.scheduling

    assert scheduling is not None
    assert scheduling.latency_histogram is not None
    assert scheduling.latency_histogram.bounds_ms == (100,)
    assert scheduling.avg_scheduling_latency == pytest.approx(250)


async def test_a_worker_that_began_anew_costs_one_interval() -> None:
    shop, workers = old_shop(metrics_urls=())
    waited_ms(workers[0], 50, 200)
    await shop.scrape()
    shop.metrics.elsewhere[URLS[0]] = worker_endpoint(0, 4)
    waited_ms(shop.metrics.elsewhere[URLS[0]], 60)

    restarted = (await shop.scrape()).orchestrator.scheduling
    waited_ms(workers[1], 70)
    after = (await shop.scrape()).orchestrator.scheduling

    assert restarted is not None
    assert restarted.latency_histogram is None
    assert after is not None
    assert after.latency_histogram is not None
    assert sum(after.latency_histogram.counts) == 1
