"""A scaling policy run over the jobs that came to a pool, from event to event.

Each worker does one job at a time, first come first served. Every `step_s` the policy is asked,
and what it wants acts at once: orders that are not ready are cancelled, the newest first, then
idle workers go, then busy ones as soon as they finish; nobody drops a job. Unlike in the replay
of a load, what waits longer under a policy is more load for it.
"""

from collections import deque
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import ceil, inf

import numpy as np

from analytics.forecasting.series import FloatArray
from analytics.scaling.policies import ScalingPolicy, Situation
from analytics.scaling.simulator import LOOK_BACK_S, Conditions

__all__ = ["JobReplay", "replay_jobs"]


@dataclass(frozen=True)
class JobReplay:
    """What became of the jobs. `waits_s`: of each job in the order given; NaN: never begun.

    `targets`: what was wanted after each step, within the limits. `worker_hours`: of ready workers.
    """

    waits_s: FloatArray
    targets: FloatArray
    worker_hours: float


def replay_jobs(
    arrivals_s: FloatArray,
    services_s: FloatArray,
    policy: ScalingPolicy,
    conditions: Conditions,
    first_workers: int = 0,
) -> JobReplay:
    """Run a policy over jobs by their times of arrival and on a worker, in seconds.

    It ends when the jobs are done, and a day after the last one came at the latest. Raises
    `ValueError` for times that are not finite or below 0, and for arrays of two lengths.
    """
    times = np.concatenate([arrivals_s, services_s])
    if len(arrivals_s) != len(services_s) or not np.isfinite(times).all() or (times < 0).any():
        raise ValueError("each job needs an arrival and a service time, finite and not below 0")
    order = np.argsort(arrivals_s, kind="stable").tolist()
    pool = _Workers(services_s.tolist(), deque((float(arrivals_s[job]), job) for job in order))
    pool.free = first_workers
    end = float(arrivals_s.max()) + LOOK_BACK_S if len(arrivals_s) else 0.0
    back = max(1, round(LOOK_BACK_S / conditions.step_s))
    loads: list[float] = []
    targets: list[float] = []
    changed = enlarged = -inf
    while pool.unfinished and pool.now < end:
        pool.run_until(pool.now + conditions.step_s)
        loads.append(float(len(pool.finishes) + len(pool.waiting)))
        current = target = pool.current
        if pool.now - changed > conditions.cooldown_s:
            wanted = policy.wanted(
                Situation(
                    current,
                    np.array(loads[-back:]),
                    conditions.step_s,
                    idle=pool.free,
                    since_out_s=pool.now - enlarged,
                )
            ).workers
            target = current if wanted is None else ceil(conditions.limited(wanted))
        if target != current:
            pool.resize(target, pool.now + conditions.delay_s)
            changed = pool.now
            enlarged = pool.now if target > current else enlarged
        targets.append(float(target))
    waits = np.full(len(arrivals_s), np.nan)
    waits[list(pool.waits)] = list(pool.waits.values())
    return JobReplay(waits, np.array(targets), pool.worker_s / 3600.0)


@dataclass
class _Workers:
    """Jobs and workers at `now`. `leaving`: busy workers that go when they finish."""

    services_s: list[float]
    coming: deque[tuple[float, int]]
    now: float = 0.0
    free: int = 0
    leaving: int = 0
    worker_s: float = 0.0
    orders: list[tuple[float, int]] = field(default_factory=list)
    finishes: list[float] = field(default_factory=list)
    waiting: deque[tuple[float, int]] = field(default_factory=deque)
    waits: dict[int, float] = field(default_factory=dict)

    @property
    def unfinished(self) -> bool:
        return bool(self.coming or self.waiting or self.finishes)

    @property
    def current(self) -> int:
        ordered = sum(workers for _, workers in self.orders)
        return self.free + len(self.finishes) - self.leaving + ordered

    def run_until(self, end: float) -> None:
        """Take all events up to `end`, in order of time."""
        while (at := self._next()) <= end:
            self._pass_to(at)
            while self.orders and self.orders[0][0] <= at:
                self.free += self.orders.pop(0)[1]
            while self.finishes and self.finishes[0] <= at:
                heappop(self.finishes)
                self.free += self.leaving == 0
                self.leaving = max(0, self.leaving - 1)
            while self.coming and self.coming[0][0] <= at:
                self.waiting.append(self.coming.popleft())
            self._begin()
        self._pass_to(end)

    def resize(self, target: int, ready_at: float) -> None:
        """Go to `target` workers, those that are ordered and not those that leave among them."""
        more = target - self.current
        if more > 0:
            stay = min(more, self.leaving)
            self.leaving -= stay
            if more > stay:
                self.orders.append((ready_at, more - stay))
        fewer = -more
        while fewer > 0 and self.orders:
            when, workers = self.orders.pop()
            if workers > fewer:
                self.orders.append((when, workers - fewer))
            fewer -= min(workers, fewer)
        idle = min(max(fewer, 0), self.free)
        self.free -= idle
        self.leaving += max(fewer, 0) - idle

    def _next(self) -> float:
        return min(
            self.orders[0][0] if self.orders else inf,
            self.finishes[0] if self.finishes else inf,
            self.coming[0][0] if self.coming else inf,
        )

    def _begin(self) -> None:
        while self.free and self.waiting:
            arrived, job = self.waiting.popleft()
            self.free -= 1
            self.waits[job] = self.now - arrived
            heappush(self.finishes, self.now + self.services_s[job])

    def _pass_to(self, at: float) -> None:
        self.worker_s += (self.free + len(self.finishes)) * (at - self.now)
        self.now = at
