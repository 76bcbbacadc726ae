"""A node in memory: its object at an API server, its kubelet, and a collector that reads it.

The kubelet here is a fake: it answers in the shape that a real one of 1.37 did (`recorded.json`).
"""

import copy
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from agents.collector import UsageBatch
from agents.kube.credentials import Access
from agents.kubernetes.node import NodeCollector, NodeConfig
from tests.agents.contract import NOW
from tests.agents.http_faults import FaultyTransport

__all__ = ["KUBELET", "NAME", "NODE", "UID", "FakeNode", "Scene"]

RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text())
NAME = "real-1"
UID = RECORDED["node"]["metadata"]["uid"]
NODE, KUBELET = f"GET /api/v1/nodes/{NAME}", "GET /stats/summary"


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class FakeNode(httpx.AsyncBaseTransport):
    """Answers for both servers; what is asked of it is kept."""

    def __init__(self) -> None:
        self.node: dict[str, Any] = copy.deepcopy(RECORDED["node"])
        self.summary: dict[str, Any] = copy.deepcopy(RECORDED["summary"])
        self.urls: list[str] = []

    @property
    def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = self.summary["node"]
        return stats

    def sample(self, at: datetime, received: int = 0, sent: int = 0) -> None:
        """The kubelet samples; so many bytes came and went since it did before."""
        for part in ("cpu", "memory", "network", "fs"):
            self.stats[part]["time"] = stamp(at)
        self.stats["network"]["rxBytes"] += received
        self.stats["network"]["txBytes"] += sent

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.urls.append(str(request.url))
        if request.url.path == "/stats/summary":
            return httpx.Response(200, json=self.summary)
        if request.url.path == f"/api/v1/nodes/{NAME}":
            return httpx.Response(200, json=self.node)
        return httpx.Response(404, json={"kind": "Status", "reason": "NotFound"})


@dataclass
class Scene:
    """The node, its clock, and what reads it."""

    settings: dict[str, Any] = field(default_factory=dict)
    at: datetime = NOW

    def __post_init__(self) -> None:
        self.server = FakeNode()
        self.server.sample(self.at)
        self.wire = FaultyTransport(self.server)
        given = {"instance_id": "prod", "node_name": NAME} | self.settings
        self.config = NodeConfig.model_validate(given)
        reach = Access("https://kube.example", True, None)
        self.collector = NodeCollector(self.config, reach, self.wire, clock=lambda: 0.0)

    async def scrape(self) -> UsageBatch:
        """One scrape; the next is an interval later."""
        try:
            return await self.collector.collect(self.at)
        finally:
            self.at += timedelta(seconds=self.config.interval_s)
