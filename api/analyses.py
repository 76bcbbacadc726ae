"""From stored history to the analyzers' inputs; analyzers are loaded when first wanted."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from analytics.capacity_findings import CapacityForecast
from analytics.coordination.results import CoordinationIssue
from analytics.forecasting.names import ModelName
from analytics.queue_analysis.findings import QueuePerformance, WaitEstimate
from analytics.replay_findings import WhatIf
from analytics.scaling_findings import ScalingNeeds
from analytics.scaling_plan import ScalingGoal
from analytics.scorecard import Period, Total
from api.problems import ApiError, ProblemPart
from contracts.events import CoordinationEvent
from store.periods import Sums
from store.rows import QueueRow
from store.series import Series

__all__ = [
    "HISTORY_H",
    "LONGEST_WINDOW_H",
    "forecast_of",
    "forecasts_of",
    "issues_of",
    "period_of",
    "queue_analysis_of",
    "scaling_needs_of",
    "what_if_of",
]

RECORDED = {
    "up": "up",
    "health_score": "health_score",
    "latency_ms": "scheduling_latency_ms",
    "capacity_ratio": "capacity_utilization",
    "queue_wait_ms": "queue_wait_ms",
    "worker_ratio": "utilization",
    "load_variation": "load_variation",
}
"""Part of a period -> its name in the store."""

HISTORY_H = 8 * 7 * 24
LONGEST_WINDOW_H = 7 * 24


def forecast_of(
    demand: Series, hours: int, model: ModelName = ModelName.ENSEMBLE
) -> CapacityForecast:
    """The forecast that a history of hourly demand gives; it may take a second of CPU.

    Raises `ModelNotInstalledError`.
    """
    from analytics.capacity_forecast import CapacitySample  # noqa: PLC0415 - it loads numpy
    from analytics.orchestrator import OrchestratorAnalyzer  # noqa: PLC0415

    columns = (demand.lines[name] for name in ("usedSlots", "pendingWorkflows", "totalSlots"))
    samples = [
        CapacitySample(at, used, pending, total)
        for at, used, pending, total in zip(demand.window.starts(), *columns, strict=True)
    ]
    return OrchestratorAnalyzer().predict_capacity_requirements(
        samples, hours, model=model, now=demand.window.end
    )


def forecasts_of(
    demands: Sequence[Series], hours: int, model: ModelName = ModelName.ENSEMBLE
) -> list[CapacityForecast]:
    """`forecast_of` each, in their order: a chunk of a fleet."""
    return [forecast_of(demand, hours, model) for demand in demands]


def what_if_of(history: Series, policies: Sequence[dict[str, Any]], delay_s: float) -> WhatIf:
    """The policies replayed over a pool's history; seconds of CPU for weeks of minutes.

    Raises `ApiError` (422) for settings that are none of a policy.
    """
    from analytics.replay import Conditions  # noqa: PLC0415 - it loads numpy
    from analytics.whatif import PoolStep, policies_of, what_if  # noqa: PLC0415

    try:
        chosen = policies_of(policies)
    except ValidationError as error:
        parts = [_part(each["loc"], each["msg"]) for each in error.errors()]
        detail = "; ".join(f"{part.parameter}: {part.detail}" for part in parts)
        raise ApiError(422, "invalid_policy", detail, errors=parts) from error
    columns = (history.lines[name] for name in ("usedSlots", "totalSlots", "totalWorkers"))
    steps = [PoolStep(*each) for each in zip(*columns, strict=True)]
    return what_if(steps, chosen, Conditions(step_s=history.window.step_s, delay_s=delay_s))


def scaling_needs_of(
    work: Series, goal: ScalingGoal, worker_hour_price: float | None, model: ModelName
) -> ScalingNeeds:
    """The workers that a pool's stored work takes; some seconds of CPU for weeks of history.

    Raises `ModelNotInstalledError`.
    """
    from analytics.pool_work import WorkSample, pool_scaling_needs  # noqa: PLC0415 - numpy

    names = ("arrivalRate", "throughput", "taskMs", "usedSlots", "busyWorkers", "totalSlots")
    columns = (work.lines[name] for name in names)
    samples = [
        WorkSample(at, arrivals, done, task and task / 1000, used, busy, slots, workers)
        for at, arrivals, done, task, used, busy, slots, workers in zip(
            work.window.starts(), *columns, _whole(work.lines["totalWorkers"]), strict=True
        )
    ]
    return pool_scaling_needs(
        samples, work.window.end, goal, cost_per_worker_hour=worker_hour_price, model=model
    )


def _whole(numbers: Sequence[float | None]) -> list[int | None]:
    return [None if number is None else int(number) for number in numbers]


def queue_analysis_of(
    row: QueueRow, history: Series, ahead: int | None
) -> tuple[QueuePerformance, WaitEstimate]:
    """How one queue does, and when an item with `ahead` others before it is taken."""
    from analytics.queue_analysis.observed import ObservedQueue, QueueSample  # noqa: PLC0415 - numpy
    from analytics.queue_analyzer import QueueAnalyzer  # noqa: PLC0415

    names = ("size", "arrivalRate", "processingRate", "oldestAgeS", "consumers")
    columns = (history.lines[name] for name in names)
    samples = map(QueueSample, history.window.starts(), *columns)
    read_at = row.seen.observed_at or history.window.end
    observed = ObservedQueue(row.info, read_at, list(samples))
    analyzer = QueueAnalyzer()
    return (
        analyzer.analyze_queue_performance([observed]),
        analyzer.estimate_wait(observed, ahead),
    )


def period_of(sums: Sums) -> Period:
    """What the scorecard judges, of the sums that are stored."""
    return Period(**{part: Total(*sums.get(name, (0.0, 0))) for part, name in RECORDED.items()})


def issues_of(events: Iterable[object], max_clock_skew_s: float) -> tuple[CoordinationIssue, ...]:
    """What went wrong, by the coordination events among `events`."""
    from analytics.coordination.monitor import CoordinationMonitor  # noqa: PLC0415 - it loads numpy

    found = [each for each in events if isinstance(each, CoordinationEvent)]
    monitor = CoordinationMonitor()
    return monitor.detect_coordination_issues(found, max_clock_skew_s=max_clock_skew_s)


def _part(place: Sequence[str | int], message: str) -> ProblemPart:
    return ProblemPart(parameter=".".join(map(str, ("body.policies", *place))), detail=message)
