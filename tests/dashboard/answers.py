"""What the stub answers: one real orchestrator in trouble and one simulated that is well.

The numbers are made up and have no meaning beyond being told apart on the page.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from math import sin
from typing import cast

__all__ = [
    "API",
    "PAYMENTS",
    "SIMULATED",
    "TEMPORAL",
    "Json",
    "at",
    "changed",
    "column",
    "everything",
    "problem",
]

Json = dict[str, object]

API = "/api/v1/orchestration-analytics"
TEMPORAL = "5f0c7c1e-0d5e-5a57-9d3b-0d3a5a1c7e01"
SIMULATED = "77e0a3c2-8f67-5a0e-8c1e-4d2b6f9a1c02"
PAYMENTS = "0b9c4ad0-2f0e-5c6b-8a52-1f6f0f1f7b11"
REPORTS = "3d1f6c52-6b8f-5d1e-9a77-7c2e9d4b8a12"

STEPS = 120
STEP_S = 30
GAP = range(75, 83)
"""Steps in which nobody collected."""


def everything(now: datetime) -> dict[str, Json]:
    """Path under the API's prefix -> body, all observed just before `now`."""
    orchestrator = f"/orchestrators/{TEMPORAL}"
    simulated = f"/orchestrators/{SIMULATED}"
    return {
        "/orchestrators": _page([_summary(now), _simulated_summary(now)]),
        f"{orchestrator}/health": _health(now),
        f"{orchestrator}/capacity": _capacity(now),
        f"{orchestrator}/scheduling": _scheduling(now),
        f"{simulated}/health": changed(_health(now), "orchestratorId", SIMULATED),
        f"{simulated}/capacity": changed(_capacity(now), "orchestratorId", SIMULATED),
        f"{simulated}/scheduling": changed(_scheduling(now), "orchestratorId", SIMULATED),
        "/queues": _page(_queues(now)),
        f"/queues/{PAYMENTS}/metrics": _queue_metrics(now),
        "/worker-pools": _page(_pools(now)),
    }


def changed(body: Json, pointer: str, value: object) -> Json:
    """A copy of `body` with `value` at a dotted path; list places are numbers."""
    copy = deepcopy(body)
    *way, last = pointer.split(".")
    place: object = copy
    for name in way:
        place = _step(place, name)
    if isinstance(place, list):
        place[int(last)] = value
    else:
        cast(Json, place)[last] = value
    return copy


def at(body: Json, pointer: str) -> object:
    """What stands at a dotted path."""
    place: object = body
    for name in pointer.split("."):
        place = _step(place, name)
    return place


def column(body: Json, name: str) -> list[float | None]:
    """One column of a series."""
    return cast(list[float | None], at(body, f"series.{name}"))


def problem(status: int, code: str, title: str, request_id: str = "req-4711") -> Json:
    """An RFC 9457 body as the API writes it."""
    return {
        "type": f"urn:woa:problem:{code}",
        "title": title,
        "status": status,
        "detail": "The database did not answer within 5 s.",
        "instance": f"{API}/orchestrators",
        "code": code,
        "requestId": request_id,
    }


def _step(place: object, name: str) -> object:
    if isinstance(place, list):
        return place[int(name)]
    return cast(Mapping[str, object], place)[name]


def _page(items: Sequence[Json]) -> Json:
    return {"items": list(items), "nextCursor": None}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _seen(now: datetime) -> Json:
    return {"observedAt": _iso(now - timedelta(seconds=2)), "state": "ok", "reason": None}


def _summary(now: datetime) -> Json:
    return {
        **_seen(now),
        "id": TEMPORAL,
        "orchestratorType": "temporal",
        "instanceId": "payments-eu",
        "clusterName": "prod-1",
        "simulated": False,
        "firstSeen": _iso(now - timedelta(days=9)),
        "lastSeen": _iso(now - timedelta(seconds=2)),
        "status": "degraded",
        "healthScore": 0.7825,
        "capacityUtilization": 0.915,
        "backlogSize": 1437,
        "activeWorkers": 11,
        "runningWorkflows": 183,
    }


def _simulated_summary(now: datetime) -> Json:
    return {
        **_summary(now),
        "id": SIMULATED,
        "orchestratorType": "custom",
        "instanceId": "nightly-batch",
        "clusterName": "simulation",
        "simulated": True,
        "status": "healthy",
        "healthScore": 0.97,
        "backlogSize": 3,
    }


def _health(now: datetime) -> Json:
    checked = _iso(now - timedelta(seconds=2))
    return {
        **_seen(now),
        "orchestratorId": TEMPORAL,
        "health": {
            "status": "degraded",
            "healthScore": 0.7825,
            "components": _components(checked),
            "lastHealthCheck": checked,
            "uptime": 788_645.0,
            "restarts": None,
            "errors": [],
            "warnings": ["2 task queues were not described: the visibility store lists them late"],
            "diagnostics": {
                "coverage": 0.8,
                "scoreParts": _score_parts(),
                "previousStatus": "healthy",
                "statusReason": "0.78 is below 0.9, the bound of healthy, for 3 samples in a row.",
            },
        },
        "analysis": _analysis(),
    }


def _components(checked: str) -> list[Json]:
    unknown: Json = {"status": None, "latency": None, "throughput": None}
    return [
        _component(
            "frontend",
            "api",
            checked,
            {"status": "healthy", "latency": 4.2, "throughput": 231.5},
        ),
        _component(
            "history",
            "scheduler",
            checked,
            {"status": "healthy", "latency": 0.84, "throughput": 1820.0},
        ),
        _component(
            "matching",
            "queue",
            checked,
            {"status": "degraded", "latency": 1250.0, "throughput": 0.02},
        ),
        _component("postgres", "database", checked, unknown),
    ]


def _component(name: str, kind: str, checked: str, numbers: Json) -> Json:
    issue = {"code": "no_pollers", "message": "Nobody polls reports; 12 tasks wait.", "since": None}
    return {
        "name": name,
        "type": kind,
        "errorRate": None if numbers["throughput"] is None else 0.0125,
        "lastCheck": checked,
        "issues": [issue] if numbers["status"] == "degraded" else [],
        **numbers,
    }


def _score_parts() -> list[Json]:
    return [
        _part("component_health", 0.3, 0.875, "3 of 4 components of known status are healthy."),
        _part(
            "capacity_utilization", 0.2, 0.5667, "Utilization is 0.915; 0.7 to 0.85 is the target."
        ),
        {
            **_part("scheduling_performance", 0.2, None, ""),
            "reason": "the server has no histogram of schedule-to-start latencies",
        },
        _part(
            "queue_efficiency", 0.15, 0.61, "The oldest item has waited 492 s; 300 s is the target."
        ),
        _part("error_rate", 0.15, 0.9, "6 of 1,210 workflows failed within the hour."),
    ]


def _part(name: str, weight: float, score: float | None, evidence: str) -> Json:
    known_weights = 0.8
    effective = 0.0 if score is None else weight / known_weights
    return {
        "name": name,
        "weight": weight,
        "effectiveWeight": effective,
        "score": score,
        "contribution": None if score is None else effective * score,
        "raw": {f"{name}_ratio": score, "samples": 240, "window": "1h"},
        "evidence": evidence,
        "repair": None if score is None else "Bring it back to its target.",
        "gain": None if score is None else effective * (1 - score),
        "reason": None,
    }


def _analysis() -> Json:
    return {
        "health_score": 0.7825,
        "health_status": "degraded",
        "bottlenecks": [
            {
                "kind": "queue",
                "name": "payments",
                "waiting_items": 1425,
                "wait_s": 492.0,
                "wait_item_s": 701_100.0,
                "basis": "items x age of the oldest: the most they can have waited so far",
                "evidence": "1425 items wait, the oldest for 492 s, 61.5 per second arrive.",
            },
            {
                "kind": "queue",
                "name": "reports",
                "waiting_items": 12,
                "wait_s": None,
                "wait_item_s": None,
                "basis": "unknown: neither the oldest item nor the processing rate is known",
                "evidence": "12 items wait, nobody consumes.",
            },
        ],
        "recommendations": [
            {
                "action": "Start a consumer of reports.",
                "evidence": "12 items wait and nobody consumes.",
                "effect": "They are worked off.",
                "risk": "All of it starts at once, and some may be too old to be wanted.",
                "score_gain": 0.073,
            }
        ],
    }


def _times(now: datetime) -> list[int]:
    first = now - timedelta(seconds=STEP_S * STEPS)
    return [
        int((first + timedelta(seconds=STEP_S * step)).timestamp() * 1000) for step in range(STEPS)
    ]


def _range(now: datetime) -> Json:
    return {"from": _iso(now - timedelta(seconds=STEP_S * STEPS)), "to": _iso(now), "stepS": STEP_S}


def _wave(middle: float, swing: float, speed: float = 0.12) -> list[float | None]:
    return [
        None if step in GAP else round(middle + swing * sin(step * speed) + (step * 7 % 5), 2)
        for step in range(STEPS)
    ]


def _whole(values: list[float | None]) -> list[float | None]:
    return [None if value is None else round(value) for value in values]


def _capacity(now: datetime) -> Json:
    return {
        **_seen(now),
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


def _scheduling(now: datetime) -> Json:
    return {
        **_seen(now),
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


def _queue(queue_id: str, name: str, now: datetime, numbers: Json) -> Json:
    return {
        **_seen(now),
        "id": queue_id,
        "orchestratorId": TEMPORAL,
        "name": name,
        "type": "fifo",
        "errorRate": None,
        "avgProcessingTime": None,
        "oldestMessage": None,
        "inFlight": None,
        **numbers,
    }


def _queues(now: datetime) -> list[Json]:
    unknown: Json = {"size": None, "consumers": None, "processingRate": None, "arrivalRate": None}
    return [
        _queue(
            REPORTS,
            "reports",
            now,
            {"size": 12, "consumers": 0, "processingRate": 0.0, "arrivalRate": 0.0125},
        ),
        _queue(
            PAYMENTS,
            "payments",
            now,
            {
                "size": 1425,
                "consumers": 8,
                "processingRate": 58.4,
                "arrivalRate": 61.5,
                "oldestMessage": _iso(now - timedelta(seconds=492)),
            },
        ),
        _queue(
            "aa-3",
            "email",
            now,
            {"size": 0, "consumers": 3, "processingRate": 2.1, "arrivalRate": 2.1},
        ),
        _queue("aa-4", "legacy", now, unknown),
    ]


def _queue_metrics(now: datetime) -> Json:
    return {
        **_seen(now),
        "orchestratorId": TEMPORAL,
        "queue": _queues(now)[1],
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


def _pools(now: datetime) -> list[Json]:
    return [
        _pool("payments-workers", now, (8, 5, 2, 1, 0, 0)),
        _pool("email-workers", now, (4, 0, 1, 2, 1, 0)),
        _pool("legacy", now, (None, None, None, None, None, None)),
    ]


def _pool(name: str, now: datetime, counts: Sequence[int | None]) -> Json:
    total, busy, active, idle, failed, terminating = counts
    return {
        **_seen(now),
        "poolId": f"pool-{name}",
        "orchestratorId": TEMPORAL,
        "poolName": name,
        "workerType": "temporal-worker",
        "totalWorkers": total,
        "activeWorkers": active,
        "idleWorkers": idle,
        "busyWorkers": busy,
        "failedWorkers": failed,
        "terminatingWorkers": terminating,
    }
