"""All sides of one pool together: `WorkerPoolOptimizer.optimize_worker_pool`."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from analytics.findings import Confidence, Recommendation
from analytics.pool_optimization.findings import (
    CostImpact,
    Optimization,
    PoolOptimization,
    PoolOptimizations,
)
from analytics.pool_optimization.past import Past
from analytics.pool_optimization.policy import PolicyFound, policy
from analytics.pool_optimization.size import size
from analytics.pool_optimization.workers import health_checks, placement, resources
from analytics.replay import LEAST_DAYS
from analytics.scaling.simulator import Conditions
from analytics.whatif import CENSORED, PoolStep
from contracts.worker_pool import WorkerPoolMetrics

__all__ = ["optimize"]

METHOD = (
    "Size: the 99th percentile of the load at the target utilization. Policy: a replay of the "
    "default policy over the pool's own steps against the sizes it had. Resources, placement and "
    "health checks: one look at all workers."
)
ACTIONS = {
    "health_checks": "Take a worker for lost after {timeout_s:.4g} s without a sign of life.",
    "worker_placement": "Spread the workers: {spread}.",
    "resource_allocation": "Give each worker {slots_per_worker:g} slots.",
    "scaling_policy": "Scale the pool by the policy {kind}, with the settings found.",
    "size_optimization": "Set the pool to {workers} workers.",
}


def optimize(
    pool: WorkerPoolMetrics,
    steps: Sequence[PoolStep],
    conditions: Conditions,
    price_per_worker_hour: float | None = None,
) -> PoolOptimization:
    """See `WorkerPoolOptimizer.optimize_worker_pool`."""
    past = Past(steps, conditions)
    found = policy(past)
    sides = PoolOptimizations(
        size_optimization=size(pool, past),
        resource_allocation=resources(pool),
        scaling_policy=found.found,
        worker_placement=placement(pool),
        health_checks=health_checks(pool),
    )
    hours = _optimized_hours(sides, found)
    load = float(np.nanmean(past.loads)) * 24 if past.days else None
    made = tuple(_steps(sides))
    return PoolOptimization(
        current_efficiency=past.efficiency,
        optimizations=sides,
        expected_efficiency=load / hours if load is not None and hours else past.efficiency,
        cost_impact=_cost(past, hours, price_per_worker_hour),
        implementation_steps=made,
        evidence=(
            f"Its load is known for {past.days:.3g} days, in steps of {conditions.step_s:g} s.",
            CENSORED,
        ),
        confidence=_confidence(past, made),
        method=METHOD,
        reason=None if made else "Nothing is to be changed, or too little is known.",
    )


def _optimized_hours(sides: PoolOptimizations, found: PolicyFound) -> float | None:
    """Worker hours a day with the policy, else with the size; null where neither changes."""
    if found.worker_hours_per_day is not None:
        return found.worker_hours_per_day
    workers = sides.size_optimization.recommended
    return None if workers is None else 24.0 * workers


def _cost(past: Past, hours: float | None, price: float | None) -> CostImpact:
    now = past.worker_hours_per_day
    if now is None:
        return CostImpact(reason="The pool's workers of the past are unknown.")
    change = 0.0 if hours is None else hours - now
    return CostImpact(
        current_worker_hours_per_day=now,
        optimized_worker_hours_per_day=now + change,
        change_worker_hours_per_day=change,
        change_cost_per_day=None if price is None else change * price,
        reason="No price of a worker hour is given." if price is None else None,
    )


def _steps(sides: PoolOptimizations) -> Iterator[Recommendation]:
    """What loses nothing first; a size only where no policy sets it."""
    for name, action in ACTIONS.items():
        each: Optimization[Any] = getattr(sides, name)
        if each.recommended is None:
            continue
        if name == "size_optimization" and sides.scaling_policy.recommended is not None:
            continue
        yield Recommendation(
            action=action.format(**_words(each.recommended)),
            evidence=" ".join(each.evidence),
            effect=each.effect or "",
            risk=each.risk or "",
        )


def _words(recommended: Any) -> dict[str, Any]:
    if isinstance(recommended, int):
        return {"workers": recommended}
    spread = (
        f"{name.replace('_', ' ')} {value:g}"
        for name, value in recommended.items()
        if isinstance(value, int | float)
    )
    return {"spread": ", ".join(spread), **recommended}


def _confidence(past: Past, made: Sequence[Recommendation]) -> Confidence:
    if not made or past.days < LEAST_DAYS:
        return Confidence.LOW
    whole = bool(np.isfinite(past.loads).all()) and not past.full_ratio
    return Confidence.HIGH if whole else Confidence.MEDIUM
