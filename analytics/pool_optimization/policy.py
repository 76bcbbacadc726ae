"""Whether a scaling policy would do better than what was done, by the pool's own history."""

from dataclasses import dataclass

from analytics.pool_optimization.findings import Optimization
from analytics.pool_optimization.past import DAY_S, Past
from analytics.replay import judge
from analytics.scaling.simulator import replay
from analytics.scaling.tuning import LEAST_DAYS, tune, tuned_daily

__all__ = ["PolicyFound", "policy"]

ALLOWED_SHORT_RATIO = 0.02
WORTH_RATIO = 0.05


@dataclass(frozen=True)
class PolicyFound:
    """The recommendation, and what it would take in worker hours a day; null: there is none."""

    found: Optimization[dict[str, object]]
    worker_hours_per_day: float | None = None


def policy(past: Past) -> PolicyFound:
    """The default policy, learnt from the pool's past, against the sizes that the pool had.

    It is judged as it would have been run, each day with what was learnt from the days before,
    and from the day on for which there is something to learn from. It is recommended where it
    leaves the pool short for no more of the time than the pool was, or 2 %, and saves a twentieth
    of the worker hours; or where it leaves it short for clearly less.
    """
    step_s, delay_s = past.conditions.step_s, past.conditions.delay_s
    begin = round(LEAST_DAYS * DAY_S / step_s)
    judged = past.since(begin)
    did_short, did_hours = judged.short_ratio, judged.worker_hours_per_day
    if past.days < LEAST_DAYS + 1 or did_short is None or did_hours is None:
        reason = f"{past.days:.3g} days of its load are known, and {LEAST_DAYS + 1} are needed."
        return PolicyFound(Optimization(reason=reason))
    course = replay(past.loads, tuned_daily(past.loads, step_s, delay_s), past.conditions)
    tuned = tune(past.loads, step_s, delay_s)
    replayed = judge(past.loads, course, past.conditions, tuned.policy.method, since=begin)
    short = replayed.under_provisioned or 0.0
    hours = float(course.ready[begin:].mean()) * 24
    evidence = (
        f"In {judged.days:.3g} days the pool had fewer workers than its load took for "
        f"{did_short:.2%} of the time, with {did_hours:.4g} worker hours a day.",
        f"The default policy, learnt anew each day, would have been short for {short:.2%}, with "
        f"{hours:.4g}; a worker is ready {delay_s:g} s after its order.",
        *replayed.evidence,
    )
    shorter = short < did_short - ALLOWED_SHORT_RATIO
    saves = short <= max(did_short, ALLOWED_SHORT_RATIO) and hours < (1 - WORTH_RATIO) * did_hours
    if not (shorter or saves):
        reason = "It would not do better than what was done."
        return PolicyFound(Optimization(evidence=evidence, reason=reason))
    found: Optimization[dict[str, object]] = Optimization(
        recommended=tuned.policy.model_dump(),
        effect=f"Short for {short:.2%} instead of {did_short:.2%} of the time, {hours:.4g} instead "
        f"of {did_hours:.4g} worker hours a day.",
        risk="Load that was never seen before waits until its workers are there.",
        evidence=(*evidence, tuned.reason),
    )
    return PolicyFound(found, hours)
