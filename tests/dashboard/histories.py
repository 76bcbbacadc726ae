"""Sections with their history: an hour in steps, with a gap in which nobody collected."""

from datetime import datetime, timedelta
from math import sin

from tests.dashboard.documents import TEMPORAL, Json, iso, seen

__all__ = ["GAP", "STEPS", "capacity", "queue_metrics", "scheduling"]

STEPS = 120
STEP_S = 30
GAP = range(75, 83)
"""Steps in which nobody collected."""


def _times(now: datetime) -> list[int]:
    first = now - timedelta(seconds=STEP_S * STEPS)
    return [
        int((first + timedelta(seconds=STEP_S * step)).timestamp() * 1000) for step in range(STEPS)
    ]


def _range(now: datetime) -> Json:
    return {"from": iso(now - timedelta(seconds=STEP_S * STEPS)), "to": iso(now), "stepS": STEP_S}


def _wave(middle: float, swing: float, speed: float = 0.12) -> list[float | None]:
    return [
        None if step in GAP else round(middle + swing * sin(step * speed) + (step * 7 % 5), 2)
        for step in range(STEPS)
    ]


def _whole(values: list[float | None]) -> list[float | None]:
    return [None if value is None else round(value) for value in values]


def capacity(now: datetime) -> Json:
    """`GET .../capacity`."""
    return {
        **seen(now),
        "orchestratorId": TEMPORAL,
        "capacity": {
            "totalSlots": 200,
            "availableSlots": 17,
            "usedSlots": 183,
            "pendingWorkflows": 1437,
            "runningWorkflows": 183,
            "completedWorkflows": 71,
            "failedWorkflows": 0,
            "capacityUtilization": 0.915,
            "peakUtilization": None,
            "activeWorkers": 11,
            "scalingMetrics": {"minSlots": None, "maxSlots": None, "autoscaled": None},
        },
        "unavailable": {"/capacity/peakUtilization": "observed for less than an hour"},
        "estimated": ["/capacity/pendingWorkflows"],
        "range": _range(now),
        "series": {
            "t": _times(now),
            "totalSlots": [None if step in GAP else 200 for step in range(STEPS)],
            "usedSlots": _whole(_wave(140, 40)),
            "capacityUtilization": _wave(0.7, 0.2),
            "runningWorkflows": _whole(_wave(150, 40)),
            "pendingWorkflows": _whole(_wave(700, 690, 0.05)),
            "completedWorkflows": _whole(_wave(60, 20)),
            "failedWorkflows": [
                None if step in GAP else int(step % 40 == 0) for step in range(STEPS)
            ],
        },
    }


def scheduling(now: datetime) -> Json:
    """`GET .../scheduling`."""
    return {
        **seen(now),
        "orchestratorId": TEMPORAL,
        "scheduling": {
            "avgSchedulingLatency": 148.25,
            "p50SchedulingLatency": 62.0,
            "p95SchedulingLatency": 412.0,
            "p99SchedulingLatency": 1840.0,
            "schedulingThroughput": 58.4,
            "schedulingFailures": 0,
            "queueDepth": 1391,
            "schedulingAlgorithm": None,
        },
        "unavailable": {"/scheduling/schedulingAlgorithm": "the server does not say"},
        "estimated": [],
        "range": _range(now),
        "series": {
            "t": _times(now),
            "avgSchedulingLatency": _wave(150, 60),
            "p50SchedulingLatency": _wave(70, 25),
            "p95SchedulingLatency": _wave(420, 160),
            "p99SchedulingLatency": _wave(1100, 700, 0.08),
            "schedulingThroughput": _wave(55, 15),
            "queueDepth": _whole(_wave(700, 690, 0.05)),
        },
    }


def queue_metrics(queue: Json, now: datetime) -> Json:
    """`GET /queues/{id}/metrics`."""
    return {
        **seen(now),
        "orchestratorId": TEMPORAL,
        "queue": queue,
        "range": _range(now),
        "series": {
            "t": _times(now),
            "size": _whole(_wave(700, 690, 0.05)),
            "consumers": _whole(_wave(8, 0)),
            "processingRate": _wave(55, 5),
            "arrivalRate": _wave(58, 9),
            "errorRate": [None] * STEPS,
            "oldestAgeS": _wave(200, 100),
        },
    }
