"""A home-grown scheduler in memory, and a collector that reads it by a mapping."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from agents.collector import Batch
from agents.custom import CustomCollector, CustomConfig
from tests.agents.contract import NOW
from tests.agents.http_faults import FaultyTransport

__all__ = ["MAPPING", "Scene"]

MAPPING: dict[str, Any] = {
    "instance_id": "jobs",
    "sources": {
        "stats": {"kind": "json", "url": "http://jobs.example/stats"},
        "metrics": {"kind": "prometheus", "url": "http://jobs.example/metrics"},
    },
    "fields": {
        "health.uptime": {"source": "stats", "pointer": "/uptime_ms", "unit": "ms"},
        "capacity.totalSlots": {"source": "stats", "pointer": "/slots/total"},
        "capacity.usedSlots": {"source": "stats", "pointer": "/slots/busy"},
        "capacity.capacityUtilization": {
            "source": "stats",
            "pointer": "/slots/percent",
            "unit": "percent",
        },
        "scheduling.avgSchedulingLatency": {"source": "stats", "pointer": "/wait_s", "unit": "s"},
        "scheduling.queueDepth": {"source": "metrics", "metric": "jobs_waiting"},
        "scheduling.schedulingAlgorithm": {"source": "stats", "pointer": "/order"},
        "queuing.backlogSize": {"source": "metrics", "metric": "jobs_waiting"},
        "queuing.throughput": {"source": "metrics", "metric": "jobs_total", "per_second": True},
        "execution.completedWorkflows": {
            "source": "metrics",
            "metric": "jobs_total",
            "labels": {"result": "ok"},
            "delta": True,
        },
        "execution.failedWorkflows": {
            "source": "metrics",
            "metric": "jobs_total",
            "labels": {"result": "failed"},
            "delta": True,
        },
        "resources.memoryBytes": {"source": "stats", "pointer": "/memory", "unit": "MiB"},
    },
    "queues": [
        {
            "source": "stats",
            "each": "/queues",
            "fields": {
                "name": {"pointer": "/name"},
                "size": {"pointer": "/depth"},
                "oldestMessage": {"pointer": "/oldest"},
                "arrivalRate": {"pointer": "/put", "per_second": True},
            },
        }
    ],
    "pools": [
        {
            "name": "workers",
            "worker_type": "thread",
            "fields": {"performance.throughput": {"source": "stats", "pointer": "/per_s"}},
            "workers": {
                "source": "stats",
                "each": "/workers",
                "fields": {
                    "id": {"pointer": "/key"},
                    "status": {
                        "pointer": "/value/state",
                        "values": {"up": "active", "sleeping": "idle", "gone": "failed"},
                    },
                    "usedSlots": {"pointer": "/value/running"},
                    "memoryUsage": {"pointer": "/value/mem", "unit": "percent"},
                },
            },
        }
    ],
}


@dataclass
class Scene:
    """What the scheduler says, and what reads it."""

    settings: dict[str, Any] = field(default_factory=lambda: MAPPING)
    at: datetime = NOW
    stats: Any = field(
        default_factory=lambda: {
            "uptime_ms": 90_000,
            "slots": {"total": 8, "busy": 2, "percent": 25},
            "wait_s": 1.5,
            "order": "shortest first",
            "memory": 12.5,
            "per_s": 0.5,
            "queues": [
                {"name": "mail", "depth": 3, "oldest": "2026-03-01T11:59:00Z", "put": 100},
                {"name": "a/b", "depth": 0, "oldest": None, "put": 7},
            ],
            "workers": {
                "w1": {"state": "up", "running": 2, "mem": 50},
                "w2": {"state": "sleeping", "running": 0, "mem": None},
                "w3": {"state": "gone"},
            },
        }
    )
    counted: dict[str, float] = field(
        default_factory=lambda: {
            'jobs_waiting{queue="mail"}': 3,
            'jobs_waiting{queue="a/b"}': 0,
            'jobs_total{result="ok"}': 100,
            'jobs_total{result="failed"}': 5,
        }
    )

    def __post_init__(self) -> None:
        self.wire = FaultyTransport(httpx.MockTransport(self._answer))
        self.config = CustomConfig.model_validate(self.settings)
        self.collector = CustomCollector(self.config, self.wire, clock=lambda: 0.0)

    async def scrape(self) -> Batch:
        """One scrape; the next is an interval later."""
        batch = await self.collector.collect(self.at)
        self.at += timedelta(seconds=self.config.interval_s)
        return batch

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/stats":
            return httpx.Response(200, text=json.dumps(self.stats))
        lines = [f"{series} {value}" for series, value in self.counted.items()]
        return httpx.Response(200, text="\n".join(["# HELP jobs_total Jobs", *lines, ""]))
