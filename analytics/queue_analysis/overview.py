"""All sections together: `QueueAnalyzer.analyze_queue_performance`."""

from collections.abc import Iterator, Sequence

from analytics.findings import Confidence
from analytics.queue_analysis.backlog import backlog
from analytics.queue_analysis.findings import QueuePerformance
from analytics.queue_analysis.measured import Measured
from analytics.queue_analysis.observed import ObservedQueue
from analytics.queue_analysis.opportunities import opportunities
from analytics.queue_analysis.performance import (
    DeadLetterSample,
    consumers,
    dead_letters,
    latency,
    throughput,
)

__all__ = ["overview"]

METHOD = (
    "Means of the last hour, 90 % intervals by batch means of 5 min (Student). Drain time: first "
    "passage of the backlog to 0 at the measured surplus (mean size / surplus; range of a gamma "
    "distribution). Mean wait: Little's law. Consumers: Erlang C for the target wait at a "
    "utilization of at most 0.85."
)


def overview(
    queues: Sequence[ObservedQueue], letters: Sequence[DeadLetterSample]
) -> QueuePerformance:
    """See `QueueAnalyzer.analyze_queue_performance`."""
    measured = [Measured(each) for each in queues]
    flows, waits = throughput(measured), latency(measured)
    waiting, staff = backlog(measured), consumers(measured)
    given_up = dead_letters(measured, letters)
    reasons = [
        *(each.reason for each in flows.queues),
        *(each.reason for each in waits.queues),
        *(each.reason for each in waiting.queues),
        *(each.reason for each in staff.queues),
        given_up.reason,
    ]
    known = reasons.count(None) / len(reasons)
    return QueuePerformance(
        throughput_analysis=flows,
        latency_analysis=waits,
        backlog_analysis=waiting,
        dead_letter_analysis=given_up,
        consumer_analysis=staff,
        optimization_opportunities=tuple(opportunities(waits, waiting, given_up, staff)),
        evidence=tuple(_evidence(measured)),
        confidence=_confidence(known, queues),
        method=METHOD,
        reason=None if queues else "No queue was given.",
    )


def _evidence(queues: Sequence[Measured]) -> Iterator[str]:
    for each in queues:
        rates = {"arrivals": each.arrivals, "worked off": each.processed, "at work": each.capacity}
        told = [
            f"{name} {rate.mean_per_s:.4g} per second (standard error {rate.error_per_s:.2g}, "
            f"{rate.blocks} blocks of 5 min)"
            for name, rate in rates.items()
            if rate is not None
        ]
        newest = f"{each.queue.name}: the newest record of {each.queue.read_at.isoformat()}"
        yield f"{newest}, {', '.join(told)}." if told else f"{newest} alone."


def _confidence(known_share: float, queues: Sequence[ObservedQueue]) -> Confidence:
    if not queues or known_share < 1 / 2:
        return Confidence.LOW
    return Confidence.HIGH if known_share == 1 else Confidence.MEDIUM
