"""The load of a pool in workers' worth, step by step, from what was measured of it."""

from collections.abc import Iterable
from datetime import datetime

import numpy as np

from analytics.capacity_forecast import CapacitySample
from analytics.forecasting.series import FloatArray
from contracts.worker_pool import WorkerPoolMetrics

__all__ = ["measured_loads", "slots_per_worker"]

LOOK_BACK_S = 86_400.0


def slots_per_worker(pool: WorkerPoolMetrics) -> float | None:
    """Places on a live worker; None where their number is unknown or nobody lives."""
    slots, total = pool.resource_usage.total_slots, pool.total_workers
    if slots is None or total is None:
        return None
    live = total - (pool.failed_workers or 0) - (pool.terminating_workers or 0)
    return slots / live if slots > 0 and live > 0 else None


def measured_loads(
    samples: Iterable[CapacitySample],
    slots: float,
    now: datetime,
    step_s: float,
    stale_after_s: float,
) -> FloatArray:
    """Demand / `slots` a worker, by step; the last step ends now; NaN is unknown.

    A step has the most of its own samples and of the last one before, while that is not older
    than `stale_after_s`. Begins with the first known step of the last day; empty without one.
    Samples may be unordered, doubled, and of the future, which are not looked at. Raises
    `ValueError` for a demand below 0.
    """
    count = int(LOOK_BACK_S // step_s)
    known = sorted(
        ((each.at - now).total_seconds(), each.demand)
        for each in samples
        if each.demand is not None and np.isfinite(each.demand) and each.at <= now
    )
    if any(demand < 0 for _, demand in known):
        raise ValueError("demand is below 0: slots and pending workflows are counts")
    if not known:
        return np.empty(0)
    at, demand = np.array(known).T
    ends = -step_s * np.arange(count - 1, -1, -1.0)
    last = np.searchsorted(at, ends, side="right") - 1
    fresh = (last >= 0) & (ends - at[last] <= stale_after_s)
    loads = np.where(fresh, demand[last], np.nan)
    own = np.ceil(at / step_s).astype(np.int64) + count - 1
    within = own >= 0
    np.fmax.at(loads, own[within], demand[within])
    first = np.flatnonzero(np.isfinite(loads))
    return loads[first[0] :] / slots if len(first) else np.empty(0)
