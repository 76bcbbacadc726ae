"""From documents to the records, as the mapping says. Pure: the same documents, the same batch."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from agents.collector import Batch
from agents.components import Part, component_records
from agents.custom.config import CustomConfig, ListSpec, PoolSpec
from agents.custom.mapping import Counters, Documents, Reader, rows_of
from agents.custom.targets import ORCHESTRATOR, POOL, QUEUE, WORKER
from agents.missing import Gaps, Missing
from agents.origin import Origin
from agents.pools import Pool, build_pool
from contracts.health import (
    ComponentHealth,
    ComponentIssue,
    ComponentStatus,
    ComponentType,
    HealthStatus,
    OrchestratorHealth,
)
from contracts.identity import queue_id
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    NetworkMetrics,
    PersistenceMetrics,
    QueueInfo,
    QueueMetrics,
    QueueType,
    ResourceAllocation,
    ScalingMetrics,
    SchedulingPerformance,
)
from contracts.worker_pool import WorkerInstance, WorkerPoolMetrics

__all__ = ["translate"]

NOT_MAPPED = "not mapped"
NOT_MEASURED = Missing("the source is asked, not measured")
SECTIONS: Mapping[str, type[BaseModel]] = {
    "capacity": CapacityMetrics,
    "scheduling": SchedulingPerformance,
    "queuing": QueueMetrics,
    "execution": ExecutionMetrics,
    "resources": ResourceAllocation,
    "networking": NetworkMetrics,
    "persistence": PersistenceMetrics,
}
RUNNERS = {
    "capacity": {"peak_utilization"},
    "scheduling": {"optimization_score"},
    "queuing": {"backlog_growing_for_s"},
    "execution": {"recent"},
}
"""What the runner fills."""


def translate(
    documents: Documents, config: CustomConfig, origin: Origin, counters: Counters
) -> Batch:
    """The record of the orchestrator and one for each mapped pool."""
    gaps, reader = Gaps(), Reader(documents, counters)
    values = reader.values(config.fields, ORCHESTRATOR, "fields")
    asked = values.get("health", {})
    sections: dict[str, Any] = {
        name: _section(name, model, values, gaps) for name, model in SECTIONS.items()
    }
    if config.queues:
        queues = _queues(reader, config, origin, gaps)
        gaps.reasons.pop("/queuing/queues", None)
        found = gaps.take("/queuing/queues", queues)
        sections["queuing"] = sections["queuing"].model_copy(update={"queues": found})
    health = gaps.fill(
        OrchestratorHealth,
        "/health",
        status=HealthStatus.HEALTHY,
        health_score=None,
        components=_components(documents, origin, gaps),
        last_health_check=origin.now,
        errors=origin.log.errors(origin.now),
        uptime=asked.get("uptime", Missing(NOT_MAPPED)),
        restarts=asked.get("restarts", Missing(NOT_MAPPED)),
    )
    record = origin.record(gaps, {"sources": sorted(config.sources)}, health=health, **sections)
    pools = tuple(_pool(each, reader, origin) for each in config.pools)
    return Batch(record, pools)


def _section(
    name: str, model: type[BaseModel], values: Mapping[str, dict[str, Any]], gaps: Gaps
) -> Any:
    given = dict(values.get(name, {}))
    if name == "capacity":
        given["scaling_metrics"] = gaps.fill(ScalingMetrics, "/capacity/scalingMetrics", NOT_MAPPED)
    for left in RUNNERS.get(name, ()):
        given.setdefault(left, None)
    built: Any = gaps.fill(model, f"/{name}", NOT_MAPPED, **given)  # type: ignore[type-var]
    return built


def _components(documents: Documents, origin: Origin, gaps: Gaps) -> tuple[ComponentHealth, ...]:
    """Each source is one: whether it answers is all that is known."""
    failures = {each.source: each for each in origin.log.failures}
    parts = []
    for name, document in documents.items():
        silent = isinstance(document, Missing)
        issues = (
            (ComponentIssue(code=failures[name].code, message=failures[name].reason),)
            if name in failures
            else ()
        )
        status = ComponentStatus.UNHEALTHY if silent else ComponentStatus.HEALTHY
        parts.append(
            Part(name, ComponentType.API, status, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, issues)
        )
    return component_records(parts, origin.now, gaps)


def _queues(
    reader: Reader, config: CustomConfig, origin: Origin, gaps: Gaps
) -> tuple[QueueInfo, ...] | Missing:
    queues: list[QueueInfo] = []
    for number, listed in enumerate(config.queues):
        rows = rows_of(listed, reader.documents[listed.source])
        if isinstance(rows, Missing):
            return rows
        for row in rows:
            values = reader.of_row(listed, row, QUEUE, f"queues.{number}")
            name = values.pop("name")
            if isinstance(name, Missing):
                return Missing(f"a queue has no name: {name.reason}")
            values.setdefault("type", QueueType.FIFO)
            values.setdefault("size", Missing(NOT_MAPPED))
            if isinstance(values["type"], Missing):
                return Missing(f"the queue {name} has no type: {values['type'].reason}")
            identity = queue_id(origin.orchestrator, name)
            pointer = f"/queuing/queues/{len(queues)}"
            values |= {"id": identity, "name": name}
            queues.append(gaps.fill(QueueInfo, pointer, NOT_MAPPED, **values))
    names = [queue.name for queue in queues]
    if len(names) != len(set(names)):
        return Missing("two queues have the same name")
    gaps.shorten("/queuing/queues", len(queues))
    return tuple(queues)


def _pool(spec: PoolSpec, reader: Reader, origin: Origin) -> WorkerPoolMetrics:
    values = reader.values(spec.fields, POOL, f"pools.{spec.name}")
    listed = spec.workers
    workers: list[WorkerInstance] | Missing = Missing(NOT_MAPPED)
    untold = dict.fromkeys(
        (name for name in WorkerInstance.model_fields if name not in ("id", "status", "labels")),
        NOT_MAPPED,
    )
    if listed is not None:
        workers, reasons = _workers(spec.name, listed, reader)
        untold |= reasons
    counts = dict(values.get("", {}))
    return build_pool(
        Pool(
            name=spec.name,
            worker_type=spec.worker_type,
            workers=workers,
            otherwise=NOT_MAPPED,
            untold=untold,
            counts=counts if listed is None else {},
            health=values.get("poolHealth", {}),
            usage=values.get("resourceUsage", {}),
            performance=values.get("performance", {}),
            details={"pool": spec.name},
        ),
        origin,
    )


def _workers(
    pool: str, listed: ListSpec, reader: Reader
) -> tuple[list[WorkerInstance] | Missing, dict[str, str]]:
    """The workers, and why fields of them are null. One without id or status spoils the list."""
    rows = rows_of(listed, reader.documents[listed.source])
    if isinstance(rows, Missing):
        return rows, {}
    workers, reasons = [], {}
    for row in rows:
        values = reader.of_row(listed, row, WORKER, f"pools.{pool}.workers")
        for name in ("id", "status"):
            if isinstance(values[name], Missing):
                return Missing(f"a worker has no {name}: {values[name].reason}"), {}
        for name, value in values.items():
            if isinstance(value, Missing):
                reasons[name] = value.reason
        known = {
            name: None if isinstance(value, Missing) else value for name, value in values.items()
        }
        workers.append(WorkerInstance(**known))
    if len({worker.id for worker in workers}) != len(workers):
        return Missing("two workers have the same id"), {}
    return workers, reasons
