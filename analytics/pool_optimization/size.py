"""How many workers a pool of a fixed size should have."""

import numpy as np

from analytics.pool_optimization.findings import Optimization
from analytics.pool_optimization.past import Past
from analytics.scaling.windows import needed
from contracts.worker_pool import WorkerPoolMetrics

__all__ = ["size"]

QUANTILE = 0.99
LEAST_DAYS_TO_GROW, LEAST_DAYS_TO_SHRINK = 1 / 24, 7.0
SHRINK_FULL_RATIO = 0.001


def size(pool: WorkerPoolMetrics, past: Past) -> Optimization[int]:
    """For the load that 99 of 100 steps stay within, at the target utilization.

    Fewer are recommended only after a week without a step in which all workers were full: what
    waited then is not in the load.
    """
    current = pool.total_workers
    if current is None:
        return Optimization(reason="How many workers there are is unknown.")
    if past.days < LEAST_DAYS_TO_GROW:
        return Optimization(current=current, reason="Less than an hour of its load is known.")
    known = past.loads[np.isfinite(past.loads)]
    load, full = float(np.quantile(known, QUANTILE)), past.full_ratio or 0.0
    wanted = int(needed(np.array([load]), past.conditions.target_utilization)[0])
    limited = _limited(max(1, wanted), pool)
    evidence = (
        f"In {QUANTILE:.0%} of {past.days:.3g} known days the load was at most {load:.4g} "
        f"workers' worth; all workers were full {full:.2%} of the time.",
        f"{limited} workers carry it at a utilization of {past.conditions.target_utilization:g}.",
    )
    reason = _kept(current, limited, past.days, full)
    if reason is not None:
        return Optimization(current=current, evidence=evidence, reason=reason)
    more = limited > current
    return Optimization(
        current=current,
        recommended=limited,
        effect="Bursts wait less." if more else f"{current - limited} workers fewer stand idle.",
        risk="They cost more, and load what the work calls."
        if more
        else "A busier week than the last would wait.",
        evidence=evidence,
    )


def _limited(workers: int, pool: WorkerPoolMetrics) -> int:
    fewest, most = pool.scaling.min_workers, pool.scaling.max_workers
    limited = workers if most is None else min(workers, most)
    return limited if fewest is None else max(limited, fewest)


def _kept(current: int, wanted: int, days: float, full: float) -> str | None:
    if wanted == current:
        return "It has as many as its load takes."
    if wanted > current:
        return None
    if days < LEAST_DAYS_TO_SHRINK:
        return f"{wanted} would do, but {days:.3g} days tell nothing of a week."
    if full > SHRINK_FULL_RATIO:
        return f"{wanted} would do for what is seen, but its workers were full at times."
    return None
