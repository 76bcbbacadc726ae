"""Recorded answers of real servers give the records that were looked at and found right."""

import json
from pathlib import Path

import pytest

from contracts.coordination import CoordinationMetrics
from contracts.load_balancing import LoadBalancingMetrics
from contracts.orchestrator import OrchestratorMetrics
from contracts.worker_pool import WorkerPoolMetrics
from tests.agents.contract import Explained, unexplained_nulls
from tests.agents.temporal.recording import CASES, Case, replayed

every_case = pytest.mark.parametrize(
    "folder", sorted(CASES.iterdir()), ids=lambda folder: folder.name
)


@every_case
async def test_the_records_of_a_case(folder: Path) -> None:
    records = await replayed(Case.load(folder))

    assert records == json.loads((folder / "expected.json").read_text())


@every_case
def test_a_case_tells_where_it_comes_from(folder: Path) -> None:
    about = Case.load(folder).about

    assert {"server", "command", "recorded", "settings", "scrapes"} <= about.keys()


@every_case
def test_every_null_of_a_case_has_a_reason(folder: Path) -> None:
    for batch in json.loads((folder / "expected.json").read_text()):
        records: list[Explained] = [
            OrchestratorMetrics.model_validate(batch["orchestrator"]),
            *map(WorkerPoolMetrics.model_validate, batch["pools"]),
            *map(LoadBalancingMetrics.model_validate, batch["loadBalancing"]),
            CoordinationMetrics.model_validate(batch["coordination"]),
        ]
        assert [unexplained_nulls(record) for record in records] == [[]] * len(records)
