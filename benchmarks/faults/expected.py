"""What must be in the database, worked out from the journal alone.

The arithmetic is this module's own, record by record and in Python; only which metrics there are
and what is kept of each is the product's declaration (`store.rollups`).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from benchmarks.faults.journal import Entry, Known, Poisoned, Put
from bus.port import Message
from contracts.events import CoordinationEvent, ScalingEvent, SchedulingDecision
from contracts.orchestrator import OrchestratorMetrics, QueueInfo
from contracts.topics import SCHEMA_HEADER, PublishedRecord, decode
from contracts.worker_pool import WorkerPoolMetrics
from store.rollups import (
    LATENCY_ROLLUP,
    ORCHESTRATOR_ROLLUP,
    POOL_ROLLUP,
    QUEUE_ROLLUP,
    Keep,
    Rollup,
)
from store.samples import (
    ORCHESTRATOR_SAMPLES,
    POOL_SAMPLES,
    orchestrator_samples,
    pool_samples,
)

__all__ = ["BUCKETS", "Expected", "Registers", "RollupRow", "expected", "latency_registers"]

BUCKETS = {"1m": timedelta(minutes=1), "1h": timedelta(hours=1)}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
POOL_COUNTS = (
    *("total_workers", "active_workers", "idle_workers"),
    *("busy_workers", "failed_workers", "terminating_workers"),
)

Key = tuple[object, ...]
Registers = dict[str, object]
"""A row of a rollup: its columns without the keys."""
RollupRow = tuple[str, Key, datetime]
"""Table, ids of the subject (of a histogram its bounds as well), bucket."""


@dataclass
class Expected:
    """All of it. Names are the texts of ids."""

    history: dict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    """By table, the ids of what must be there once."""
    queues: set[tuple[UUID, datetime]] = field(default_factory=set)
    """Queue and time of each row of `queue_metrics`."""
    rollups: dict[RollupRow, Registers] = field(default_factory=dict)
    latest: dict[str, dict[UUID, tuple[datetime, UUID]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """By table and subject, the time of the newest record, and the record."""
    poison: dict[str, str] = field(default_factory=dict)
    """By name, the reason of the dead letter."""
    kinds: Counter[str] = field(default_factory=Counter)
    """Different poison of each kind."""
    valid: set[str] = field(default_factory=set)
    handed_over: set[str] = field(default_factory=set)
    sent: int = 0
    """All that was sent, repetitions with it."""


def expected(entries: Iterable[Entry]) -> Expected:
    """What the journal says."""
    found = Expected()
    for entry in entries:
        match entry:
            case Known(message):
                found.sent += 1
                _add(found, _record(message))
            case Poisoned(name, kind, reason, _):
                found.sent += 1
                found.kinds[kind] += name not in found.poison
                found.poison[name] = reason
            case Put(names):
                found.handed_over.update(names)
    return found


def _record(message: Message) -> PublishedRecord:
    return decode(message.topic, message.headers[SCHEMA_HEADER], message.value)


def _add(found: Expected, record: PublishedRecord) -> None:
    if str(record.id) in found.valid:
        return
    found.valid.add(str(record.id))
    match record:
        case OrchestratorMetrics():
            found.history["orchestrator_metrics"].add(record.id)
            _add_orchestrator(found, record)
        case WorkerPoolMetrics():
            found.history["worker_pool_metrics"].add(record.id)
            _newest(found, "worker_pool_latest", record.pool_id, record.collected_at, record.id)
            subject = (record.orchestrator_id, record.pool_id)
            values = dict(zip(POOL_SAMPLES, pool_samples(record), strict=True))
            values |= {name: getattr(record, name) for name in POOL_COUNTS}
            _roll_up(found, POOL_ROLLUP, subject, record.collected_at, values)
        case SchedulingDecision():
            found.history["scheduling_decisions"].add(record.id)
        case CoordinationEvent():
            found.history["coordination_events"].add(record.id)
        case ScalingEvent():
            found.history["scaling_events"].add(record.id)
        case _:
            raise ValueError(f"the producer sends no {type(record).__name__}")


def _add_orchestrator(found: Expected, record: OrchestratorMetrics) -> None:
    owner, at = record.orchestrator_id, record.collected_at
    _newest(found, "orchestrator_latest", owner, at, record.id)
    values = dict(zip(ORCHESTRATOR_SAMPLES, orchestrator_samples(record), strict=True))
    _roll_up(found, ORCHESTRATOR_ROLLUP, (owner,), at, values)
    histogram = record.scheduling and record.scheduling.latency_histogram
    if histogram:
        added = latency_registers(histogram.counts, histogram.sum_ms)
        for step, width in BUCKETS.items():
            subject = (owner, *histogram.bounds_ms)
            row = (f"{LATENCY_ROLLUP}_{step}", subject, _bucket(at, width))
            known = found.rollups.setdefault(row, {})
            for name, value in added.items():
                known[name] = _plus(known.get(name), value)
    for queue in (record.queuing and record.queuing.queues) or ():
        assert queue.id
        found.queues.add((queue.id, at))
        _newest(found, "queue_latest", queue.id, at, record.id)
        _roll_up(found, QUEUE_ROLLUP, (owner, queue.id), at, _queue_values(queue, at))


def latency_registers(counts: Sequence[float], sum_ms: float) -> Registers:
    """A histogram as a row that adds up: a column for each of its buckets."""
    registers: Registers = {f"count_{place}": count for place, count in enumerate(counts)}
    return registers | {"sum_ms": sum_ms}


def _bucket(at: datetime, width: timedelta) -> datetime:
    return EPOCH + (at - EPOCH) // width * width


def _queue_values(queue: QueueInfo, at: datetime) -> Mapping[str, object]:
    oldest = queue.oldest_message
    return {
        "size": queue.size,
        "consumers": queue.consumers,
        "in_flight": queue.in_flight,
        "processing_rate": queue.processing_rate,
        "arrival_rate": queue.arrival_rate,
        "error_rate": queue.error_rate,
        "avg_processing_time_ms": queue.avg_processing_time,
        "oldest_age_s": None if oldest is None else max(0.0, (at - oldest).total_seconds()),
    }


def _newest(found: Expected, table: str, subject: UUID, at: datetime, record: UUID) -> None:
    known = found.latest[table].get(subject)
    if known is None or known[0] < at:
        found.latest[table][subject] = (at, record)


def _roll_up(
    found: Expected, rollup: Rollup, subject: Key, at: datetime, values: Mapping[str, object]
) -> None:
    for step, width in BUCKETS.items():
        row = found.rollups.setdefault((f"{rollup.name}_{step}", subject, _bucket(at, width)), {})
        row["samples"] = _plus(row.get("samples"), 1)
        for measure in rollup.measures:
            for keep in measure.keeps:
                _keep(row, measure.name, keep, at, values[measure.name])


def _keep(row: Registers, name: str, keep: Keep, at: datetime, value: object) -> None:
    """Adds one value to the registers; null where none was known yet."""
    match keep:
        case Keep.LAST | Keep.LAST_TEXT:
            row.setdefault(name, None)
            known_at = row.setdefault(f"{name}_at", None)
            if value is not None and (not isinstance(known_at, datetime) or known_at < at):
                row[name], row[f"{name}_at"] = value, at
        case Keep.TOTAL:
            row[name] = _plus(row.get(name), value)
        case Keep.MEAN:
            row[f"{name}_sum"] = _plus(row.get(f"{name}_sum"), value)
            row[f"{name}_samples"] = _plus(row.get(f"{name}_samples", 0), int(value is not None))
        case Keep.MIN:
            row[f"{name}_min"] = min(_numbers(row.get(f"{name}_min"), value), default=None)
        case Keep.MAX:
            row[f"{name}_max"] = max(_numbers(row.get(f"{name}_max"), value), default=None)


def _plus(one: object, other: object) -> float | int | None:
    known = list(_numbers(one, other))
    return sum(known) if known else None


def _numbers(*values: object) -> Iterator[float | int]:
    for value in values:
        if isinstance(value, int | float) and not math.isnan(value):
            yield value
