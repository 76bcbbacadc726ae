"""Every input that the specification's analysers read has a source that exists."""

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from docs.generate.vocabulary import records

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "analysis-inputs.md"
ROW = re.compile(r"^\| `(\w+)` \| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.M)
ROWS = ROW.findall(PAGE.read_text())
RECORDS = {record.__name__: record for record in records()}

READ_BY_THE_SPECIFICATION = {
    "analyze_orchestrator_health": {"components", "capacity", "scheduling", "queuing"},
    "predict_capacity_requirements": {"historical_data", "forecast_window"},
    "optimize_scheduling_algorithm": {"current_algorithm", "algorithm", "latency", "throughput"},
    "optimize_worker_pool": {"pool_metrics", "workload_patterns"},
    "predict_scaling_needs": {"worker_capacity", "total_workers", "historical_data"},
    "detect_worker_anomalies": {"workers", "id"},
    "analyze_queue_performance": {"queue_metrics"},
    "optimize_queue_configuration": {
        *("queue_config", "batch_size", "consumers", "retry_policy", "performance_data"),
        *("avg_latency", "backlog_growth_rate", "retry_rate"),
    },
    "analyze_load_distribution": {"worker_loads"},
    "optimize_load_balancing_algorithm": {"current_algorithm", "workload_characteristics"},
    "analyze_coordination_health": {
        *("consensus", "leader_election", "distributed_locking"),
        *("state_management", "partition_tolerance"),
    },
    "detect_coordination_issues": {"events", "avg_delay", "severity"},
    "check_orchestrator_alerts": {
        *("healthScore", "capacityUtilization", "avgSchedulingLatency", "backlogSize"),
    },
    "auto_scale_decision": {"total_workers", "maxWorkers", "minWorkers", "predicted_load"},
}


def resolved(path: str) -> type[BaseModel] | None:
    """Goes through a path such as `Record.field.field`; None where it ends in a plain value."""
    name, *fields = path.split(".")
    kind: type[BaseModel] | None = RECORDS[name]
    for field in fields:
        assert kind is not None, f"{path}: nothing is inside a plain value"
        by_alias = {info.alias: info for info in kind.model_fields.values()}
        assert field in by_alias, f"{path}: {kind.__name__} has no {field}"
        kind = _record_in(by_alias[field].annotation)
    return kind


def _record_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_record_in(each) for each in get_args(annotation))
    return next((each for each in found if each is not None), None)


def test_every_input_of_the_specification_has_a_row_and_no_other_has() -> None:
    listed: dict[str, set[str]] = {}
    for method, name, *_ in ROWS:
        listed.setdefault(method, set()).add(name)

    assert listed == READ_BY_THE_SPECIFICATION


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_a_source_exists(row: tuple[str, ...]) -> None:
    paths = re.findall(r"`([A-Z]\w+(?:\.\w+)*)`", f"{row[2]} {row[3]}")

    for path in paths:
        resolved(path)
    assert paths or "the caller" in row[2] or row[2].strip("`") in READ_BY_THE_SPECIFICATION


def test_a_source_that_does_not_exist_is_found() -> None:
    with pytest.raises(AssertionError, match="has no usedSlot"):
        resolved("OrchestratorMetrics.capacity.usedSlot")
    with pytest.raises(AssertionError, match="plain value"):
        resolved("OrchestratorMetrics.capacity.usedSlots.more")
