"""What a mapping may fill: the leaves of the records, with the kind and the unit of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from contracts.health import OrchestratorHealth
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

__all__ = ["ORCHESTRATOR", "POOL", "QUEUE", "UNITS", "WORKER", "Target", "Targets"]

UNITS: Mapping[str, tuple[str, float]] = {
    "us": ("time", 1e-6),
    "ms": ("time", 1e-3),
    "s": ("time", 1.0),
    "min": ("time", 60.0),
    "h": ("time", 3600.0),
    "ratio": ("share", 1.0),
    "percent": ("share", 0.01),
    "bytes": ("size", 1.0),
    "KiB": ("size", 1024.0),
    "MiB": ("size", 1024.0**2),
    "GiB": ("size", 1024.0**3),
}
"""Name -> what it measures, and how much of the first of its kind it is."""

RUNNERS = frozenset(
    {
        "health.healthScore",
        "health.status",
        "capacity.peakUtilization",
        "scheduling.optimizationScore",
        "queuing.backlogGrowingForS",
    }
)
"""Filled by the runner."""


@dataclass(frozen=True)
class Target:
    """One leaf. `unit` is the one it is stored in, None where it is a plain number or no number."""

    section: str
    name: str
    base: type
    unit: str | None
    adapter: TypeAdapter[Any]

    def factor(self, unit: str) -> float:
        """What a value in `unit` is multiplied by. Raises `ValueError` when that makes no sense."""
        if unit not in UNITS:
            raise ValueError(f"there is no unit {unit!r}; there are {', '.join(UNITS)}")
        kind, size = UNITS[unit]
        if self.unit is None or UNITS[self.unit][0] != kind:
            stored = f"is stored in {self.unit}" if self.unit else "has no unit"
            raise ValueError(f"{unit!r} does not fit: it {stored}")
        return size / UNITS[self.unit][1]


@dataclass(frozen=True)
class Targets:
    """The leaves of one kind of record by their dotted name, as on the wire."""

    leaves: Mapping[str, Target]

    def find(self, name: str) -> Target:
        """Raises `ValueError` with the nearest name there is."""
        if name in self.leaves:
            return self.leaves[name]
        near = get_close_matches(name, self.leaves, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"there is no field {name!r}{hint}")


@cache
def _targets(*sections: tuple[str, type[BaseModel]]) -> Targets:
    leaves: dict[str, Target] = {}
    for section, model in sections:
        for name, field in model.model_fields.items():
            place = f"{section}.{field.alias}" if section else str(field.alias)
            base = _base(field.annotation)
            if base is not None and place not in RUNNERS:
                unit = _unit(name, base, field)
                leaves[place] = Target(section, name, base, unit, _adapter(field))
    return Targets(leaves)


def _adapter(field: FieldInfo) -> TypeAdapter[Any]:
    whole: Any = field.annotation
    for limit in field.metadata:
        whole = Annotated[whole, limit]
    return TypeAdapter(whole)


def _base(annotation: Any) -> type | None:
    """The plain type of a leaf that may be null; None for what has parts of its own."""
    if get_origin(annotation) in (Union, UnionType):
        bases = [_base(each) for each in get_args(annotation) if each is not type(None)]
        return bases[0] if len(bases) == 1 else None
    if get_origin(annotation) is Annotated:
        return _base(get_args(annotation)[0])
    if get_origin(annotation) is dict and get_args(annotation)[1] is not Any:
        return dict if _base(get_args(annotation)[1]) in (int, str) else None
    if annotation is AwareDatetime:
        return datetime
    plain = (bool, int, float, str, datetime)
    if isinstance(annotation, type) and (annotation in plain or issubclass(annotation, StrEnum)):
        return annotation
    return None


def _unit(name: str, base: type, field: FieldInfo) -> str | None:
    said = field.description or ""
    if base not in (int, float):
        return None
    if name.endswith("_bytes"):
        return "bytes"
    if "illiseconds" in said:
        return "ms"
    if name.endswith("_s") or said.startswith("Seconds"):
        return "s"
    if base is float and ("hare" in said or "0..1" in said or "Used / total" in said):
        return "ratio"
    return "ratio" if base is float and "Used slots / total" in said else None


ORCHESTRATOR = _targets(
    ("health", OrchestratorHealth),
    ("capacity", CapacityMetrics),
    ("scheduling", SchedulingPerformance),
    ("queuing", QueueMetrics),
    ("execution", ExecutionMetrics),
    ("resources", ResourceAllocation),
    ("networking", NetworkMetrics),
    ("persistence", PersistenceMetrics),
)
QUEUE = _targets(("", QueueInfo))
WORKER = _targets(("", WorkerInstance))
POOL = _targets(
    ("", WorkerPoolMetrics),
    ("poolHealth", PoolHealth),
    ("resourceUsage", PoolResourceUsage),
    ("performance", PoolPerformance),
)
