"""What the stub answers: one real orchestrator in trouble and one simulated that is well.

The numbers are made up and have no meaning beyond being told apart on the page.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.dashboard.documents import (
    PAYMENTS,
    REPORTS,
    SIMULATED,
    TEMPORAL,
    Json,
    changed,
    iso,
    seen,
)
from tests.dashboard.histories import capacity, queue_metrics, scheduling

__all__ = ["everything"]


def everything(now: datetime) -> dict[str, Json]:
    """Path under the API's prefix -> body, all observed just before `now`."""
    orchestrator = f"/orchestrators/{TEMPORAL}"
    simulated = f"/orchestrators/{SIMULATED}"
    return {
        "/orchestrators": _page([_summary(now), _simulated_summary(now)]),
        f"{orchestrator}/health": _health(now),
        f"{orchestrator}/capacity": capacity(now),
        f"{orchestrator}/scheduling": scheduling(now),
        f"{simulated}/health": changed(_health(now), "orchestratorId", SIMULATED),
        f"{simulated}/capacity": changed(capacity(now), "orchestratorId", SIMULATED),
        f"{simulated}/scheduling": changed(scheduling(now), "orchestratorId", SIMULATED),
        "/queues": _page(_queues(now)),
        f"/queues/{PAYMENTS}/metrics": queue_metrics(_queues(now)[1], now),
        "/worker-pools": _page(_pools(now)),
    }


def _page(items: Sequence[Json]) -> Json:
    return {"items": list(items), "nextCursor": None}


def _summary(now: datetime) -> Json:
    return {
        **seen(now),
        "id": TEMPORAL,
        "orchestratorType": "temporal",
        "instanceId": "payments-eu",
        "clusterName": "prod-1",
        "simulated": False,
        "firstSeen": iso(now - timedelta(days=9)),
        "lastSeen": iso(now - timedelta(seconds=2)),
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
    checked = iso(now - timedelta(seconds=2))
    return {
        **seen(now),
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


def _queue(queue_id: str, name: str, now: datetime, numbers: Json) -> Json:
    return {
        **seen(now),
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
                "oldestMessage": iso(now - timedelta(seconds=492)),
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


def _pools(now: datetime) -> list[Json]:
    return [
        _pool("payments-workers", now, (8, 5, 2, 1, 0, 0)),
        _pool("email-workers", now, (4, 0, 1, 2, 1, 0)),
        _pool("legacy", now, (None, None, None, None, None, None)),
    ]


def _pool(name: str, now: datetime, counts: Sequence[int | None]) -> Json:
    total, busy, active, idle, failed, terminating = counts
    return {
        **seen(now),
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
