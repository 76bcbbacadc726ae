"""A scaling policy run over a pool's own history, step by step.

In each step, workers that have started become ready, the load is measured, the policy is asked,
and what it wants acts: workers too many are gone before the next step, those still starting
first, the newest first; new ones are ready `delay_s` after the end of the step. The history comes
as it came: what waits longer under a policy does not come back as more load.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, inf, isnan

import numpy as np

from analytics.forecasting.series import FloatArray
from analytics.scaling.policies import ScalingPolicy, Situation
from analytics.scaling.windows import leading_max, needed, ready_workers, trailing_max

__all__ = ["HOLD_S", "MOST_LOAD", "Conditions", "Course", "oracle", "replay"]

HOLD_S = 300.0
"""How long the oracle keeps workers."""

MOST_LOAD = 1e9
LOOK_BACK_S = 86_400.0
"""What of the past a policy sees: no hold is longer than a day."""


@dataclass(frozen=True)
class Conditions:
    """What a policy is under.

    `delay_s`: from the order of a worker to its first work. `cooldown_s`: after a change there is
    no other for so long. `target_utilization`: what is needed is judged by it.
    """

    step_s: float = 60.0
    delay_s: float = 300.0
    cooldown_s: float = 0.0
    target_utilization: float = 0.8
    min_workers: int = 0
    max_workers: int | None = None

    @property
    def delay_steps(self) -> int:
        return ceil(self.delay_s / self.step_s)

    @property
    def hold_steps(self) -> int:
        return max(1, round(HOLD_S / self.step_s))

    def limited(self, workers: float) -> float:
        most = workers if self.max_workers is None else min(workers, self.max_workers)
        return max(most, self.min_workers)


@dataclass(frozen=True)
class Course:
    """By step: workers `ready` in it, those `starting`, and the `targets` set after it."""

    ready: FloatArray
    starting: FloatArray
    targets: FloatArray


@dataclass
class _Pool:
    """Workers that are ready, and orders that are not: (step they are ready in, workers)."""

    ready: float
    orders: list[tuple[int, float]] = field(default_factory=list)

    @property
    def starting(self) -> float:
        return sum(workers for _, workers in self.orders)

    def start(self, step: int) -> None:
        while self.orders and self.orders[0][0] <= step:
            self.ready += self.orders.pop(0)[1]

    def resize(self, target: float, ready_in: int) -> None:
        change = target - self.ready - self.starting
        if change > 0:
            self.orders.append((ready_in, change))
        while change < 0 and self.orders:
            when, workers = self.orders.pop()
            if workers + change > 0:
                self.orders.append((when, workers + change))
            change = min(0.0, change + workers)
        if change < 0:
            self.ready += change


def replay(
    loads: FloatArray,
    policy_at: Callable[[int], ScalingPolicy],
    conditions: Conditions,
    predicted: FloatArray | None = None,
) -> Course:
    """Run the policy of each step over `loads`, workers' worth by step; NaN is unknown.

    `predicted[i]`: the most load that was expected, at the end of step i, until a worker ordered
    then is ready. It begins with the workers that the first load needs. Raises `ValueError` for
    loads below 0 or above a thousand million.
    """
    need = _needed(loads, conditions)
    pool = _Pool(float(need[0])) if len(need) else _Pool(0.0)
    back = max(1, round(LOOK_BACK_S / conditions.step_s))
    cooldown = ceil(conditions.cooldown_s / conditions.step_s)
    changed, enlarged = -cooldown, -inf
    course = Course(*np.empty((3, len(loads))))
    for step, load in enumerate(loads.tolist()):
        pool.start(step)
        course.ready[step], course.starting[step] = pool.ready, pool.starting
        current = target = pool.ready + pool.starting
        if step - changed >= cooldown:
            situation = Situation(
                current=int(current),
                loads=loads[max(0, step + 1 - back) : step + 1],
                step_s=conditions.step_s,
                predicted_load=None if predicted is None else float(predicted[step]),
                idle=None if isnan(load) else int(current - min(pool.ready, ceil(load))),
                since_out_s=(step - enlarged) * conditions.step_s,
            )
            wanted = policy_at(step).wanted(situation).workers
            target = current if wanted is None else conditions.limited(wanted)
        if target != current:
            pool.resize(target, step + 1 + conditions.delay_steps)
            changed = step
            enlarged = step if target > current else enlarged
        course.targets[step] = target
    return course


def oracle(loads: FloatArray, conditions: Conditions) -> Course:
    """What perfect foresight of no more than the delay would do: the bound for any policy.

    It wants the most that is needed until a worker ordered now is ready, and holds it for
    `HOLD_S`. Unknown load needs nobody. Raises as `replay`.
    """
    need = _needed(loads, conditions)
    if not len(need):
        return Course(*np.empty((3, 0)))
    ahead = leading_max(np.append(need[1:], need[-1]), conditions.delay_steps + 1)
    targets = trailing_max(ahead, conditions.hold_steps)
    ready = ready_workers(targets, conditions.delay_steps, float(need[0]))
    before = np.append(need[0], targets[:-1])
    return Course(ready, before - ready, targets)


def _needed(loads: FloatArray, conditions: Conditions) -> FloatArray:
    """Workers needed within the limits, 0 where the load is unknown."""
    known = loads[np.isfinite(loads)]
    if np.isinf(loads).any() or (len(known) and not 0 <= known.min() <= known.max() <= MOST_LOAD):
        raise ValueError(f"loads must be between 0 and {MOST_LOAD:g} workers")
    need = np.nan_to_num(needed(loads, conditions.target_utilization), nan=0.0)
    return np.clip(need, conditions.min_workers, conditions.max_workers)
