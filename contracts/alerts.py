"""Alerts: a condition that a person should know of, from its raising to its end."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from contracts.base import OrchestratorId, Record, Text, UtcDatetime

__all__ = ["Alert", "AlertRoute", "AlertSeverity", "AlertState"]


class AlertSeverity(StrEnum):
    """The specification's two."""

    WARNING = "warning"
    CRITICAL = "critical"


class AlertRoute(StrEnum):
    """Where an alert goes. Apart from the severity: not every critical one is worth a call."""

    PAGE = "page"
    TICKET = "ticket"
    INFO = "info"


class AlertState(StrEnum):
    """`pending`: the condition holds, but not for long enough yet."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Alert(Record):
    """One alert. The same condition of the same subject keeps its id until it has ended."""

    id: UUID = Field(description="Names the alert.")
    rule: Text = Field(min_length=1, description="e.g. `CAPACITY_CRITICAL`.")
    orchestrator_id: OrchestratorId
    subject_id: UUID = Field(description="The orchestrator, pool or queue it is about.")
    severity: AlertSeverity
    route: AlertRoute
    state: AlertState
    message: Text = Field(description="What holds, for a person, with the number in it.")
    value: float | None = Field(default=None, description="What was measured.")
    threshold: float | None = Field(default=None, description="What it was held against.")
    evidence: dict[Text, float | Text | None] = Field(
        default_factory=dict, description="Measured inputs, unit in the name."
    )
    started_at: UtcDatetime = Field(description="Since when the condition holds.")
    fired_at: UtcDatetime | None = Field(
        default=None, description="When it began to be delivered; null: not yet."
    )
    resolved_at: UtcDatetime | None = Field(
        default=None, description="When the condition ended; null: it still holds."
    )
    acknowledged_by: Text | None = Field(
        default=None, description="Who took it on: a token's name; null: nobody yet."
    )
