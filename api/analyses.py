"""From stored history to the analyzers' inputs; analyzers are loaded when first wanted."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from analytics.anomalies.findings import PoolJudgement
from analytics.balancing.findings import AlgorithmChoice
from analytics.capacity_findings import CapacityForecast
from analytics.coordination.results import CoordinationIssue
from analytics.forecasting.names import ModelName
from analytics.pool_optimization.findings import PoolOptimization
from analytics.queue_analysis.findings import QueuePerformance, WaitEstimate
from analytics.queue_analysis.plans import QueueConfig, QueueOptimization
from analytics.replay_findings import WhatIf
from analytics.scaling_findings import ScalingNeeds
from analytics.scaling_plan import ScalingGoal
from analytics.scheduling.findings import SchedulingOptimization
from analytics.scorecard import Period, Total
from api.bodies import Characteristics, Work
from api.problems import ApiError, ProblemPart
from contracts.events import CoordinationEvent
from contracts.load_balancing import LoadBalancingMetrics
from contracts.orchestrator import OrchestratorMetrics
from contracts.worker_pool import PoolPerformance, WorkerPoolMetrics
from store.periods import Sums
from store.rows import QueueRow
from store.scheduling import AlgorithmHour
from store.series import Series

if TYPE_CHECKING:
    from analytics.balancing.workload import Workload
    from analytics.queue_analysis.observed import ObservedQueue
    from analytics.whatif import PoolStep

__all__ = [
    "HISTORY_H",
    "LONGEST_WINDOW_H",
    "anomalies_of",
    "attempts_of",
    "balancing_choice_of",
    "forecast_of",
    "forecasts_of",
    "issues_of",
    "period_of",
    "pool_optimization_of",
    "queue_analysis_of",
    "queue_optimization_of",
    "scaling_needs_of",
    "scheduling_optimization_of",
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


class Attempts(NamedTuple):
    """Of the same time; null is unknown."""

    all: int | None
    retried: int | None


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
    from analytics.whatif import policies_of, what_if  # noqa: PLC0415

    try:
        chosen = policies_of(policies)
    except ValidationError as error:
        parts = [_part(each["loc"], each["msg"]) for each in error.errors()]
        detail = "; ".join(f"{part.parameter}: {part.detail}" for part in parts)
        raise ApiError(422, "invalid_policy", detail, errors=parts) from error
    steps = _pool_steps(history)
    return what_if(steps, chosen, Conditions(step_s=history.window.step_s, delay_s=delay_s))


def anomalies_of(pool: WorkerPoolMetrics) -> PoolJudgement:
    """Who is odd among the workers of a record, by one look at all of them."""
    from analytics.anomalies.judge import judge_workers  # noqa: PLC0415 - it loads numpy
    from analytics.anomalies.records import worker_histories  # noqa: PLC0415

    return judge_workers(worker_histories([pool]))


def pool_optimization_of(
    pool: WorkerPoolMetrics, history: Series, delay_s: float
) -> PoolOptimization:
    """What a pool with its workers could do better; seconds of CPU for weeks of minutes."""
    from analytics.scaling.simulator import Conditions  # noqa: PLC0415 - it loads numpy
    from analytics.worker_pool import WorkerPoolOptimizer  # noqa: PLC0415

    conditions = Conditions(step_s=history.window.step_s, delay_s=delay_s)
    return WorkerPoolOptimizer().optimize_worker_pool(
        pool, _pool_steps(history), conditions=conditions
    )


def _pool_steps(history: Series) -> "list[PoolStep]":
    from analytics.whatif import PoolStep  # noqa: PLC0415 - it loads numpy

    columns = (history.lines[name] for name in ("usedSlots", "totalSlots", "totalWorkers"))
    return [PoolStep(*each) for each in zip(*columns, strict=True)]


def scaling_needs_of(
    work: Series, goal: ScalingGoal, worker_hour_price: float | None, model: ModelName
) -> ScalingNeeds:
    """The workers that a pool's stored work takes; some seconds of CPU for weeks of history.

    Raises `ModelNotInstalledError`.
    """
    from analytics.pool_work import WorkSample, pool_scaling_needs  # noqa: PLC0415 - numpy

    names = (
        *("arrivalRate", "throughput", "taskMs", "usedSlots", "busyWorkers", "totalSlots"),
        "waiting",
    )
    columns = (work.lines[name] for name in names)
    samples = [
        WorkSample(at, arrivals, done, task and task / 1000, used, busy, slots, waiting, workers)
        for at, arrivals, done, task, used, busy, slots, waiting, workers in zip(
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
    from analytics.queue_analyzer import QueueAnalyzer  # noqa: PLC0415 - it loads numpy

    observed, analyzer = _observed(row, history), QueueAnalyzer()
    return (
        analyzer.analyze_queue_performance([observed]),
        analyzer.estimate_wait(observed, ahead),
    )


def queue_optimization_of(
    row: QueueRow,
    history: Series,
    config: QueueConfig,
    target: tuple[float, float],
    attempts: Attempts,
) -> QueueOptimization:
    """Settings that reach `target`: the mean wait and the time to drain, in seconds."""
    from analytics.queue_analysis.case import PerformanceData, QueueGoal  # noqa: PLC0415 - numpy
    from analytics.queue_analyzer import QueueAnalyzer  # noqa: PLC0415

    data = PerformanceData(_observed(row, history), attempts=attempts.all, retried=attempts.retried)
    goal = QueueGoal(target_wait_s=target[0], drain_s=target[1])
    return QueueAnalyzer().optimize_queue_configuration(config, data, goal)


def attempts_of(record: OrchestratorMetrics | None) -> Attempts:
    """All attempts of the interval and those retried, where they are of one queue alone."""
    execution, queuing = (record.execution, record.queuing) if record else (None, None)
    alone = queuing is not None and queuing.queues is not None and len(queuing.queues) == 1
    if execution is None or execution.retried_tasks is None or not alone:
        return Attempts(None, None)
    ended = (execution.completed_workflows, execution.failed_workflows)
    if None in ended:
        return Attempts(None, None)
    first = sum(each or 0 for each in ended)
    return Attempts(first + execution.retried_tasks, execution.retried_tasks)


def balancing_choice_of(
    record: LoadBalancingMetrics, pool: WorkerPoolMetrics | None, asked: Characteristics
) -> AlgorithmChoice:
    """The algorithm under which jobs of a scope wait the least; seconds of CPU.

    What the caller does not say of the work is what the pool's newest record tells of it.
    """
    from analytics.load_balancer import LoadBalancerAnalyzer  # noqa: PLC0415 - it loads numpy

    performance = pool.performance if pool else PoolPerformance()
    service_ms = performance.avg_task_duration
    known = {
        "utilization_ratio": performance.utilization,
        "mean_service_s": None if service_ms is None else service_ms / 1000,
    }
    told = {name: value for name, value in known.items() if getattr(asked, name) is None}
    return LoadBalancerAnalyzer().optimize_load_balancing_algorithm(
        asked.current_algorithm or record.algorithm,
        _workload(asked.model_copy(update=told)),
        seed=asked.seed,
    )


def scheduling_optimization_of(
    current: str | None, hours: Sequence[AlgorithmHour], work: Work | None
) -> SchedulingOptimization:
    """The scheduling algorithm that surely waits less; `work` is simulated beside."""
    from analytics.orchestrator import OrchestratorAnalyzer  # noqa: PLC0415 - it loads numpy
    from analytics.scheduling.samples import SchedulingSample  # noqa: PLC0415

    samples = [
        SchedulingSample(
            at=each.hour,
            algorithm=each.algorithm,
            latency_sum_ms=each.latency_sum_ms,
            decisions=None if each.decisions is None else round(each.decisions),
            throughput_per_s=each.throughput_per_s,
            failures=None if each.failures is None else round(each.failures),
        )
        for each in hours
    ]
    return OrchestratorAnalyzer().optimize_scheduling_algorithm(
        current,
        samples,
        workload=None if work is None else _workload(work),
        seed=0 if work is None else work.seed,
    )


def _workload(work: Work) -> "Workload":
    from analytics.balancing.workload import Workload  # noqa: PLC0415 - it loads numpy

    return Workload(**{field.name: getattr(work, field.name) for field in fields(Workload)})


def period_of(sums: Sums) -> Period:
    """What the scorecard judges, of the sums that are stored."""
    return Period(**{part: Total(*sums.get(name, (0.0, 0))) for part, name in RECORDED.items()})


def issues_of(events: Iterable[object], max_clock_skew_s: float) -> tuple[CoordinationIssue, ...]:
    """What went wrong, by the coordination events among `events`."""
    from analytics.coordination.monitor import CoordinationMonitor  # noqa: PLC0415 - it loads numpy

    found = [each for each in events if isinstance(each, CoordinationEvent)]
    monitor = CoordinationMonitor()
    return monitor.detect_coordination_issues(found, max_clock_skew_s=max_clock_skew_s)


def _observed(row: QueueRow, history: Series) -> "ObservedQueue":
    from analytics.queue_analysis.observed import ObservedQueue, QueueSample  # noqa: PLC0415 - numpy

    names = ("size", "arrivalRate", "processingRate", "oldestAgeS", "consumers")
    columns = (history.lines[name] for name in names)
    samples = map(QueueSample, history.window.starts(), *columns)
    read_at = row.seen.observed_at or history.window.end
    return ObservedQueue(row.info, read_at, list(samples))


def _part(place: Sequence[str | int], message: str) -> ProblemPart:
    return ProblemPart(parameter=".".join(map(str, ("body.policies", *place))), detail=message)
