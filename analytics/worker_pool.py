"""The optimizer of one pool of workers."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from analytics.anomalies.detector import FALSE_ALARMS_PER_WORKER_DAY
from analytics.anomalies.findings import WorkerAnomaly
from analytics.anomalies.histories import WorkerHistory
from analytics.anomalies.judge import STEP, judge_workers
from analytics.pool_optimization.findings import PoolOptimization
from analytics.pool_optimization.optimize import optimize
from analytics.scaling.simulator import Conditions
from analytics.scaling_findings import ScalingNeeds
from analytics.scaling_needs import (
    NORMAL_GOAL,
    ArrivalSample,
    PoolNow,
    ScalingGoal,
    scaling_needs,
)
from analytics.whatif import PoolStep
from contracts.worker_pool import WorkerPoolMetrics

__all__ = ["WorkerPoolOptimizer"]


class WorkerPoolOptimizer:
    """Optimizes worker pool configuration and scaling."""

    def optimize_worker_pool(
        self,
        pool_metrics: WorkerPoolMetrics,
        workload_patterns: Sequence[PoolStep],
        *,
        conditions: Conditions | None = None,
        price_per_worker_hour: float | None = None,
    ) -> PoolOptimization:
        """Size, resources, scaling policy, placement and health checks, each by what was measured.

        `pool_metrics`: the newest record with its workers. `workload_patterns`: the pool's past in
        steps of `conditions.step_s`, the oldest first. What is unknown gives a reason and no
        recommendation; fewer workers are never recommended on less than a week.
        """
        return optimize(
            pool_metrics, workload_patterns, conditions or Conditions(), price_per_worker_hour
        )

    def predict_scaling_needs(
        self,
        current_metrics: PoolNow,
        historical_data: Sequence[ArrivalSample],
        goal: ScalingGoal = NORMAL_GOAL,
        *,
        model: str = "ensemble",
    ) -> ScalingNeeds:
        """The workers that keep a wait target; see `analytics.scaling_needs.scaling_needs`."""
        return scaling_needs(current_metrics, historical_data, goal, model=model)

    def detect_worker_anomalies(
        self,
        workers: Sequence[WorkerHistory],
        *,
        false_alarms_per_worker_day: float = FALSE_ALARMS_PER_WORKER_DAY,
        step: timedelta = STEP,
        now: datetime | None = None,
    ) -> list[WorkerAnomaly]:
        """The workers of one pool that behave oddly at `now`, the oddest first.

        `now` is the newest sample unless it is given. Scores above 0.7 are anomalies: 0.7 is as
        rare in the pool's own past as `false_alarms_per_worker_day` says. A worker that cannot be
        judged is not in the list; `analytics.anomalies.judge.judge_workers` says who, and why.
        Raises `ValueError` for a budget of 0 or less, for a `step` that does not divide a day
        into steps of 1 min to 1 h, and for times without a zone.
        """
        judgement = judge_workers(workers, budget=false_alarms_per_worker_day, step=step, now=now)
        return list(judgement.anomalies)
