"""What the producer sends: valid records out of order and twice, and poison. Pure.

The same seed and start give the same traffic.
"""

import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, islice
from random import Random
from typing import Any
from uuid import UUID

from agents.forwarder import RECORD_ID_HEADER, message_of
from benchmarks.fleet import Fleet
from bus.port import Message
from contracts.events import (
    CoordinationEvent,
    ScalingEvent,
    SchedulingDecision,
    SchedulingOutcome,
)
from contracts.identity import pool_id, sample_id, workflow_id
from contracts.orchestrator import Metadata, OrchestratorMetrics
from contracts.topics import SCHEMA_HEADER, PublishedRecord
from contracts.worker_pool import (
    PoolPerformance,
    PoolResourceUsage,
    ScalingAction,
    WorkerPoolMetrics,
)

__all__ = ["REASONS", "STEP", "Load", "Poison", "Sent", "Valid", "duration", "traffic"]

STEP = timedelta(seconds=15)
ORCHESTRATORS = 40
POOL_SHARE = 0.06
EVENT_SHARE = 0.04
LATE_SHARE = 0.1
LATE_BY = (1, 600)
DUPLICATE_SHARE = 0.05
DUPLICATE_BY = (1, 3_000)
POISON_SHARE = 0.01
TOO_LARGE_BYTES = 1_100_000
AHEAD = timedelta(days=2)

REASONS = {
    "broken_json": "not_json",
    "wrong_types": "invalid_record",
    "unknown_major": "unknown_schema",
    "nul_character": "not_json",
    "out_of_range": "invalid_record",
    "time_ahead": "time_ahead",
    "too_large": "message_too_large",
}
"""Every kind of poison, and the reason that its dead letter must have."""


@dataclass(frozen=True)
class Load:
    """How much of it: so many different valid records, the first ones from `start` on."""

    seed: int
    records: int
    start: datetime


@dataclass(frozen=True)
class Valid:
    """A record that must be stored once."""

    record: PublishedRecord


@dataclass(frozen=True)
class Poison:
    """What must be set aside once: bytes for the brokers, or a record that they do not take."""

    name: str
    kind: str
    content: Message | OrchestratorMetrics


Sent = Valid | Poison


def duration(records: int) -> timedelta:
    """From the first record's time to that of the last."""
    a_step = ORCHESTRATORS * (1 + POOL_SHARE + EVENT_SHARE)
    return STEP * round(records / a_step + 2)


def traffic(load: Load) -> Iterator[Sent]:
    """All of it, in the order in which it is sent."""
    random = Random(load.seed)
    waiting: list[tuple[int, int, Sent]] = []
    ties = count()

    def later(position: int, by: tuple[int, int], sent: Sent) -> None:
        heapq.heappush(waiting, (position + random.randint(*by), next(ties), sent))

    kinds = _kinds(random)
    for position, record in enumerate(islice(_records(load, random), load.records)):
        while waiting and waiting[0][0] <= position:
            yield heapq.heappop(waiting)[2]
        sent = Valid(record)
        if random.random() < LATE_SHARE:
            later(position, LATE_BY, sent)
        else:
            yield sent
        if random.random() < DUPLICATE_SHARE:
            later(position, DUPLICATE_BY, sent)
        if isinstance(record, OrchestratorMetrics) and random.random() < POISON_SHARE:
            poison = _poison(next(kinds), record, position)
            yield poison
            if random.random() < DUPLICATE_SHARE:
                later(position, DUPLICATE_BY, poison)
    while waiting:
        yield heapq.heappop(waiting)[2]


def _records(load: Load, random: Random) -> Iterator[PublishedRecord]:
    fleet = Fleet(ORCHESTRATORS, load.start, load.seed)
    for step in fleet.records(duration(load.records) // STEP * 2, STEP):
        for record in step:
            yield record
            if random.random() < POOL_SHARE:
                yield _pool(record, random)
            if random.random() < EVENT_SHARE:
                yield _event(record, random)


def _pool(record: OrchestratorMetrics, random: Random) -> WorkerPoolMetrics:
    pool = pool_id(record.orchestrator_id, "workers")
    idle, active, busy = (random.randint(0, 40) for _ in range(3))
    return WorkerPoolMetrics(
        id=sample_id(pool, "worker_pool", record.collected_at),
        pool_id=pool,
        orchestrator_id=record.orchestrator_id,
        pool_name="workers",
        worker_type="simulated",
        collected_at=record.collected_at,
        total_workers=idle + active + busy,
        idle_workers=idle,
        active_workers=active,
        busy_workers=busy,
        resource_usage=PoolResourceUsage(used_slots=active + 4 * busy),
        performance=PoolPerformance(
            throughput=random.uniform(0, 9), utilization=random.random(), error_rate=None
        ),
        metadata=Metadata(simulated=True, interval_s=STEP.total_seconds()),
    )


def _event(
    record: OrchestratorMetrics, random: Random
) -> SchedulingDecision | CoordinationEvent | ScalingEvent:
    owner, at = record.orchestrator_id, record.collected_at
    match random.randrange(3):
        case 0:
            return SchedulingDecision(
                id=sample_id(owner, "scheduling_decision", at),
                orchestrator_id=owner,
                workflow_id=workflow_id(owner, str(at)),
                decision_time=at,
                scheduling_latency=random.uniform(0, 900),
                outcome=SchedulingOutcome.PLACED,
            )
        case 1:
            event = CoordinationEvent(
                id=sample_id(owner, "coordination_event", at),
                orchestrator_id=owner,
                event_type="leader_elected",
                event_time=at,
            )
            # As a source with a NUL in a name has it on the wire: repaired, not refused.
            return event.model_copy(update={"details": {"leader": f"node\0{random.random()}"}})
        case _:
            return ScalingEvent(
                id=sample_id(owner, "scaling_event", at),
                orchestrator_id=owner,
                pool_id=pool_id(owner, "workers"),
                event_time=at,
                action=ScalingAction.SCALE_UP,
                from_count=random.randint(0, 9),
                to_count=random.randint(10, 19),
            )


def _kinds(random: Random) -> Iterator[str]:
    """Each kind as often as the others, in no order."""
    while True:
        yield from random.sample(sorted(REASONS), len(REASONS))


def _poison(kind: str, model: OrchestratorMetrics, number: int) -> Poison:
    identity = sample_id(model.orchestrator_id, "poison", model.collected_at, str(number))
    record = model.model_copy(update={"id": identity})
    if kind == "too_large":
        metadata = Metadata.model_validate({"notes": "x" * TOO_LARGE_BYTES})
        return Poison(str(identity), kind, record.model_copy(update={"metadata": metadata}))
    if kind == "time_ahead":
        record = record.model_copy(update={"collected_at": record.collected_at + AHEAD})
    message = message_of(record)
    schema = message.headers[SCHEMA_HEADER]
    if kind == "unknown_major":
        schema = f"{schema.partition('/')[0]}/2.0"
    headers = {SCHEMA_HEADER: schema, RECORD_ID_HEADER: str(identity)}
    value = _spoiled(kind, message.value, identity)
    return Poison(str(identity), kind, Message(message.topic, message.key, value, headers))


def _spoiled(kind: str, value: bytes, identity: UUID) -> bytes:
    match kind:
        case "broken_json":
            return value[: len(value) * 2 // 3]
        case "nul_character":
            return value.replace(str(identity).encode(), f"{identity}\0".encode(), 1)
        case "wrong_types":
            return _with(value, health="splendid")
        case "out_of_range":
            return _with(value, capacity={"totalSlots": 2**63})
        case _:
            return value


def _with(value: bytes, **changes: Any) -> bytes:
    return json.dumps(json.loads(value) | changes).encode()
