"""What waits in queues, whether it grows, and until when it is gone."""

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.queue_analysis.findings import BacklogAnalysis, BacklogTrend, QueueBacklog
from analytics.queue_analysis.measured import Measured, ratio
from analytics.queue_analysis.observed import known
from analytics.queue_analysis.rates import Z_90, Rate, passage
from analytics.queue_findings import drain_time_s
from contracts.orchestrator import QueueInfo

__all__ = ["backlog", "trend"]


@dataclass(frozen=True)
class Drain:
    """The time, its interval, and why one of them is missing."""

    time_s: float | None = None
    interval_s: tuple[float, float] | None = None
    reason: str | None = None


def backlog(queues: Sequence[Measured]) -> BacklogAnalysis:
    """What waits, and until when."""
    found = tuple(map(_backlog, queues))
    sizes = [each.size for each in found]
    return BacklogAnalysis(
        size=sum(size or 0 for size in sizes) if sizes and None not in sizes else None,
        growing=tuple(each.name for each in found if each.trend is BacklogTrend.GROWING),
        queues=found,
    )


def trend(growth: Rate) -> BacklogTrend:
    """By whether the interval of the growth leaves out 0."""
    low, high = growth.interval_per_s
    if low > 0:
        return BacklogTrend.GROWING
    return BacklogTrend.SHRINKING if high < 0 else BacklogTrend.STEADY


def _backlog(measured: Measured) -> QueueBacklog:
    newest, growth = measured.queue.newest, measured.growth
    arrival, processing = known(newest.arrival_rate), known(newest.processing_rate)
    momentary = None if arrival is None or processing is None else arrival - processing
    drain = _drain(measured)
    return QueueBacklog(
        name=newest.name,
        size=newest.size,
        growth_per_s=growth.mean_per_s if growth else momentary,
        growth_interval_per_s=growth.interval_per_s if growth else None,
        trend=trend(growth) if growth else None,
        drain_time_s=drain.time_s,
        drain_interval_s=drain.interval_s,
        reason=drain.reason,
    )


def _drain(measured: Measured) -> Drain:
    """How long until nothing waits."""
    newest, rate = measured.queue.newest, measured.draining
    if newest.size is None:
        return Drain(reason="How many items wait is unknown.")
    if newest.size == 0:
        return Drain(0.0, (0.0, 0.0))
    if rate is None:
        return _momentary(newest)
    found = passage(newest.size, rate)
    if found is not None:
        return Drain(found.mean_s, (found.quantile_s(-Z_90), found.quantile_s(Z_90)))
    if rate.mean_per_s <= 0:
        return Drain(reason="By the last hour, at least as much arrives as is worked off.")
    return Drain(
        ratio(newest.size, rate.mean_per_s),
        reason="By the last hour it is not certain that less arrives than is worked off.",
    )


def _momentary(newest: QueueInfo) -> Drain:
    drain_s = known(drain_time_s(newest))
    if drain_s is None:
        return Drain(reason="The rates of the newest record do not drain it, or are unknown.")
    return Drain(drain_s, reason="By the newest record alone, so without an interval.")
