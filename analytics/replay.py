"""What a scaling policy would have done for a pool: waits, shortage, cost and changes."""

import numpy as np
import numpy.typing as npt

from analytics.findings import Confidence
from analytics.forecasting.series import FloatArray
from analytics.replay_findings import PolicyReplay
from analytics.scaling.policies import DefaultPolicy, ScalingPolicy
from analytics.scaling.simulator import HOLD_S, Conditions, Course, oracle, replay
from analytics.scaling.tuning import tuned_daily
from analytics.scaling.windows import leading_max, needed

__all__ = ["Conditions", "judge", "replay_policy", "replay_tuned"]

LEAST_DAYS = 3
DAY_S, HOUR_S = 86_400.0, 3600.0
ABOVE_RATIO, ABOVE_WORKERS = 0.2, 1.0
METHOD = (
    "{policy} Stepwise replay of the pool's history. Shares of time and changes as in the "
    "elasticity metrics of Herbst, Kounev and Reussner (2013); the oracle knows the load until a "
    f"worker ordered now would be ready, waits for workers as long and holds them {HOLD_S:g} s."
)


def replay_policy(
    loads: FloatArray,
    policy: ScalingPolicy,
    conditions: Conditions,
    predicted: FloatArray | None = None,
) -> PolicyReplay:
    """Run a policy over a history and judge all of it; see `analytics.scaling.simulator.replay`."""
    course = replay(loads, lambda _: policy, conditions, predicted)
    return judge(loads, course, conditions, policy.method)


def replay_tuned(
    loads: FloatArray, conditions: Conditions, policy: DefaultPolicy | None = None
) -> PolicyReplay:
    """The same for the default policy as it is run: learnt anew each day, from the days before."""
    policy_at = tuned_daily(loads, conditions.step_s, conditions.delay_s, policy)
    method = f"{policy_at(len(loads)).method} Learnt anew each day; these are the last settings."
    return judge(loads, replay(loads, policy_at, conditions), conditions, method)


def judge(
    loads: FloatArray, course: Course, conditions: Conditions, method: str, since: int = 0
) -> PolicyReplay:
    """Score a course of `method` over `loads`, workers' worth by step, from step `since` on."""
    best = oracle(loads, conditions)
    right = _accurate(loads, course, best, conditions)[since:]
    loads, ready, days_a_step = loads[since:], course.ready[since:], conditions.step_s / DAY_S
    known = np.isfinite(loads)
    need = needed(loads, conditions.target_utilization)
    known_days, days = float(known.sum()) * days_a_step, len(loads) * days_a_step
    hours = conditions.step_s / HOUR_S
    spent, least = float(ready.sum()) * hours, float(best.ready[since:].sum()) * hours
    waits = _waits_s(np.nan_to_num(loads, nan=0.0), ready, conditions.step_s)
    return PolicyReplay(
        under_provisioned=_share(ready < need, known),
        over_provisioned=_share(ready > need, known),
        saturated=_share(loads > ready, known),
        mean_wait_s=None if waits is None else waits[0],
        longest_wait_s=None if waits is None else waits[1],
        worker_hours=spent,
        starting_worker_hours=float(course.starting[since:].sum()) * hours,
        cost_to_oracle=spent / least if least else None,
        changes_per_day=float(np.count_nonzero(np.diff(ready))) / days if days else None,
        accuracy=_share(right, known) if known_days >= LEAST_DAYS else None,
        evidence=(
            f"Of {days:.3g} days the load of {known_days:.3g} is known, in steps of "
            f"{conditions.step_s:g} s.",
            f"A worker is ready {conditions.delay_s:g} s after it was ordered.",
            f"{spent:.6g} worker hours; the oracle spends {least:.6g}.",
        ),
        confidence=_confidence(known_days, days),
        method=METHOD.format(policy=method),
    )


def _share(which: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_]) -> float | None:
    return float(which[known].mean()) if known.any() else None


def _confidence(known_days: float, days: float) -> Confidence:
    if known_days < LEAST_DAYS:
        return Confidence.LOW
    return Confidence.HIGH if known_days == days else Confidence.MEDIUM


def _accurate(
    loads: FloatArray, course: Course, best: Course, conditions: Conditions
) -> npt.NDArray[np.bool_]:
    """Whether each target was enough, and not too much, for the steps that it was for."""
    if not len(loads):
        return np.empty(0, dtype=bool)
    window = conditions.delay_steps + conditions.hold_steps
    need = np.nan_to_num(needed(loads, conditions.target_utilization), nan=0.0)
    enough, had = (
        leading_max(np.append(each[1:], each[-1]), window) for each in (need, best.ready)
    )
    most = had + np.maximum(ABOVE_WORKERS, ABOVE_RATIO * had)
    return (enough <= course.targets) & (course.targets <= most)


def _waits_s(loads: FloatArray, ready: FloatArray, step_s: float) -> tuple[float, float] | None:
    """Mean wait by work and longest wait, in whole steps; None where no work came.

    What came by the end of a step is served when the cumulated service reaches it. The backlog
    is Lindley's recursion.
    """
    came = np.cumsum(loads)
    if not len(came) or came[-1] <= 0:
        return None
    excess = np.cumsum(loads - ready)
    backlog = excess - np.minimum(np.minimum.accumulate(excess), 0.0)
    tiny = 1e-9 * came[-1]
    served_in = np.searchsorted(np.maximum.accumulate(came - backlog), came - tiny)
    waits = np.maximum(served_in - np.arange(len(came)), 0) * step_s
    return float((waits * loads).sum() / came[-1]), float(waits[loads > 0].max())
