"""From stored history to the analyzers' inputs; analyzers are loaded when first wanted."""

from analytics.capacity_findings import CapacityForecast
from store.series import Series

__all__ = ["HISTORY_H", "LONGEST_WINDOW_H", "forecast_of"]

HISTORY_H = 8 * 7 * 24
LONGEST_WINDOW_H = 7 * 24


def forecast_of(demand: Series, hours: int) -> CapacityForecast:
    """The forecast that a history of hourly demand gives; it may take a second of CPU."""
    from analytics.capacity_forecast import CapacitySample  # noqa: PLC0415 - it loads numpy
    from analytics.orchestrator import OrchestratorAnalyzer  # noqa: PLC0415

    columns = (demand.lines[name] for name in ("usedSlots", "pendingWorkflows", "totalSlots"))
    samples = [
        CapacitySample(at, used, pending, total)
        for at, used, pending, total in zip(demand.window.starts(), *columns, strict=True)
    ]
    return OrchestratorAnalyzer().predict_capacity_requirements(samples, hours)
