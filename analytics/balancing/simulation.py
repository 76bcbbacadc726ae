"""Jobs spread over workers by one algorithm or another: a discrete-event simulation.

Each worker does one job after the other, first come, first served. All algorithms get the same
arrivals, sizes and keys, so that their differences are not those of the draws. Unit of time is the
mean service time of a worker of mean speed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import ceil, sqrt

import numpy as np
import numpy.typing as npt

from analytics.forecasting.series import FloatArray
from contracts.load_balancing import LoadBalancingAlgorithm

__all__ = ["LOAD_BOUND_RATIO", "Jobs", "Pool", "draw", "responses"]

LOAD_BOUND_RATIO = 1.25
"""Of V. Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent hashing with bounded loads" (2018)."""

Algorithm = LoadBalancingAlgorithm
Indices = npt.NDArray[np.int64]
Choice = Callable[[int, Sequence[int]], int]
"""Job number and jobs at each worker, as far as the balancer knows, to a worker."""


@dataclass(frozen=True)
class Pool:
    """What is simulated. `speeds` have a mean of 1; `report_interval` is in mean services."""

    speeds: FloatArray
    utilization: float
    service_cv2: float
    arrival_cv2: float
    report_interval: float
    key_shares: FloatArray | None


@dataclass(frozen=True)
class Jobs:
    """One draw. `homes`: by job, the worker its key hashes to; empty where keys are unknown.

    `chance` has two random numbers in 0..1 a job.
    """

    arrivals: FloatArray
    sizes: FloatArray
    homes: Indices
    chance: FloatArray


def draw(pool: Pool, jobs: int, random: np.random.Generator) -> Jobs:
    """Log-normal sizes and gamma distributed gaps, keys hashed evenly to workers."""
    workers = len(pool.speeds)
    gaps = _gaps(pool.arrival_cv2, jobs, random) / (pool.utilization * workers)
    spread = np.log1p(pool.service_cv2)
    sizes = random.lognormal(-spread / 2, sqrt(spread), jobs)
    homes = np.empty(0, dtype=np.int64)
    if pool.key_shares is not None:
        keys = random.choice(len(pool.key_shares), size=jobs, p=pool.key_shares)
        homes = random.integers(workers, size=len(pool.key_shares))[keys]
    return Jobs(np.cumsum(gaps), sizes, homes, random.random((jobs, 2)))


def responses(algorithm: Algorithm, pool: Pool, jobs: Jobs) -> FloatArray:
    """What each job spends waiting and being served, by job.

    Raises `ValueError` for an algorithm of which it is not known what it does.
    """
    choose = _by_load(algorithm, pool.speeds, jobs)
    if choose is not None:
        return _chosen(choose, pool, jobs)
    return _fixed(_without_looking(algorithm, pool.speeds, jobs), pool.speeds, jobs)


def _by_load(algorithm: Algorithm, speeds: FloatArray, jobs: Jobs) -> Choice | None:
    match algorithm:
        case Algorithm.LEAST_CONNECTIONS:
            return _least(jobs)
        case Algorithm.ADAPTIVE:
            return _better_of_two(jobs, speeds)
        case Algorithm.CONSISTENT_HASH:
            return _bounded(jobs, speeds)
        case _:
            return None


def _without_looking(algorithm: Algorithm, speeds: FloatArray, jobs: Jobs) -> Indices:
    match algorithm:
        case Algorithm.ROUND_ROBIN:
            return np.arange(len(jobs.sizes)) % len(speeds)
        case Algorithm.RANDOM:
            return (jobs.chance[:, 0] * len(speeds)).astype(np.int64)
        case Algorithm.WEIGHTED:
            return _weighted_rounds(speeds, len(jobs.sizes))
        case Algorithm.IP_HASH:
            return jobs.homes
        case _:
            raise ValueError(f"{algorithm} cannot be simulated: what it does is not known")


def _gaps(cv2: float, jobs: int, random: np.random.Generator) -> FloatArray:
    if cv2 == 0:
        return np.ones(jobs)
    return random.gamma(1 / cv2, cv2, jobs)


def _weighted_rounds(speeds: FloatArray, jobs: int) -> Indices:
    """Each worker's turns are evenly apart, as many as its speed is fast."""
    turns = np.ceil(jobs * speeds / speeds.sum()).astype(np.int64) + 1
    workers = np.repeat(np.arange(len(speeds)), turns)
    moments = np.concatenate(
        [(np.arange(count) + 0.5) / speed for count, speed in zip(turns, speeds, strict=True)]
    )
    return workers[np.argsort(moments, kind="stable")[:jobs]]


def _fixed(workers: Indices, speeds: FloatArray, jobs: Jobs) -> FloatArray:
    """Workers that do not depend on loads: each is a queue by itself (Lindley's recursion)."""
    found = np.empty(len(jobs.sizes))
    for worker, speed in enumerate(speeds):
        mine = np.flatnonzero(workers == worker)
        services = jobs.sizes[mine] / speed
        walk = np.concatenate([[0.0], np.cumsum(services[:-1] - np.diff(jobs.arrivals[mine]))])
        waits = walk[: len(mine)] - np.minimum.accumulate(walk[: len(mine)])
        found[mine] = waits + services
    return found


def _chosen(choose: Choice, pool: Pool, jobs: Jobs) -> FloatArray:
    """Workers chosen by loads that are renewed each `report_interval`; live where it is 0."""
    speeds = pool.speeds.tolist()
    loads, free_at = [0] * len(speeds), [0.0] * len(speeds)
    seen: Sequence[int] = loads
    leaving: list[tuple[float, int]] = []
    found, renewed = np.empty(len(jobs.sizes)), 0.0
    for job, (now, size) in enumerate(
        zip(jobs.arrivals.tolist(), jobs.sizes.tolist(), strict=True)
    ):
        if pool.report_interval:
            periods = now // pool.report_interval
            if periods * pool.report_interval > renewed:
                renewed = periods * pool.report_interval
                _leave(leaving, loads, renewed)
                seen = loads.copy()
            elif seen is loads:
                seen = loads.copy()
        else:
            _leave(leaving, loads, now)
        worker = choose(job, seen)
        done = max(free_at[worker], now) + size / speeds[worker]
        free_at[worker] = done
        loads[worker] += 1
        heappush(leaving, (done, worker))
        found[job] = done - now
    return found


def _leave(leaving: list[tuple[float, int]], loads: list[int], until: float) -> None:
    while leaving and leaving[0][0] <= until:
        loads[heappop(leaving)[1]] -= 1


def _least(jobs: Jobs) -> Choice:
    """Ties at random: always the first would be an algorithm of its own."""
    chance = jobs.chance[:, 0].tolist()

    def choose(job: int, seen: Sequence[int]) -> int:
        least = min(seen)
        ties = [worker for worker, load in enumerate(seen) if load == least]
        return ties[int(chance[job] * len(ties))]

    return choose


def _better_of_two(jobs: Jobs, speeds: FloatArray) -> Choice:
    """Two drawn by speed, the one that would be done first taken.

    M. Mitzenmacher, "The power of two choices in randomized load balancing" (2001).
    """
    bounds = np.cumsum(speeds) / speeds.sum()
    drawn = np.minimum(np.searchsorted(bounds, jobs.chance, side="right"), len(speeds) - 1)
    pairs, speed = drawn.tolist(), speeds.tolist()

    def choose(job: int, seen: Sequence[int]) -> int:
        one, other = pairs[job]
        better: bool = (seen[one] + 1) / speed[one] <= (seen[other] + 1) / speed[other]
        return int(one if better else other)

    return choose


def _bounded(jobs: Jobs, speeds: FloatArray) -> Choice:
    """The key's worker, or the next one that has less than the bound of its share."""
    homes, shares = jobs.homes.tolist(), (LOAD_BOUND_RATIO * speeds / speeds.sum()).tolist()

    def choose(job: int, seen: Sequence[int]) -> int:
        total, home = sum(seen) + 1, homes[job]
        for step in range(len(shares)):
            worker = (home + step) % len(shares)
            if seen[worker] < ceil(total * shares[worker]):
                return int(worker)
        return int(home)

    return choose
