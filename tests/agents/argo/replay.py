"""How a recorded controller is read again."""

from pathlib import Path
from typing import Any

from agents.argo import ArgoCollector, ArgoConfig
from agents.kube.credentials import Access
from tests.agents.http_cases import HttpCase
from tests.agents.kube.replay import replayed_watches

__all__ = ["ACCESS", "CASES", "SETTINGS", "replayed_case"]

CASES = Path(__file__).with_name("cases")
SETTINGS: dict[str, Any] = {
    "instance_id": "recorded",
    "decision_samples": 3,
    "facts_interval_s": 0.001,
    "controller_metrics_url": "http://controller.example:9090/controller/metrics",
    "server_url": "http://server.example:2746",
}
"""Addresses that mean nothing stand for those that were recorded."""

ACCESS = Access("https://kube.example", True, None)


async def replayed_case(case: HttpCase) -> list[dict[str, Any]]:
    """The batches that a collector makes of a case, as on the wire."""
    config = ArgoConfig.model_validate(case.about["settings"])
    return await replayed_watches(
        case, lambda transport, clock: ArgoCollector(config, ACCESS, transport, clock)
    )
