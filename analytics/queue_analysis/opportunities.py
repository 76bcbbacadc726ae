"""What could be better about queues, each with its evidence."""

from collections.abc import Iterator

from analytics.findings import Recommendation
from analytics.queue_analysis.findings import (
    BacklogAnalysis,
    BacklogTrend,
    ConsumerAnalysis,
    DeadLetterAnalysis,
    LatencyAnalysis,
    QueueConsumers,
)

__all__ = ["opportunities"]

SPARE_RATIO = 0.5
"""Consumers are too many only where less than this share of them is needed."""


def opportunities(
    latency: LatencyAnalysis,
    backlog: BacklogAnalysis,
    letters: DeadLetterAnalysis,
    consumers: ConsumerAnalysis,
) -> Iterator[Recommendation]:
    """Nobody there first, then the number of consumers, then what keeps failing.

    The sections list the same queues in the same order.
    """
    for name in consumers.unattended:
        yield Recommendation(
            action=f"Start consumers for {name}, or stop sending to it.",
            evidence=f"{name}: work waits and nobody takes it.",
            effect="What waits there is taken.",
            risk="None, if the work is still wanted.",
        )
    for wait, waiting, each in zip(latency.queues, backlog.queues, consumers.queues, strict=True):
        late = wait.over_target or waiting.trend is BacklogTrend.GROWING
        if each.consumers and each.needed_consumers is not None:
            if late and each.needed_consumers > each.consumers:
                yield _more(each, latency.target_wait_s)
            elif not late and each.needed_consumers <= SPARE_RATIO * each.consumers:
                yield _fewer(each)
    if letters.poison_messages:
        yield Recommendation(
            action="Set the items aside that fail again and again.",
            evidence=f"{letters.poison_messages} items keep failing and are tried again.",
            effect="Consumers do work that can succeed.",
            risk="Somebody must look at what is set aside.",
        )
    if letters.dead_letters_per_h:
        worst = letters.failing[0] if letters.failing else None
        where = f" {worst.name} fails most: {worst.error_ratio:.1%}." if worst else ""
        yield Recommendation(
            action="Look why items are given up.",
            evidence=f"{letters.dead_letters_per_h:.4g} are added to the dead letters per hour."
            + where,
            effect="Work that was accepted gets done.",
            risk="What is tried again must not have been done in part.",
        )


def _more(each: QueueConsumers, target_s: float) -> Recommendation:
    return Recommendation(
        action=f"Raise the consumers of {each.name} from {each.consumers} to at least "
        f"{each.needed_consumers}.",
        evidence=f"{_demand(each)}; items wait beyond {target_s:g} s or the backlog grows.",
        effect=f"A mean wait of at most {target_s:g} s, once the backlog is gone.",
        risk="What the consumers call gets more load; they cost more.",
    )


def _fewer(each: QueueConsumers) -> Recommendation:
    return Recommendation(
        action=f"Lower the consumers of {each.name} from {each.consumers} to "
        f"{max(1, each.needed_consumers or 0)}, if its own history replayed so allows it.",
        evidence=f"{_demand(each)}; nothing waits too long.",
        effect="Fewer consumers are paid for.",
        risk="The last hour may not show the day's peak.",
    )


def _demand(each: QueueConsumers) -> str:
    used = each.utilization_ratio
    told = "" if used is None else f", a utilization of {used:.3g}"
    return f"An item keeps one consumer busy for {each.service_s or 0.0:.4g} s{told}"
