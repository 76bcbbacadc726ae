"""The result of `OrchestratorAnalyzer.predict_capacity_requirements`."""

from datetime import datetime

from pydantic import Field

from analytics.findings import Confidence, Finding

__all__ = [
    "CapacityForecast",
    "ForecastError",
    "ForecastInterval",
    "PeakTime",
    "ScalingTrigger",
]


class ForecastInterval(Finding):
    """Where the demand of one hour will lie, nine times in ten."""

    at: datetime = Field(description="Begin of the hour.")
    lower: float
    upper: float


class PeakTime(Finding):
    """An hour that stands out."""

    at: datetime
    demand: float
    lower: float
    upper: float


class ScalingTrigger(Finding):
    """When demand first crosses a limit, by forecast or at the worst."""

    kind: str = Field(description="target: busier than is good; capacity: more than there is.")
    limit_slots: float
    expected_at: datetime | None = Field(description="By the forecast itself.")
    earliest_at: datetime = Field(description="By the upper end of the interval.")


class ForecastError(Finding):
    """Mean absolute error in slots on origins that were not learnt from."""

    model: str
    mean_absolute_error: float
    persistence: float
    seasonal_naive: float
    mase: float | None = Field(
        description="Error / mean absolute change over a day; null where nothing changes."
    )
    origins: int


class CapacityForecast(Finding):
    """What will be demanded, hour by hour, and what that takes."""

    predicted_demand: tuple[float, ...] = ()
    confidence_intervals: tuple[ForecastInterval, ...] = ()
    peak_times: tuple[PeakTime, ...] = Field(default=(), description="The highest first.")
    recommended_capacity: int | None = Field(
        default=None,
        description="Slots that keep the upper end of the highest hour at the target "
        "utilization, and today's demand too: a forecast raises it and never lowers it.",
    )
    scaling_triggers: tuple[ScalingTrigger, ...] = ()
    backtest: ForecastError | None = None
    evidence: tuple[str, ...]
    confidence: Confidence
    method: str
    reason: str | None = Field(default=None, description="Why there is no forecast.")
