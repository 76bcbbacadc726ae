"""Recorded answers of real Airflows."""

from pathlib import Path
from typing import Any

from agents.airflow import AirflowCollector, AirflowConfig
from tests.agents.http_cases import HttpCase, replayed

__all__ = ["CASES", "SETTINGS", "replayed_case"]

CASES = Path(__file__).with_name("cases")
SETTINGS = {
    "instance_id": "recorded",
    "base_url": "http://127.0.0.1:8080",
    "token": "of-no-use",
    "executor": "local",
    "parallelism": 4,
    "overlap_s": 20,
}
"""An address and a token that mean nothing stand for those of the recorded server."""


async def replayed_case(case: HttpCase) -> list[dict[str, Any]]:
    """The batches that a collector makes of a case, as on the wire."""
    config = AirflowConfig.model_validate(case.about["settings"])
    return await replayed(case, lambda wire: AirflowCollector(config, wire, clock=lambda: 0.0))
