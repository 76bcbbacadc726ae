"""Where work waits, ranked by the wait it causes. Only what is known is ranked by number."""

from collections.abc import Iterator
from math import isfinite

from analytics.health_analysis import Bottleneck
from analytics.health_parts import TARGET_LATENCY_MS, waiting_work
from analytics.queue_findings import oldest_age_s, outpaced, unattended
from contracts.orchestrator import OrchestratorMetrics, QueueInfo

__all__ = ["find_bottlenecks"]

LIMIT = 10


def find_bottlenecks(record: OrchestratorMetrics) -> tuple[Bottleneck, ...]:
    """At most ten places where work waits, the longest wait of all their items first.

    The same wait can show in two places, once by its place (a queue) and once by its cause
    (full slots): the numbers are not to be added up.
    """
    found = [*_queues(record), *_capacity(record), *_scheduling(record)]
    found.sort(key=lambda item: (item.wait_item_s is None, -(item.wait_item_s or 0.0), item.name))
    return tuple(found[:LIMIT])


def _queues(record: OrchestratorMetrics) -> Iterator[Bottleneck]:
    for queue in record.queuing.queues or () if record.queuing else ():
        if queue.size:
            yield _queue(queue, queue.size, oldest_age_s(queue, record.collected_at))


def _queue(queue: QueueInfo, size: int, age_s: float | None) -> Bottleneck:
    details = [f"{size} items wait"]
    if age_s is not None:
        wait_s: float | None = age_s
        basis = "items x age of the oldest: the most they can have waited so far"
        details.append(f"the oldest for {age_s:.4g} s")
    elif queue.processing_rate:
        wait_s = _finite(size / queue.processing_rate)
        basis = "items x (items / processing rate) (Little): what the newest has ahead of it"
        details.append(f"{queue.processing_rate:.4g} are worked off per second")
    else:
        wait_s, basis = None, "unknown: neither the oldest item nor the processing rate is known"
    if unattended(queue):
        details.append("nobody consumes")
    if outpaced(queue):
        details.append(f"{queue.arrival_rate:.4g} per second arrive")
    return Bottleneck(
        kind="queue",
        name=queue.name,
        waiting_items=size,
        wait_s=wait_s,
        wait_item_s=_product(size, wait_s),
        basis=basis,
        evidence=", ".join(details) + ".",
    )


def _capacity(record: OrchestratorMetrics) -> Iterator[Bottleneck]:
    capacity = record.capacity
    if capacity is None or capacity.available_slots != 0 or not waiting_work(record):
        return
    average_ms = record.queuing.avg_wait_time if record.queuing else None
    wait_s = None if average_ms is None else average_ms / 1000
    pending = capacity.pending_workflows
    yield Bottleneck(
        kind="capacity",
        name="slots",
        waiting_items=pending,
        wait_s=wait_s,
        wait_item_s=_product(pending, wait_s),
        basis="pending workflows x average wait in the queues"
        if pending is not None and wait_s is not None
        else "unknown: pending workflows or the average wait are not known",
        evidence="No slot is free and work waits.",
    )


def _scheduling(record: OrchestratorMetrics) -> Iterator[Bottleneck]:
    scheduling = record.scheduling
    if scheduling is None or scheduling.p95_scheduling_latency is None:
        return
    p95_ms = scheduling.p95_scheduling_latency
    target_ms = TARGET_LATENCY_MS[record.orchestrator_type]
    if p95_ms <= target_ms:
        return
    histogram = scheduling.latency_histogram
    yield Bottleneck(
        kind="scheduling",
        name="scheduler",
        waiting_items=scheduling.queue_depth,
        wait_s=p95_ms / 1000,
        wait_item_s=histogram.sum_ms / 1000 if histogram else None,
        basis="sum of the scheduling latencies of the interval"
        if histogram
        else "unknown: there is no histogram of the interval",
        evidence=f"One placement in twenty takes longer than {p95_ms:.4g} ms; "
        f"the target is {target_ms:g} ms.",
    )


def _product(items: int | None, wait_s: float | None) -> float | None:
    return None if items is None or wait_s is None else _finite(items * wait_s)


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
