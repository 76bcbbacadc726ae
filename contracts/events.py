"""What happened at one moment. `kind` says which of the three it is.

An event's id follows from what it is about, so the same event, seen twice, counts once.
"""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.base import (
    Count,
    JsonObject,
    NonNegative,
    OrchestratorId,
    PoolId,
    Record,
    Text,
    UtcDatetime,
)
from contracts.worker_pool import ScalingAction

__all__ = [
    "CoordinationEvent",
    "Event",
    "EventKind",
    "ScalingEvent",
    "SchedulingDecision",
    "SchedulingOutcome",
]


class EventKind(StrEnum):
    """The kinds of events."""

    SCHEDULING_DECISION = "scheduling_decision"
    COORDINATION_EVENT = "coordination_event"
    SCALING_EVENT = "scaling_event"


class SchedulingOutcome(StrEnum):
    """What became of a piece of work that asked for a place."""

    PLACED = "placed"
    WAITING = "waiting"
    FAILED = "failed"
    PREEMPTED = "preempted"
    TIMED_OUT = "timed_out"
    CANCELED = "canceled"


class SchedulingDecision(Record):
    """One piece of work and the place it was given. Agents send samples, not all of them."""

    kind: Literal[EventKind.SCHEDULING_DECISION] = Field(
        default=EventKind.SCHEDULING_DECISION, description="Always `scheduling_decision`."
    )
    id: UUID = Field(description="Names the decision; seen again, it has the same id.")
    orchestrator_id: OrchestratorId
    workflow_id: UUID = Field(
        description="The source's own UUID, or `contracts.identity.workflow_id` of its text, "
        "which is then in `decision_factors`."
    )
    decision_time: UtcDatetime = Field(description="When the place was given.")
    scheduling_latency: NonNegative | None = Field(
        default=None, description="Milliseconds from ready to run until placed."
    )
    queue_time: NonNegative | None = Field(
        default=None, description="Milliseconds from created until placed."
    )
    selected_worker: Text | None = Field(
        default=None, description="The worker that got it; null: none, or not known."
    )
    placement_constraints: JsonObject = Field(
        default_factory=dict, description="What the work asked of a place, as the source says it."
    )
    resource_requirements: JsonObject = Field(
        default_factory=dict,
        description="What the work asked for, as the source says it, unit in the name.",
    )
    priority: int | None = Field(
        default=None, ge=-(2**63), lt=2**63, description="As the source orders them."
    )
    decision_factors: JsonObject = Field(
        default_factory=dict, description="Why it came about: queue, attempt, names of the source."
    )
    outcome: SchedulingOutcome


class CoordinationEvent(Record):
    """A change in how the parts of an orchestrator agree: an election, a lost lease, a lock."""

    kind: Literal[EventKind.COORDINATION_EVENT] = Field(
        default=EventKind.COORDINATION_EVENT, description="Always `coordination_event`."
    )
    id: UUID = Field(description="Names the event; seen again, it has the same id.")
    orchestrator_id: OrchestratorId
    event_type: Text = Field(
        min_length=1, max_length=100, description="e.g. `leader_elected`, `shard_moved`."
    )
    event_time: UtcDatetime = Field(description="When it happened.")
    details: JsonObject = Field(default_factory=dict, description="What the source says of it.")
    participants: tuple[Text, ...] = Field(
        default=(), description="Members that took part, by their name at the source."
    )
    consensus_time: NonNegative | None = Field(
        default=None, description="Milliseconds until the parts agreed."
    )
    outcome: Text | None = Field(
        default=None, max_length=50, description="How it ended, a word; null: not known."
    )
    errors: tuple[Text, ...] = Field(default=(), description="What went wrong in it.")


class ScalingEvent(Record):
    """The size of a pool changed, or was to change: the ledger of what happened."""

    kind: Literal[EventKind.SCALING_EVENT] = Field(
        default=EventKind.SCALING_EVENT, description="Always `scaling_event`."
    )
    id: UUID = Field(description="Names the event; seen again, it has the same id.")
    orchestrator_id: OrchestratorId
    pool_id: PoolId
    event_time: UtcDatetime = Field(description="When the size changed, or was to.")
    action: ScalingAction
    from_count: Count = Field(description="Workers before.")
    to_count: Count = Field(description="Workers after, or asked for.")
    reason: Text | None = Field(
        default=None, description="Why, as whoever did it says; null: not known."
    )
    trigger_metrics: dict[Text, float] = Field(
        default_factory=dict, description="Measured inputs, unit in the name."
    )
    success: bool | None = Field(default=None, description="null: not known (yet).")
    duration: NonNegative | None = Field(default=None, description="Milliseconds.")
    cost_impact: float | None = Field(
        default=None, description="Per hour, in the currency of the price; null without one."
    )
    command_id: UUID | None = Field(
        default=None, description="The command behind it; null: something else did it."
    )
    dry_run: bool = Field(default=False, description="Nothing was changed.")


Event = Annotated[
    SchedulingDecision | CoordinationEvent | ScalingEvent, Field(discriminator="kind")
]
"""Any of the three, told apart by `kind`."""
