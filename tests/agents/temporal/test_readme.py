"""The README lists every field, setting and call."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

import agents.temporal
from agents.collector import CollectorConfig
from agents.temporal.config import TemporalConfig
from agents.temporal.rpcs import WorkflowRpcs
from contracts.coordination import CoordinationMetrics
from contracts.events import SchedulingDecision
from contracts.health import OrchestratorHealth
from contracts.load_balancing import LoadBalancingMetrics
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    NetworkMetrics,
    PersistenceMetrics,
    QueueInfo,
    QueueMetrics,
    ResourceAllocation,
    SchedulingPerformance,
)
from contracts.worker_pool import (
    PoolHealth,
    PoolPerformance,
    PoolResourceUsage,
    WorkerInstance,
    WorkerPoolMetrics,
)

README = (Path(agents.temporal.__file__).with_name("README.md")).read_text()

IDENTITY = {"id", "poolId", "orchestratorId", "collectedAt", "metadata", "page"}


def named(text: str) -> set[str]:
    without_examples = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return set(re.findall(r"`([^`]+)`", without_examples))


def section(heading: str) -> str:
    return README.partition(f"\n### {heading}\n")[2].partition("\n##")[0]


def wire_names(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("health", OrchestratorHealth),
        ("capacity", CapacityMetrics),
        ("scheduling", SchedulingPerformance),
        ("queuing", QueueMetrics),
        ("queue", QueueInfo),
        ("execution", ExecutionMetrics),
        ("resources", ResourceAllocation),
        ("networking", NetworkMetrics),
        ("persistence", PersistenceMetrics),
        ("pool", WorkerPoolMetrics),
        ("pool", PoolHealth),
        ("pool", PoolResourceUsage),
        ("pool", PoolPerformance),
        ("worker", WorkerInstance),
        ("decision", SchedulingDecision),
        ("balancing", LoadBalancingMetrics),
        ("coordination", CoordinationMetrics),
    ],
)
def test_every_field_has_its_source(heading: str, model: type[BaseModel]) -> None:
    assert wire_names(model) - named(section(heading)) - IDENTITY == set()


def test_every_setting_is_listed() -> None:
    settings = TemporalConfig.model_fields.keys() | CollectorConfig.model_fields.keys()

    assert settings - named(README) == set()


def test_every_call_is_listed_with_its_right() -> None:
    calls = {
        "".join(word.capitalize() for word in name.split("_"))
        for name in vars(WorkflowRpcs)
        if not name.startswith("_")
    }

    assert calls - named(section("Rights")) == set()
