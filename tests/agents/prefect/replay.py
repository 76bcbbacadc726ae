"""Recorded answers of real Prefect servers."""

from pathlib import Path
from typing import Any

from agents.prefect import PrefectCollector, PrefectConfig
from tests.agents.http_cases import HttpCase, replayed

__all__ = ["CASES", "SETTINGS", "replayed_case"]

CASES = Path(__file__).with_name("cases")
SETTINGS = {
    "instance_id": "recorded",
    "api_url": "http://127.0.0.1:4200/api",
    "decision_samples": 2,
}
"""An address that means nothing stands for that of the recorded server."""


async def replayed_case(case: HttpCase) -> list[dict[str, Any]]:
    """The batches that a collector makes of a case, as on the wire."""
    config = PrefectConfig.model_validate(case.about["settings"])
    return await replayed(case, lambda wire: PrefectCollector(config, wire, clock=lambda: 0.0))
