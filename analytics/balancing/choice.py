"""Which algorithm waits the least: `LoadBalancerAnalyzer.optimize_load_balancing_algorithm`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from analytics.balancing.findings import (
    AlgorithmChoice,
    AlgorithmConfiguration,
    SimulatedAlgorithm,
)
from analytics.balancing.simulation import LOAD_BOUND_RATIO, Jobs, Pool, draw, responses
from analytics.balancing.workload import Workload
from analytics.findings import Confidence
from analytics.forecasting.series import FloatArray
from contracts.load_balancing import LoadBalancingAlgorithm

__all__ = ["Effort", "choose", "mean_responses", "simulated_pool"]

Algorithm = LoadBalancingAlgorithm
FREE = (
    Algorithm.ROUND_ROBIN,
    Algorithm.LEAST_CONNECTIONS,
    Algorithm.WEIGHTED,
    Algorithm.RANDOM,
    Algorithm.ADAPTIVE,
)
HASHED = (Algorithm.CONSISTENT_HASH, Algorithm.IP_HASH)
MOST_WORKERS = 32
MOST_SPEED_RATIO = 1e6
LEAST_UTILIZATION = 1e-6
LEAST_RUNS, LEAST_JOBS_A_WORKER = 4, 10
WARM_UP_RATIO = 0.2
RESAMPLES = 2000
INTERVAL = (0.025, 0.975)
WEIGHT_OF_MEAN = 10
METHOD = (
    "Discrete-event simulation of all algorithms on the same jobs. The best is chosen on one half "
    "of the runs and compared with the current one on the other half: paired bootstrap over runs "
    "(Efron 1979), {resamples} resamples, 95 %."
)


@dataclass(frozen=True)
class Effort:
    """How much is simulated: `runs` independent ones, half to choose and half to judge by."""

    runs: int = 20
    jobs_a_worker: int = 400

    def __post_init__(self) -> None:
        if self.runs < LEAST_RUNS or self.jobs_a_worker < LEAST_JOBS_A_WORKER:
            raise ValueError(f"too little to tell anything by: {self}")


NORMAL_EFFORT = Effort()


def choose(
    current: Algorithm, workload: Workload, seed: int, effort: Effort = NORMAL_EFFORT
) -> AlgorithmChoice:
    """See `LoadBalancerAnalyzer.optimize_load_balancing_algorithm`."""
    current = Algorithm(current)
    reason = _not_comparable(current, workload)
    if reason is not None:
        return _kept(current, reason)
    pool = simulated_pool(workload)
    candidates = _candidates(current, workload)
    seeds = np.random.SeedSequence(seed).spawn(effort.runs + 1)
    runs = mean_responses(candidates, pool, seeds[1:], effort.jobs_a_worker)
    chosen_by, judged_by = runs[: effort.runs // 2], runs[effort.runs // 2 :]
    best = candidates[int(chosen_by.mean(axis=0)[:, 0].argmin())]
    means = judged_by.mean(axis=0)
    ours = judged_by[:, candidates.index(best), 0]
    theirs = judged_by[:, candidates.index(current), 0]
    interval = _interval(ours, theirs, np.random.default_rng(seeds[0]))
    better = best != current and interval[0] > 0
    scores = {
        each: float(means[candidates.index(best), 0] / mean)
        for each, mean in zip(candidates, means[:, 0], strict=True)
    }
    recommended = best if better else current
    return AlgorithmChoice(
        current_algorithm=current,
        recommended_algorithm=recommended,
        algorithm_scores=scores,
        expected_improvement=scores[recommended] - scores[current],
        improvement_interval=interval,
        configuration=_configuration(recommended, workload),
        simulated=_simulated(candidates, pool, means),
        evidence=tuple(_evidence(workload, pool, effort)),
        confidence=Confidence.HIGH if better else Confidence.MEDIUM,
        method=METHOD.format(resamples=RESAMPLES),
        reason=None if better else _why_kept(current, best, interval),
    )


def simulated_pool(workload: Workload) -> Pool:
    """Of a workload whose speeds, utilization and variability are known.

    More than 32 workers are stood for by 32 that have the same spread of speeds.
    """
    speeds = np.array(list((workload.worker_speeds or {}).values()))
    speeds = speeds / speeds.max()
    if len(speeds) > MOST_WORKERS:
        speeds = np.quantile(speeds, (np.arange(MOST_WORKERS) + 0.5) / MOST_WORKERS)
    shares = None if workload.key_shares is None else np.array(workload.key_shares)
    interval = workload.report_interval_s
    return Pool(
        speeds=speeds / speeds.mean(),
        utilization=workload.utilization_ratio or 0.0,
        service_cv2=workload.service_cv2 or 0.0,
        arrival_cv2=workload.arrival_cv2,
        report_interval=interval / (workload.mean_service_s or 1.0),
        key_shares=None if shares is None else shares / shares.sum(),
    )


def mean_responses(
    candidates: Sequence[Algorithm],
    pool: Pool,
    seeds: Sequence[np.random.SeedSequence],
    jobs_a_worker: int,
) -> FloatArray:
    """Mean and 99th percentile of the response, of shape (runs, candidates, 2)."""
    count = jobs_a_worker * len(pool.speeds)
    found = np.empty((len(seeds), len(candidates), 2))
    for run, seed in enumerate(seeds):
        jobs = draw(pool, count, np.random.default_rng(seed))
        for place, candidate in enumerate(candidates):
            found[run, place] = _figures(candidate, pool, jobs)
    return found


def _figures(algorithm: Algorithm, pool: Pool, jobs: Jobs) -> tuple[float, float]:
    counted = responses(algorithm, pool, jobs)[round(WARM_UP_RATIO * len(jobs.sizes)) :]
    return float(counted.mean()), float(np.quantile(counted, 0.99))


def _simulated(
    candidates: Sequence[Algorithm], pool: Pool, means: FloatArray
) -> tuple[SimulatedAlgorithm, ...]:
    found = [
        SimulatedAlgorithm(
            algorithm=each,
            mean_response=float(mean),
            p99_response=float(p99),
            keeps_up=_keeps_up(each, pool),
        )
        for each, (mean, p99) in zip(candidates, means, strict=True)
    ]
    return tuple(sorted(found, key=lambda each: each.mean_response))


def _not_comparable(current: Algorithm, workload: Workload) -> str | None:
    """Why nothing can be said."""
    if current == Algorithm.CUSTOM:
        return "What the current algorithm does is not known, so it cannot be simulated."
    speeds = list((workload.worker_speeds or {}).values())
    needs_keys = workload.sticky or current in HASHED
    needs_time = workload.report_interval_s > 0
    unknown = {
        "the workers' speeds": not speeds,
        "the utilization": workload.utilization_ratio is None,
        "how job sizes vary": workload.service_cv2 is None,
        "how long a job takes, between two looks at loads": needs_time
        and not workload.mean_service_s,
        "how jobs share keys": needs_keys and workload.key_shares is None,
    }
    if any(unknown.values()):
        return f"Unknown: {', '.join(name for name, missing in unknown.items() if missing)}."
    return _pointless(speeds, workload.utilization_ratio or 0.0)


def _pointless(speeds: Sequence[float], utilization: float) -> str | None:
    if len(speeds) == 1:
        return "There is a single worker."
    if max(speeds) > MOST_SPEED_RATIO * min(speeds):
        return "The speeds are too far apart for workers that do the same jobs."
    if utilization < LEAST_UTILIZATION:
        return "Hardly anything arrives."
    if utilization >= 1:
        return "More arrives than all workers together can do: no algorithm helps."
    return None


def _candidates(current: Algorithm, workload: Workload) -> tuple[Algorithm, ...]:
    """Sticky jobs may only be hashed; without keys nothing can be."""
    if workload.sticky:
        return tuple(dict.fromkeys((*HASHED, current)))
    return FREE if workload.key_shares is None else (*FREE, *HASHED)


def _interval(
    ours: FloatArray, theirs: FloatArray, random: np.random.Generator
) -> tuple[float, float]:
    """Of the share of the mean response that is saved."""
    drawn = random.integers(len(ours), size=(RESAMPLES, len(ours)))
    saved = 1 - ours[drawn].sum(axis=1) / theirs[drawn].sum(axis=1)
    low, high = np.quantile(saved, INTERVAL)
    return float(low), float(high)


def _keeps_up(algorithm: Algorithm, pool: Pool) -> bool:
    """Of those that do not look at speed or load: does the slowest worker do its equal share?"""
    if algorithm in (Algorithm.ROUND_ROBIN, Algorithm.RANDOM):
        return pool.utilization < float(pool.speeds.min())
    if algorithm is Algorithm.IP_HASH and pool.key_shares is not None:
        busiest = pool.key_shares.max() * len(pool.speeds) * pool.utilization
        return float(busiest) < float(pool.speeds.max())
    return True


def _kept(current: Algorithm, reason: str) -> AlgorithmChoice:
    return AlgorithmChoice(
        current_algorithm=current,
        recommended_algorithm=current,
        evidence=(),
        confidence=Confidence.LOW,
        method=METHOD.format(resamples=RESAMPLES),
        reason=reason,
    )


def _why_kept(current: Algorithm, best: Algorithm, interval: tuple[float, float]) -> str:
    if best == current:
        return "Nothing was found to be better."
    return (
        f"{best} may save {interval[0]:.1%} to {interval[1]:.1%} of the response time: it is not "
        "certain that it saves any."
    )


def _configuration(algorithm: Algorithm, workload: Workload) -> AlgorithmConfiguration:
    speeds = workload.worker_speeds or {}
    weighted = algorithm in (Algorithm.WEIGHTED, Algorithm.ADAPTIVE, Algorithm.CONSISTENT_HASH)
    by_load = algorithm in (
        Algorithm.LEAST_CONNECTIONS,
        Algorithm.ADAPTIVE,
        Algorithm.CONSISTENT_HASH,
    )
    return AlgorithmConfiguration(
        weights=_weights(speeds) if weighted else None,
        choices=2 if algorithm is Algorithm.ADAPTIVE else None,
        ties="random" if algorithm is Algorithm.LEAST_CONNECTIONS else None,
        load_bound_ratio=LOAD_BOUND_RATIO if algorithm is Algorithm.CONSISTENT_HASH else None,
        report_interval_s=workload.report_interval_s if by_load else None,
    )


def _weights(speeds: Mapping[str, float]) -> dict[str, int]:
    """Whole numbers, 10 for a worker of mean speed."""
    largest = max(speeds.values())
    mean = sum(speed / largest for speed in speeds.values()) / len(speeds)
    return {
        worker: max(1, round(WEIGHT_OF_MEAN * speed / largest / mean))
        for worker, speed in speeds.items()
    }


def _evidence(workload: Workload, pool: Pool, effort: Effort) -> list[str]:
    spread = float(pool.speeds.std())
    known = len(workload.worker_speeds or {})
    lines = [
        f"{known} workers whose speeds vary by {spread:.0%} (standard deviation / mean), "
        f"utilization {pool.utilization:.3g}, job sizes with a coefficient of variation of "
        f"{sqrt(pool.service_cv2):.3g}, times between arrivals of {sqrt(pool.arrival_cv2):.3g}.",
        f"{effort.runs} runs of {effort.jobs_a_worker * len(pool.speeds)} jobs, the first "
        f"{WARM_UP_RATIO:.0%} of each not counted.",
    ]
    if known > len(pool.speeds):
        lines.append(f"{len(pool.speeds)} workers of the same spread stand for all.")
    if workload.report_interval_s:
        lines.append(f"Loads are renewed every {workload.report_interval_s:g} s.")
    else:
        lines.append("The balancer is taken to count its own jobs: the loads it sees are live.")
    if workload.key_shares is None:
        lines.append("How jobs share keys is unknown, so hashing was not compared.")
    return lines
