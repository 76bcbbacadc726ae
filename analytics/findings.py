"""What every result of an analysis has in common: frozen, snake_case keys, finite numbers."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Confidence", "Finding", "Recommendation"]


class Finding(BaseModel):
    """Base of results. Null means unknown, never zero; units are in the names."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Confidence(StrEnum):
    """How much of the ground a result rests on was measured.

    `high`: all of it. `medium`: at least half, or some of it is the source's estimate.
    `low`: less than half.
    """

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Recommendation(Finding):
    """Something to do. Whoever does it decides; nothing here acts."""

    action: str
    evidence: str
    effect: str
    risk: str
    score_gain: float | None = Field(
        default=None, description="What the health score gains if it works, where that is known."
    )
