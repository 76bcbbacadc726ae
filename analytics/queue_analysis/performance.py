"""How queues do: the sections of `QueueAnalyzer.analyze_queue_performance`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from analytics.health_parts import TARGET_HIGH_RATIO, TARGET_WAIT_MS
from analytics.queue_analysis.findings import (
    BacklogAnalysis,
    BacklogTrend,
    ConsumerAnalysis,
    DeadLetterAnalysis,
    LatencyAnalysis,
    QueueBacklog,
    QueueConsumers,
    QueueErrors,
    QueueLatency,
    QueueThroughput,
    ThroughputAnalysis,
)
from analytics.queue_analysis.observed import MINUTE_S, Minutes, ObservedQueue, known, minutes
from analytics.queue_analysis.rates import Z_90, Rate, measured_rate, passage
from analytics.queue_findings import drain_time_s, oldest_age_s, unattended
from analytics.queueing import MOST_LOAD, Traffic, workers_for

__all__ = [
    "TARGET_WAIT_S",
    "DeadLetterSample",
    "Measured",
    "backlog",
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


@dataclass(frozen=True)
class Measured:
    """Rates of one queue: means of the last hour where known, else those of the newest record."""

    queue: ObservedQueue

    @cached_property
    def hour(self) -> Minutes:
        return minutes(self.queue).last_hour

    @cached_property
    def arrivals(self) -> Rate | None:
        return measured_rate(self.hour.arrivals_per_s)

    @cached_property
    def processed(self) -> Rate | None:
        return measured_rate(self.hour.processed_per_s)

    @cached_property
    def capacity(self) -> Rate | None:
        return measured_rate(self.hour.backlogged)

    @cached_property
    def growth(self) -> Rate | None:
        """Of the backlog: arrivals less what is worked off, else the change of the size."""
        return measured_rate(self.hour.arrivals_per_s - self.hour.processed_per_s) or measured_rate(
            np.diff(self.hour.size) / MINUTE_S
        )

    @cached_property
    def draining(self) -> Rate | None:
        """How fast the backlog shrinks, in minutes in which there was one."""
        waited = self.hour.size > 0
        net = self.hour.processed_per_s - self.hour.arrivals_per_s
        return measured_rate(np.where(waited, net, np.nan)) or measured_rate(
            np.where(waited[:-1], -np.diff(self.hour.size) / MINUTE_S, np.nan)
        )

    @property
    def arrival_rate_per_s(self) -> float | None:
        return _mean(self.arrivals, self.queue.newest.arrival_rate)

    @property
    def processing_rate_per_s(self) -> float | None:
        return _mean(self.processed, self.queue.newest.processing_rate)

    @property
    def service_s(self) -> float | None:
        """How long an item keeps one consumer busy; null where unknown, or no time at all."""
        newest = self.queue.newest
        if newest.consumers and self.capacity is not None and self.capacity.mean_per_s > 0:
            return known(newest.consumers / self.capacity.mean_per_s)
        processing_ms = known(newest.avg_processing_time)
        return processing_ms / 1000 if processing_ms else None


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


def backlog(queues: Sequence[Measured]) -> BacklogAnalysis:
    """What waits, and until when."""
    found = tuple(map(_backlog, queues))
    sizes = [each.size for each in found]
    return BacklogAnalysis(
        size=sum(size or 0 for size in sizes) if sizes and None not in sizes else None,
        growing=tuple(each.name for each in found if each.trend is BacklogTrend.GROWING),
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
        load_ratio=_ratio(arrival, capacity.mean_per_s if capacity else None),
        reason=f"Unknown: {' and '.join(missing)} rate. {NO_RATE}" if missing else None,
    )


def _latency(measured: Measured) -> QueueLatency:
    newest, hour = measured.queue.newest, measured.hour
    oldest_s = oldest_age_s(newest, measured.queue.read_at)
    sizes = measured_rate(hour.size)
    arrivals = measured.arrivals.mean_per_s if measured.arrivals else None
    growth = measured.growth
    steady = growth is not None and _trend(growth) is BacklogTrend.STEADY
    mean_s = _ratio(sizes.mean_per_s, arrivals) if sizes and steady else None
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


def _backlog(measured: Measured) -> QueueBacklog:
    newest, growth = measured.queue.newest, measured.growth
    arrival, processing = known(newest.arrival_rate), known(newest.processing_rate)
    momentary = None if arrival is None or processing is None else arrival - processing
    drain_s, interval_s, reason = _drain(measured)
    return QueueBacklog(
        name=newest.name,
        size=newest.size,
        growth_per_s=growth.mean_per_s if growth else momentary,
        growth_interval_per_s=growth.interval_per_s if growth else None,
        trend=_trend(growth) if growth else None,
        drain_time_s=drain_s,
        drain_interval_s=interval_s,
        reason=reason,
    )


def _drain(measured: Measured) -> tuple[float | None, tuple[float, float] | None, str | None]:
    """The drain time, its interval, and why one of them is missing."""
    newest, rate = measured.queue.newest, measured.draining
    if newest.size == 0:
        return 0.0, (0.0, 0.0), None
    if newest.size is None:
        return None, None, "How many items wait is unknown."
    if rate is None:
        momentary = drain_time_s(newest)
        if momentary is None:
            return None, None, "The rates of the newest record do not drain it, or are unknown."
        return momentary, None, "By the newest record alone, so without an interval."
    found = passage(newest.size, rate)
    if found is not None:
        return found.mean_s, (found.quantile_s(-Z_90), found.quantile_s(Z_90)), None
    if rate.mean_per_s <= 0:
        return None, None, "At least as much arrives as is worked off."
    return (
        _ratio(newest.size, rate.mean_per_s),
        None,
        "It is not certain that less arrives than is worked off: it may never drain.",
    )


def _trend(growth: Rate) -> BacklogTrend:
    low, high = growth.interval_per_s
    if low > 0:
        return BacklogTrend.GROWING
    return BacklogTrend.SHRINKING if high < 0 else BacklogTrend.STEADY


def _consumers(measured: Measured) -> QueueConsumers:
    newest = measured.queue.newest
    arrival, service_s = measured.arrival_rate_per_s, measured.service_s
    load = None if arrival is None or service_s is None else arrival * service_s
    countable = load is not None and load <= MOST_LOAD
    unknown = newest.size is None or newest.consumers is None
    reason = "The arrival rate, or how long an item keeps a consumer busy, is unknown."
    return QueueConsumers(
        name=newest.name,
        consumers=newest.consumers,
        in_flight=newest.in_flight,
        service_s=service_s,
        utilization_ratio=_ratio(load, newest.consumers),
        needed_consumers=workers_for(
            Traffic(arrival or 0.0, service_s or 0.0), TARGET_WAIT_S, TARGET_HIGH_RATIO
        )
        if countable
        else None,
        unattended=None if unknown else unattended(newest),
        reason=None if countable else reason if load is None else "More than can be counted for.",
    )


def _errors(measured: Measured) -> QueueErrors | None:
    ratio, processing = measured.queue.newest.error_rate, measured.processing_rate_per_s
    if not ratio:
        return None
    return QueueErrors(
        name=measured.queue.name,
        error_ratio=ratio,
        failed_per_s=None if processing is None else ratio * processing,
    )


def _added_per_h(counted: Sequence[tuple[datetime, int]]) -> float | None:
    if not counted or counted[-1][0] - counted[0][0] < LEAST_SPAN:
        return None
    counts = [count for _, count in counted]
    added = sum(max(0, new - old) for old, new in zip(counts, counts[1:], strict=False))
    return added / ((counted[-1][0] - counted[0][0]) / timedelta(hours=1))


def _mean(rate: Rate | None, newest: float | None) -> float | None:
    return rate.mean_per_s if rate is not None else known(newest)


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else known(part / whole)


def _sum(values: Iterable[float | None]) -> float | None:
    every = list(values)
    return None if not every or None in every else sum(value or 0.0 for value in every)


def _at_least_0(rate: Rate | None) -> tuple[float, float] | None:
    if rate is None:
        return None
    low, high = rate.interval_per_s
    return max(0.0, low), high
