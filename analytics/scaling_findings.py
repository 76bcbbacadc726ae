"""The result of `predict_scaling_needs`: what comes, what that takes, and what it costs."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from analytics.findings import Confidence, Finding

__all__ = [
    "CostEstimate",
    "LoadStep",
    "PlanAction",
    "ScalingNeeds",
    "ScalingStep",
    "WorkerTrigger",
]


class PlanAction(StrEnum):
    """What a step of the plan does to the number of workers."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    MAINTAIN = "maintain"


class LoadStep(Finding):
    """Arrivals of five minutes."""

    at: datetime = Field(description="Begin of the step.")
    arrival_rate_per_s: float = Field(description="As forecast.")
    upper_rate_per_s: float = Field(description="The quantile that workers are to do for.")
    workers: int = Field(description="That serve the quantile within the target.")


class ScalingStep(Finding):
    """One change of the number of workers."""

    action: PlanAction
    from_workers: int
    to_workers: int
    order_at: datetime
    needed_at: datetime | None = Field(
        description="When the forecast needs it; null: what was measured needs it already."
    )
    reason: str


class WorkerTrigger(Finding):
    """A measured arrival rate at which another number of workers is due, whatever was forecast."""

    action: PlanAction
    arrival_rate_per_s: float
    for_s: float = Field(description="How long it must be so.")
    expected_at: datetime | None = Field(default=None, description="By the forecast itself.")
    earliest_at: datetime | None = Field(default=None, description="By the quantile.")


class CostEstimate(Finding):
    """Of the next hour. A worker costs from its order on."""

    current_worker_hours: float
    planned_worker_hours: float
    change_worker_hours: float
    change_cost: float | None = Field(default=None, description="In the currency of the price.")
    reason: str | None = Field(default=None, description="Why the cost is unknown.")


class ScalingNeeds(Finding):
    """How many workers are needed, and why."""

    current_workers: int | None
    predicted_load: tuple[LoadStep, ...] = Field(default=(), description="The next 60 minutes.")
    required_workers: int | None = Field(
        default=None,
        description="Until workers ordered now are there and no other decision could be.",
    )
    scaling_plan: tuple[ScalingStep, ...] = ()
    scaling_triggers: tuple[WorkerTrigger, ...] = ()
    cost_estimate: CostEstimate | None = None
    expected_wait_s: float | None = Field(
        default=None, description="Mean, with the required workers and what arrives now."
    )
    evidence: tuple[str, ...]
    confidence: Confidence
    method: str
    reason: str | None = Field(default=None, description="Why a part of it is missing.")
