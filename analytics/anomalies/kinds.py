"""What kind of anomaly the metrics that stand out make, and what to do about it."""

from collections.abc import Sequence
from enum import Enum

from analytics.anomalies.findings import AnomalousMetric, AnomalyType

__all__ = ["action", "kind"]


class Role(Enum):
    """What a metric is about."""

    FAILURES = "failures"
    WORK = "work"
    RESOURCE = "resource"


ROLES = {
    "cpu_usage": Role.RESOURCE,
    "memory_usage": Role.RESOURCE,
    "disk_usage": Role.RESOURCE,
    "network_usage": Role.WORK,
    "used_slots_ratio": Role.WORK,
    "tasks_per_s": Role.WORK,
    "failed_tasks_ratio": Role.FAILURES,
}
"""Of `analytics.anomalies.records`. A metric of another name only makes a worker `unusual`."""

KINDS = (
    (Role.FAILURES, True, AnomalyType.FAILING),
    (Role.WORK, False, AnomalyType.STALLED),
    (Role.RESOURCE, True, AnomalyType.RESOURCE_PRESSURE),
    (Role.WORK, True, AnomalyType.OVERLOADED),
    (Role.RESOURCE, False, AnomalyType.UNDERUSED),
)
"""By what a metric is about and whether it is high: the first that fits, the worst first."""

ACTIONS = {
    AnomalyType.FAILING: "Stop giving {worker} new work, read its errors, then replace it.",
    AnomalyType.STALLED: "See whether {worker} is stuck: drain it and restart it if no task moves.",
    AnomalyType.RESOURCE_PRESSURE: "Look at what uses {metric} on {worker}; if it does not fall, "
    "drain and restart it before it runs out.",
    AnomalyType.OVERLOADED: "Look at how work is shared out: {worker} gets more than it used to.",
    AnomalyType.UNDERUSED: "See whether {worker} still gets work, and whether it can take it.",
    AnomalyType.UNUSUAL: "Look at {metric} on {worker} beside one of its peers.",
}
WHOLE_POOL = (
    "Look at the whole pool and what it depends on before {worker}: most workers are unlike "
    "themselves at once."
)


def kind(metrics: Sequence[AnomalousMetric]) -> AnomalyType:
    """The first of `KINDS` that one of the metrics shows."""
    shown = {(ROLES.get(each.name), each.deviation > 0) for each in metrics}
    for role, high, found in KINDS:
        if (role, high) in shown:
            return found
    return AnomalyType.UNUSUAL


def action(found: AnomalyType, worker: str, metric: str, *, whole_pool: bool) -> str:
    """What to do first. `metric` stands out most."""
    text = WHOLE_POOL if whole_pool else ACTIONS[found]
    return text.format(worker=worker, metric=metric)
