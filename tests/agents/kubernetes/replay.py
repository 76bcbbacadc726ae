"""How a recorded cluster is read again."""

from pathlib import Path
from typing import Any

from agents.kube.credentials import Access
from agents.kubernetes import KubernetesCollector, KubernetesConfig
from tests.agents.http_cases import HttpCase
from tests.agents.kube.replay import replayed_watches

__all__ = ["ACCESS", "CASES", "SETTINGS", "replayed_case"]

CASES = Path(__file__).with_name("cases")
SETTINGS: dict[str, Any] = {
    "instance_id": "recorded",
    "decision_samples": 3,
    "metrics_interval_s": 0.001,
    "workload_selector": "woa/pool=true",
    "scheduler_urls": ["https://scheduler.example:10259/scheduler/metrics"],
    "controller_manager_urls": ["https://manager.example:10257/manager/metrics"],
}
"""Addresses that mean nothing stand for those of the recorded cluster."""

ACCESS = Access("https://kube.example", True, None)


async def replayed_case(case: HttpCase) -> list[dict[str, Any]]:
    """The batches that a collector makes of a case, as on the wire."""
    config = KubernetesConfig.model_validate(case.about["settings"])
    return await replayed_watches(
        case, lambda transport, clock: KubernetesCollector(config, ACCESS, transport, clock)
    )
