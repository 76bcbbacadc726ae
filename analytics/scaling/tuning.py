"""What a default policy should hold and spare, learnt by replaying a pool's own history.

Each pair of a hold and a spare is replayed over the last week; the cheapest that left the pool
short no more of the time than allowed is taken. The spares that are tried are quantiles of how
far load rose above its level before a worker ordered then would have been ready.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from math import ceil

import numpy as np

from analytics.forecasting.series import FloatArray
from analytics.scaling.policies import LEVEL_S, DefaultPolicy
from analytics.scaling.windows import (
    leading_max,
    needed,
    ready_workers,
    trailing_max,
    trailing_mean,
)

__all__ = ["ALLOWED_SHORT_RATIO", "LEAST_DAYS", "Tuned", "tune", "tuned_daily"]

ALLOWED_SHORT_RATIO = 0.018
"""A tenth below 2 %: no day is quite like those before it."""

LEAST_DAYS, MOST_DAYS = 3, 7
DAY_S = 86_400
HOLDS_S = (300.0, 450.0, 600.0, 900.0, 1200.0, 1800.0, 2400.0, 3600.0, 4800.0)
RISE_QUANTILES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
LEAST_LEVEL = 0.25
"""Workers. Rises above a smaller level say nothing about its root."""


@dataclass(frozen=True)
class Tuned:
    """A policy and how it did on what it was learnt from; `short_ratio` None: nothing learnt."""

    policy: DefaultPolicy
    short_ratio: float | None
    reason: str


def tune(
    loads: FloatArray,
    step_s: float,
    delay_s: float,
    policy: DefaultPolicy | None = None,
    allowed_short_ratio: float = ALLOWED_SHORT_RATIO,
) -> Tuned:
    """`policy` with the hold and the spare that would have been cheapest for a pool.

    `loads`: workers' worth by step, oldest first, NaN is unknown. `delay_s`: from an order to a
    ready worker. `allowed_short_ratio`: share of the time, 0..1, that the pool may be smaller
    than the need; where no pair keeps it, the pair that was short least is taken. With less
    than three days of known load the policy stays as it was.
    """
    policy = policy or DefaultPolicy()
    recent = loads[-round(MOST_DAYS * DAY_S / step_s) :]
    if np.isfinite(recent).sum() * step_s < LEAST_DAYS * DAY_S:
        return Tuned(policy, None, f"Less than {LEAST_DAYS} days of known load: nothing is learnt.")
    delay = ceil(delay_s / step_s)
    tried = [
        each
        for root in _roots(recent, step_s, delay)
        for each in _tried(policy.model_copy(update={"spare_root": root}), recent, step_s, delay)
    ]
    short, _, chosen = min(
        tried, key=lambda each: (max(0.0, each[0] - allowed_short_ratio), each[1])
    )
    days = len(recent) * step_s / DAY_S
    reason = (
        f"Of {len(tried)} pairs of hold and spare the cheapest over {days:.3g} days that left the "
        f"pool short at most {allowed_short_ratio:.1%} of the time: {short:.2%}."
    )
    return Tuned(chosen, short, reason)


def tuned_daily(
    loads: FloatArray, step_s: float, delay_s: float, policy: DefaultPolicy | None = None
) -> Callable[[int], DefaultPolicy]:
    """The policy of each step: learnt anew every day, from what was before that day alone."""
    a_day = round(DAY_S / step_s)

    @cache
    def of(day: int) -> DefaultPolicy:
        return tune(loads[: day * a_day], step_s, delay_s, policy).policy

    return lambda step: of(step // a_day)


def _roots(loads: FloatArray, step_s: float, delay: int) -> list[float]:
    """Nothing to spare, and quantiles of the rises while a worker starts."""
    level = trailing_mean(loads, max(1, round(LEVEL_S / step_s)))[:-1]
    peak = leading_max(np.nan_to_num(loads, nan=-np.inf), delay + 1)[1:]
    rises = (peak - level) / np.sqrt(np.maximum(level, LEAST_LEVEL))
    quantiles = np.quantile(rises[np.isfinite(rises)], RISE_QUANTILES)
    return sorted({0.0, *(float(each) for each in quantiles if each > 0)})


def _tried(
    policy: DefaultPolicy, loads: FloatArray, step_s: float, delay: int
) -> Iterator[tuple[float, float, DefaultPolicy]]:
    """For each hold: share of the known time short of the need, mean workers, the policy."""
    known = np.isfinite(loads)
    need = needed(loads, policy.target_utilization)[known]
    staffed = needed(policy.staffed(loads, step_s), policy.target_utilization)
    wanted = np.nan_to_num(staffed, nan=0.0) + policy.spare_workers
    for hold_s in HOLDS_S:
        targets = trailing_max(wanted, max(1, round(hold_s / step_s)))
        ready = ready_workers(targets, delay, targets[0])
        short = float((ready[known] < need).mean())
        yield short, float(ready.mean()), policy.model_copy(update={"hold_s": hold_s})
