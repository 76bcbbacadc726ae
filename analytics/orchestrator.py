"""The analyzer of one orchestrator: its health, and what it will need."""

from collections.abc import Sequence
from datetime import datetime

from analytics.capacity_findings import CapacityForecast
from analytics.capacity_forecast import CapacitySample, forecast_capacity
from analytics.health import analyze_health
from analytics.health_analysis import HealthAnalysis
from contracts.orchestrator import OrchestratorMetrics

__all__ = ["OrchestratorAnalyzer"]


class OrchestratorAnalyzer:
    """Analyzes orchestrator performance and health."""

    def analyze_orchestrator_health(self, metrics: OrchestratorMetrics) -> HealthAnalysis:
        """Explain the health of a record; see `analytics.health.analyze_health`."""
        return analyze_health(metrics)

    def predict_capacity_requirements(
        self,
        historical_data: Sequence[CapacitySample],
        forecast_window: int = 24,
        *,
        model: str = "ensemble",
        now: datetime | None = None,
    ) -> CapacityForecast:
        """What is demanded in each of the next `forecast_window` hours, and what that takes.

        `historical_data` may come in any order, with gaps and doubles; what is unknown stays a
        gap. `model` is one of `analytics.forecasting.models.MODELS`. A history that is too
        short, or ends more than six hours before `now`, gives a result without numbers and with
        the reason; without `now` its end is the present. Raises `ValueError` for a window below
        1 hour and for counts below 0, `KeyError` for an unknown model.
        """
        return forecast_capacity(historical_data, forecast_window, model, now)
