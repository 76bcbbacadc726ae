"""The result of `waiting_causes`: chains from what waits to what it waits for in the end."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from analytics.findings import Confidence, Finding

__all__ = ["ChainLink", "Layer", "WaitingCause", "WaitingCauses"]


class Layer(StrEnum):
    """Where in the way from work to machine a link is."""

    LIMIT = "limit"
    LOCK = "lock"
    QUOTA = "quota"
    CONTROLLER = "controller"
    WORKERS = "workers"
    PODS = "pods"
    NODES = "nodes"


class ChainLink(Finding):
    """One thing that something waits for, as the record of one orchestrator shows it."""

    layer: Layer
    subject: str = Field(description="Its name at the source.")
    orchestrator_id: UUID = Field(description="Whose record shows it.")
    orchestrator: str
    clause: str = Field(description="What is so, as a part of the sentence.")
    measured: dict[str, int | float | str] = Field(description="By name, unit in the name.")
    joined_by: str | None = Field(
        default=None, description="How it was found from the link before; null: in one record."
    )


class WaitingCause(Finding):
    """What waits in one queue, and the chain of what it waits for."""

    orchestrator_id: UUID
    queue_id: UUID | None
    queue: str
    waiting: int | None
    oldest_wait_s: float | None
    sentence: str
    links: tuple[ChainLink, ...] = Field(description="The nearest first.")
    unknown: str | None = Field(
        description="What is not known behind the last link; null: that is the cause."
    )
    evidence: tuple[str, ...]
    confidence: Confidence = Field(
        description="high: the cause was found, by names that are equal. medium: some of it is "
        "of more than what waits, or the chain ends before the cause. low: nothing was found, or "
        "what is known is old."
    )
    method: str


class WaitingCauses(Finding):
    """Of one orchestrator or one queue; most wait first."""

    causes: tuple[WaitingCause, ...]
    reason: str | None = Field(default=None, description="Why there are none.")
