"""Live messages: what the WebSocket carries.

The envelope is the specification's `{type, topic, payload}`; `seq`, `cursor` and `ts` are
additive. State topics (`orchestrator:{id}`, `worker-pool:{id}`) keep only the newest message
for a slow client; event topics keep them in order and say where some were lost (`gap`).
"""

from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.alerts import Alert
from contracts.base import Count, PoolId, Record, Text, UtcDatetime
from contracts.events import CoordinationEvent, ScalingEvent
from contracts.orchestrator import OrchestratorMetrics
from contracts.worker_pool import WorkerInstance, WorkerPoolMetrics

__all__ = [
    "ALERTS",
    "COORDINATION_EVENTS",
    "MOST_TOPICS",
    "SCALING_EVENTS",
    "Acknowledged",
    "Gap",
    "LiveError",
    "LiveMessage",
    "LiveType",
    "OrchestratorUpdate",
    "Subscription",
    "WorkerPoolUpdate",
    "coordination_topic",
    "orchestrator_topic",
    "worker_pool_topic",
]

SCALING_EVENTS = "scaling-events"
COORDINATION_EVENTS = "coordination-events"
ALERTS = "alerts"

MOST_TOPICS = 200
"""Topics that one client may hear of."""


class LiveType(StrEnum):
    """What a message's payload is."""

    ORCHESTRATOR_UPDATE = "orchestrator_update"
    WORKER_UPDATE = "worker_update"
    SCALING_EVENT = "scaling_event"
    COORDINATION_EVENT = "coordination_event"
    ALERT = "alert"
    GAP = "gap"
    ACK = "ack"
    ERROR = "error"


def orchestrator_topic(orchestrator_id: UUID) -> str:
    """Topic of one orchestrator's state."""
    return f"orchestrator:{orchestrator_id}"


def worker_pool_topic(pool_id: UUID) -> str:
    """Topic of one pool's state."""
    return f"worker-pool:{pool_id}"


def coordination_topic(orchestrator_id: UUID) -> str:
    """Topic of the coordination events of one orchestrator."""
    return f"coordination:{orchestrator_id}"


class OrchestratorUpdate(Record):
    """The present of an orchestrator: its newest record, as it was published."""

    snapshot: bool = Field(
        default=False, description="The first one after subscribing, or after some were left out."
    )
    metrics: OrchestratorMetrics


class WorkerPoolUpdate(Record):
    """The present of a pool. After the snapshot, `workers` are only those that changed."""

    snapshot: bool = Field(
        default=False,
        description="The first one after subscribing, or after some were left out: `workers` "
        "are all.",
    )
    pool_id: PoolId
    pool: WorkerPoolMetrics = Field(description="Without its workers.")
    workers: tuple[WorkerInstance, ...] = Field(
        default=(), description="All of them in a snapshot, else those that changed."
    )
    gone_workers: tuple[Text, ...] = Field(default=(), description="Ids that are no more.")


class Gap(Record):
    """Events of the topic were lost to this client between two cursors: read them by REST."""

    after: Text | None = Field(description="Cursor before the first that was lost.")
    before: Text | None = Field(description="Cursor of the last that was lost; null: not known.")
    missed: Count | None = Field(default=None, description="How many; null: not known.")


class Acknowledged(Record):
    """A subscription, or its end, took effect."""

    action: Literal["subscribe", "unsubscribe"] = Field(description="What took effect.")


class LiveError(Record):
    """A request of the client that could not be done; the connection stays open."""

    code: Text = Field(description="Stable identifier.")
    message: Text = Field(description="What was wrong, for a person.")


class LiveMessage(Record):
    """One message to a client."""

    type: LiveType
    topic: Text = Field(
        description="What it is about, e.g. `orchestrator:{id}`; `connection`: no topic."
    )
    payload: (
        OrchestratorUpdate
        | WorkerPoolUpdate
        | ScalingEvent
        | CoordinationEvent
        | Alert
        | Gap
        | Acknowledged
        | LiveError
    ) = Field(description="By `type`.")
    seq: Count = Field(description="Counts the messages of this connection.")
    cursor: Text | None = Field(
        default=None, description="Where to resume, on any replica; null: nothing to resume."
    )
    ts: UtcDatetime = Field(description="When it was committed, or made.")


class Subscription(Record):
    """What a client sends."""

    action: Literal["subscribe", "unsubscribe"] = Field(description="What the client wants.")
    topics: tuple[Text, ...] = Field(
        min_length=1, description="Topics it is about, e.g. `worker-pool:{id}`."
    )
    cursor: Text | None = Field(default=None, description="Resume after this message.")
