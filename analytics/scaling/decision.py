"""`OrchestrationAlertManager.auto_scale_decision`: how many workers, why, and may it be done."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat

from analytics.capacity_forecast import CapacitySample
from analytics.findings import Confidence, Finding
from analytics.scaling.measured import measured_loads, slots_per_worker
from analytics.scaling.policies import DefaultPolicy, PolicySettings, ScalingPolicy, Situation
from contracts.worker_pool import ScalingAction, WorkerPoolMetrics

__all__ = ["AutoScaleDecision", "PredictedLoad", "ScalingSettings", "decide_scaling"]


class PredictedLoad(Finding):
    """What is expected until a worker that is ordered now would be ready."""

    tasks_per_second: NonNegativeFloat = Field(description="The most that will arrive.")
    task_duration_ms: NonNegativeFloat | None = Field(
        default=None, description="Time on a slot; null: as the pool measured it."
    )
    made_at: datetime


class ScalingSettings(BaseModel):
    """How a pool is scaled; a file may hold it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: PolicySettings = DefaultPolicy()
    step_s: PositiveFloat = Field(default=60.0, description="How often it is decided.")
    stale_after_s: PositiveFloat = Field(
        default=180.0, description="What is older is not known any more."
    )
    slots_per_worker: PositiveFloat | None = Field(
        default=None, description="Null: as measured, which a pool of no workers cannot tell."
    )
    price_per_worker_hour: NonNegativeFloat | None = None
    auto_apply: bool = Field(default=False, description="Whether decisions may be carried out.")


class AutoScaleDecision(Finding):
    """How many workers a pool should have now."""

    action: ScalingAction
    current_workers: int | None = Field(description="Null: not known.")
    target_workers: int | None = Field(description="Null where the present number is not known.")
    predicted_load: PredictedLoad | None
    estimated_cost: float | None = Field(
        description="Of the target per hour, in the currency of the price; null without a price."
    )
    auto_apply: bool = Field(
        description="Whether it may be carried out: allowed, not of low confidence, and nothing "
        "else scales the pool."
    )
    reason: str
    evidence: tuple[str, ...]
    confidence: Confidence
    method: str


@dataclass(frozen=True)
class _Answer:
    """A number of workers with its reason; None: it cannot be told."""

    workers: int | None
    reason: str
    confidence: Confidence = Confidence.LOW


def decide_scaling(
    pool_metrics: WorkerPoolMetrics,
    predicted_load: PredictedLoad | None,
    *,
    now: datetime,
    history: Sequence[CapacitySample] = (),
    settings: ScalingSettings | None = None,
) -> AutoScaleDecision:
    """Decide by a policy, within the pool's limits; what is unknown or stale leaves it as it is.

    `history`: demand of the pool in slots, in any order; the policy looks at the last day of it.
    A pool is never grown while its most workers are unknown, nor shrunk while its fewest are.
    Raises `ValueError` for a demand below 0.
    """
    settings = settings or ScalingSettings()
    current = pool_metrics.total_workers
    seen = _seen(pool_metrics, predicted_load, now, history, settings)
    if isinstance(seen, Situation):
        answer = _limited(_asked(settings.policy, seen), seen.current, pool_metrics)
    else:
        answer = _Answer(None, seen)
    target = current if answer.workers is None else answer.workers
    action = _action(current, target)
    price = settings.price_per_worker_hour
    return AutoScaleDecision(
        action=action,
        current_workers=current,
        target_workers=target,
        predicted_load=predicted_load,
        estimated_cost=None if price is None or target is None else price * target,
        auto_apply=action is not ScalingAction.MAINTAIN
        and settings.auto_apply
        and answer.confidence is not Confidence.LOW
        and pool_metrics.scaling.enabled is not True,
        reason=answer.reason,
        evidence=_evidence(seen, pool_metrics) if isinstance(seen, Situation) else (),
        confidence=answer.confidence,
        method=settings.policy.method,
    )


def _seen(
    pool: WorkerPoolMetrics,
    predicted: PredictedLoad | None,
    now: datetime,
    history: Sequence[CapacitySample],
    settings: ScalingSettings,
) -> Situation | str:
    """What a policy is asked about, or why none is asked."""
    if pool.total_workers is None:
        return "How many workers there are is not known."
    age_s = (now - pool.collected_at).total_seconds()
    if age_s > settings.stale_after_s:
        return f"The pool was last seen {age_s:.0f} s ago: stale."
    slots = settings.slots_per_worker or slots_per_worker(pool)
    if slots is None:
        return "How many slots a worker has is not known."
    return Situation(
        current=pool.total_workers,
        loads=measured_loads(history, slots, now, settings.step_s, settings.stale_after_s),
        step_s=settings.step_s,
        predicted_load=_predicted(pool, predicted, now, settings.stale_after_s, slots),
        idle=pool.idle_workers,
        since_out_s=_since_out_s(pool, now),
    )


def _since_out_s(pool: WorkerPoolMetrics, now: datetime) -> float | None:
    """How long ago the pool was made larger, by the decisions that its source tells."""
    ago = [
        (now - each.timestamp).total_seconds()
        for each in pool.scaling.scaling_decisions
        if each.action is ScalingAction.SCALE_UP and each.success is not False
    ]
    return min(ago, default=None)


def _predicted(
    pool: WorkerPoolMetrics,
    predicted: PredictedLoad | None,
    now: datetime,
    stale_after_s: float,
    slots: float,
) -> float | None:
    """Workers' worth: arrivals x time on a slot (Little's law) / slots of a worker."""
    if predicted is None or (now - predicted.made_at).total_seconds() > stale_after_s:
        return None
    duration_ms = predicted.task_duration_ms
    if duration_ms is None:
        duration_ms = pool.performance.avg_task_duration
    return None if duration_ms is None else predicted.tasks_per_second * duration_ms / 1000 / slots


def _asked(policy: ScalingPolicy, situation: Situation) -> _Answer:
    """Ask with and without the prediction: what rests on it is not measured."""
    wanted = policy.wanted(situation)
    if wanted.workers is None:
        return _Answer(None, wanted.because)
    measured = policy.wanted(replace(situation, predicted_load=None)).workers
    certain = Confidence.HIGH if measured == wanted.workers else Confidence.MEDIUM
    return _Answer(wanted.workers, wanted.because, certain)


def _limited(answer: _Answer, current: int, pool: WorkerPoolMetrics) -> _Answer:
    """Within what the pool may have, and never the other way than was wanted."""
    wanted, fewest, most = answer.workers, pool.scaling.min_workers, pool.scaling.max_workers
    if wanted is None or wanted == current:
        return answer
    limit, side = (most, "most") if wanted > current else (fewest, "fewest")
    if limit is None:
        return _Answer(None, f"{answer.reason} The {side} workers it may have are not known.")
    kept = (
        max(current, min(wanted, limit)) if wanted > current else min(current, max(wanted, limit))
    )
    if kept == wanted:
        return answer
    return replace(answer, workers=kept, reason=f"{answer.reason} The {side} it may have: {limit}.")


def _action(current: int | None, target: int | None) -> ScalingAction:
    if current is None or target is None or target == current:
        return ScalingAction.MAINTAIN
    return ScalingAction.SCALE_UP if target > current else ScalingAction.SCALE_DOWN


def _evidence(situation: Situation, pool: WorkerPoolMetrics) -> tuple[str, ...]:
    said = [f"{situation.current} workers"]
    if situation.idle is not None:
        said[0] += f", {situation.idle} of them idle"
    if situation.load_known:
        minutes = len(situation.loads) * situation.step_s / 60
        said.append(
            f"load for {situation.loads[-1]:.4g} workers now; known for {minutes:.0f} min back"
        )
    if situation.predicted_load is not None:
        said.append(f"load for {situation.predicted_load:.4g} workers is predicted")
    limits = (pool.scaling.min_workers, pool.scaling.max_workers)
    said.append("limits {} to {}".format(*("unknown" if each is None else each for each in limits)))
    return tuple(said)
