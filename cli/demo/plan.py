"""What happens in the demo and when: a seeded schedule without clock or client."""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from operator import attrgetter
from random import Random

__all__ = ["ORDERS", "REPORTS", "Job", "KillWorker", "LoadPlan", "StartWorkflow", "Step"]

ORDERS = "orders"
REPORTS = "reports"

NEVER = math.inf
POISON_TIMEOUT_S = 300.0
REFUSED_RATIO = 0.5


@dataclass(frozen=True, slots=True)
class Job:
    """What one workflow is asked to do; travels to the worker as JSON.

    Each step works for `work_s` seconds. It fails `failed_attempts` times before it succeeds,
    or for good when `fatal`.
    """

    work_s: float
    failed_attempts: int = 0
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class StartWorkflow:
    """Start `workflow` on `task_queue`; the server ends it when it takes over `timeout_s`."""

    at_s: float
    workflow: str
    task_queue: str
    job: Job
    timeout_s: float = 1_800.0


@dataclass(frozen=True, slots=True)
class KillWorker:
    """Take one worker away without warning."""

    at_s: float


Step = StartWorkflow | KillWorker


@dataclass(frozen=True)
class LoadPlan:
    """How the load changes. Times are seconds since the start; `inf` means never.

    The trickle is a Poisson process whose rate swings by `swing_ratio` around `trickle_per_s`.
    A burst is about `burst_size` orders within `burst_spread_s`, more than the workers have room
    for. `work_ratio` makes all work longer or shorter.
    """

    trickle_per_s: float = 0.5
    swing_ratio: float = 0.5
    swing_period_s: float = 420.0
    first_burst_s: float = 2.0
    burst_every_s: float = 180.0
    burst_size: int = 100
    burst_spread_s: float = 8.0
    first_kill_s: float = 100.0
    kill_every_s: float = 600.0
    replace_after_s: float = 20.0
    first_poison_s: float = 150.0
    poison_every_s: float = 900.0
    work_ratio: float = 1.0

    def __post_init__(self) -> None:
        if self.trickle_per_s <= 0:
            raise ValueError("trickle_per_s must be above 0")
        if not 0 <= self.swing_ratio < 1:
            raise ValueError("swing_ratio must be at least 0 and below 1")
        if self.burst_spread_s >= self.burst_every_s / 2:
            raise ValueError("burst_spread_s must be below half of burst_every_s")

    def steps(self, seed: int) -> Iterator[Step]:
        """Everything to do, in the order of `at_s`, without end. One seed, one schedule."""
        sources = {
            "trickle": self._trickle,
            "bursts": self._bursts,
            "poison": self._poison,
            "kills": self._kills,
        }
        streams = (source(Random(f"{seed}/{name}")) for name, source in sources.items())
        return heapq.merge(*streams, key=attrgetter("at_s"))

    def rate_per_s(self, at_s: float) -> float:
        """Mean rate of the trickle at a moment."""
        swing = math.sin(2 * math.pi * at_s / self.swing_period_s)
        return self.trickle_per_s * (1 + self.swing_ratio * swing)

    def _trickle(self, random: Random) -> Iterator[Step]:
        # Thinning: draw at the highest rate, keep each draw with the share of the present rate.
        highest = self.trickle_per_s * (1 + self.swing_ratio)
        at_s = 0.0
        while True:
            at_s += random.expovariate(highest)
            if random.random() * highest < self.rate_per_s(at_s):
                yield self._any_workflow(at_s, random)

    def _bursts(self, random: Random) -> Iterator[Step]:
        for begin_s in _ticks(self.first_burst_s, self.burst_every_s):
            size = round(self.burst_size * random.uniform(0.7, 1.3))
            moments = sorted(random.uniform(0, self.burst_spread_s) for _ in range(size))
            for moment in moments:
                yield self._order(begin_s + moment, random)

    def _poison(self, random: Random) -> Iterator[Step]:
        for at_s in _ticks(self.first_poison_s, self.poison_every_s):
            yield StartWorkflow(at_s, "AuditOrder", ORDERS, Job(0.0), POISON_TIMEOUT_S)

    def _kills(self, random: Random) -> Iterator[Step]:
        for at_s in _ticks(self.first_kill_s, self.kill_every_s):
            yield KillWorker(at_s)

    def _any_workflow(self, at_s: float, random: Random) -> StartWorkflow:
        make = random.choices(
            (self._order, self._report, self._parcel, self._refund), weights=(56, 14, 18, 12)
        )[0]
        return make(at_s, random)

    def _order(self, at_s: float, random: Random) -> StartWorkflow:
        return StartWorkflow(at_s, "FulfilOrder", ORDERS, Job(self._work_s(random, 0.5, 2.5)))

    def _report(self, at_s: float, random: Random) -> StartWorkflow:
        return StartWorkflow(at_s, "BuildReport", REPORTS, Job(self._work_s(random, 5, 15)))

    def _parcel(self, at_s: float, random: Random) -> StartWorkflow:
        job = Job(self._work_s(random, 0.2, 0.8), failed_attempts=random.randint(1, 3))
        return StartWorkflow(at_s, "ShipParcel", ORDERS, job)

    def _refund(self, at_s: float, random: Random) -> StartWorkflow:
        job = Job(self._work_s(random, 0.2, 0.8), fatal=random.random() < REFUSED_RATIO)
        return StartWorkflow(at_s, "RefundOrder", ORDERS, job)

    def _work_s(self, random: Random, shortest_s: float, longest_s: float) -> float:
        return round(self.work_ratio * random.uniform(shortest_s, longest_s), 3)


def _ticks(first_s: float, every_s: float) -> Iterator[float]:
    return count(first_s, every_s) if math.isfinite(first_s) else iter(())
