"""How queues do: the sections of `QueueAnalyzer.analyze_queue_performance`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from analytics.health_parts import TARGET_HIGH_RATIO, TARGET_WAIT_MS
from analytics.queue_analysis.backlog import trend
from analytics.queue_analysis.findings import (
    BacklogTrend,
    ConsumerAnalysis,
    DeadLetterAnalysis,
    LatencyAnalysis,
    QueueConsumers,
    QueueErrors,
    QueueLatency,
    QueueThroughput,
    ThroughputAnalysis,
)
from analytics.queue_analysis.measured import Measured, ratio
from analytics.queue_analysis.observed import known
from analytics.queue_analysis.rates import Rate, measured_rate
from analytics.queue_findings import oldest_age_s, unattended
from analytics.queueing import MOST_LOAD, Traffic, workers_for

__all__ = [
    "TARGET_WAIT_S",
    "DeadLetterSample",
    "consumers",
    "dead_letters",
    "latency",
    "throughput",
]

TARGET_WAIT_S = TARGET_WAIT_MS / 1000
LEAST_SPAN = timedelta(minutes=1)
NO_RATE = "Neither the last hour nor the newest record has it."


@dataclass(frozen=True)
class DeadLetterSample:
    """An orchestrator's count of items given up, and of those that keep failing; null: unknown."""

    at: datetime
    dead_letters: int | None
    poison_messages: int | None = None


def throughput(queues: Sequence[Measured]) -> ThroughputAnalysis:
    """What arrives and what is worked off."""
    found = tuple(map(_throughput, queues))
    return ThroughputAnalysis(
        arrival_rate_per_s=_sum(each.arrival_rate_per_s for each in found),
        processing_rate_per_s=_sum(each.processing_rate_per_s for each in found),
        queues=found,
    )


def latency(queues: Sequence[Measured]) -> LatencyAnalysis:
    """How long items wait."""
    found = tuple(map(_latency, queues))
    return LatencyAnalysis(
        target_wait_s=TARGET_WAIT_S,
        over_target=sum(each.over_target is True for each in found),
        queues=found,
    )


def consumers(queues: Sequence[Measured]) -> ConsumerAnalysis:
    """Who takes from the queues."""
    found = tuple(map(_consumers, queues))
    counts = [each.consumers for each in found]
    return ConsumerAnalysis(
        consumers=sum(count or 0 for count in counts) if counts and None not in counts else None,
        unattended=tuple(each.name for each in found if each.unattended),
        queues=found,
    )


def dead_letters(
    queues: Sequence[Measured], samples: Sequence[DeadLetterSample]
) -> DeadLetterAnalysis:
    """What was given up, the samples being in any order."""
    counted = sorted(
        (each.at, each.dead_letters) for each in samples if each.dead_letters is not None
    )
    newest = max(samples, key=lambda each: each.at, default=None)
    failing = (_errors(each) for each in queues)
    return DeadLetterAnalysis(
        dead_letters=newest.dead_letters if newest else None,
        poison_messages=newest.poison_messages if newest else None,
        dead_letters_per_h=_added_per_h(counted),
        failing=tuple(
            sorted(
                (each for each in failing if each is not None),
                key=lambda each: (-each.error_ratio, each.name),
            )
        ),
        reason="The count of dead letters is unknown."
        if newest is None or newest.dead_letters is None
        else None,
    )


def _throughput(measured: Measured) -> QueueThroughput:
    arrival, capacity = measured.arrival_rate_per_s, measured.capacity
    processing = measured.processing_rate_per_s
    missing = [
        name for name, rate in (("arrival", arrival), ("processing", processing)) if rate is None
    ]
    return QueueThroughput(
        name=measured.queue.name,
        arrival_rate_per_s=arrival,
        arrival_interval_per_s=_at_least_0(measured.arrivals),
        processing_rate_per_s=processing,
        processing_interval_per_s=_at_least_0(measured.processed),
        capacity_rate_per_s=capacity.mean_per_s if capacity else None,
        load_ratio=ratio(arrival, capacity.mean_per_s if capacity else None),
        reason=f"Unknown: {' and '.join(missing)} rate. {NO_RATE}" if missing else None,
    )


def _latency(measured: Measured) -> QueueLatency:
    newest, hour = measured.queue.newest, measured.hour
    oldest_s = oldest_age_s(newest, measured.queue.read_at)
    sizes = measured_rate(hour.size)
    arrivals = measured.arrivals.mean_per_s if measured.arrivals else None
    growth = measured.growth
    steady = growth is not None and trend(growth) is BacklogTrend.STEADY
    mean_s = ratio(sizes.mean_per_s, arrivals) if sizes and steady else None
    judged_s = mean_s if oldest_s is None else oldest_s
    ages = hour.oldest_age_s[np.isfinite(hour.oldest_age_s)]
    return QueueLatency(
        name=newest.name,
        oldest_age_s=oldest_s,
        longest_age_s=float(ages.max()) if len(ages) else None,
        mean_wait_s=mean_s,
        processing_ms=known(newest.avg_processing_time),
        over_target=None if judged_s is None else judged_s > TARGET_WAIT_S,
        reason="The oldest item is unknown, and no steady hour of sizes and arrivals is known."
        if judged_s is None
        else None,
    )


def _consumers(measured: Measured) -> QueueConsumers:
    newest = measured.queue.newest
    arrival, service_s = measured.arrival_rate_per_s, measured.service_s
    load = None if arrival is None or service_s is None else arrival * service_s
    return QueueConsumers(
        name=newest.name,
        consumers=newest.consumers,
        in_flight=newest.in_flight,
        service_s=service_s,
        utilization_ratio=ratio(load, newest.consumers),
        needed_consumers=_needed(arrival, service_s),
        unattended=None if newest.size is None or newest.consumers is None else unattended(newest),
        reason=_no_need(load),
    )


def _needed(arrival: float | None, service_s: float | None) -> int | None:
    if arrival is None or service_s is None or arrival * service_s > MOST_LOAD:
        return None
    return workers_for(Traffic(arrival, service_s), TARGET_WAIT_S, TARGET_HIGH_RATIO)


def _no_need(load: float | None) -> str | None:
    if load is None:
        return "The arrival rate, or how long an item keeps a consumer busy, is unknown."
    return "More arrives than consumers can be counted for." if load > MOST_LOAD else None


def _errors(measured: Measured) -> QueueErrors | None:
    failing, processing = measured.queue.newest.error_rate, measured.processing_rate_per_s
    if not failing:
        return None
    return QueueErrors(
        name=measured.queue.name,
        error_ratio=failing,
        failed_per_s=None if processing is None else failing * processing,
    )


def _added_per_h(counted: Sequence[tuple[datetime, int]]) -> float | None:
    if not counted or counted[-1][0] - counted[0][0] < LEAST_SPAN:
        return None
    counts = [count for _, count in counted]
    added = sum(max(0, new - old) for old, new in pairwise(counts))
    return added / ((counted[-1][0] - counted[0][0]) / timedelta(hours=1))


def _sum(values: Iterable[float | None]) -> float | None:
    every = list(values)
    return None if not every or None in every else sum(value or 0.0 for value in every)


def _at_least_0(rate: Rate | None) -> tuple[float, float] | None:
    if rate is None:
        return None
    low, high = rate.interval_per_s
    return max(0.0, low), high
