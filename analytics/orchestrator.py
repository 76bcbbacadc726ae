"""The analyzer of one orchestrator: its health, what it will need, and how it schedules."""

from collections.abc import Sequence
from datetime import datetime

from analytics.balancing.workload import Workload
from analytics.capacity_findings import CapacityForecast
from analytics.capacity_forecast import CapacitySample, forecast_capacity
from analytics.health import analyze_health
from analytics.health_analysis import HealthAnalysis
from analytics.scheduling.findings import SchedulingOptimization
from analytics.scheduling.optimize import optimize_scheduling
from analytics.scheduling.samples import SchedulingSample
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

    def optimize_scheduling_algorithm(
        self,
        current_algorithm: str | None,
        performance_data: Sequence[SchedulingSample],
        *,
        workload: Workload | None = None,
        seed: int = 0,
    ) -> SchedulingOptimization:
        """The algorithm under which work waits less, if what was measured carries that.

        Latencies under two algorithms are compared only in the same hours or hours of the week,
        with at least 200 decisions on three days of each; otherwise, and where the difference may
        be chance, the answer is "insufficient evidence" and the current one is kept. `workload`
        is simulated beside, labelled so. Samples may come in any order.
        """
        return optimize_scheduling(current_algorithm, performance_data, workload, seed)
