"""What every agent's README holds: each field with its source, each setting."""

import re
from abc import ABC
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest
from pydantic import BaseModel

from agents.collector import CollectorConfig
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

__all__ = ["IDENTITY", "ReadmeContract", "named"]

IDENTITY = {"id", "poolId", "orchestratorId", "collectedAt", "metadata", "page"}


def named(text: str) -> set[str]:
    """What stands in backticks, outside of examples."""
    without_examples = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return set(re.findall(r"`([^`]+)`", without_examples))


class ReadmeContract(ABC):
    """Inherit, and name the agent's package and its settings."""

    package: ClassVar[ModuleType]
    config: ClassVar[type[CollectorConfig]]

    @property
    def text(self) -> str:
        assert self.package.__file__
        return Path(self.package.__file__).with_name("README.md").read_text()

    def section(self, heading: str) -> str:
        return self.text.partition(f"\n### {heading}\n")[2].partition("\n##")[0]

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
    def test_every_field_has_its_source(self, heading: str, model: type[BaseModel]) -> None:
        wire = {field.alias or name for name, field in model.model_fields.items()}

        assert wire - named(self.section(heading)) - IDENTITY == set()

    def test_every_setting_is_listed(self) -> None:
        settings = self.config.model_fields.keys() | CollectorConfig.model_fields.keys()

        assert settings - named(self.text) == set()

    @pytest.mark.parametrize("heading", ["Rights", "Load"])
    def test_what_it_needs_and_costs_is_said(self, heading: str) -> None:
        assert self.section(heading).strip()

    @pytest.mark.parametrize("heading", ["Failures", "Versions"])
    def test_what_goes_wrong_and_what_is_supported_is_said(self, heading: str) -> None:
        assert self.text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].strip()
