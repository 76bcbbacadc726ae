"""How much longer jobs wait under the recommended algorithm than under the best one.

Random workloads: 2 to 24 workers of like or unlike speed, utilization 0.4 to 0.95, jobs of constant
to very unlike size, even to bursty arrivals, live loads or reports every so often, with or without
keys of all skews, under an algorithm that is drawn too. What is recommended from the runs of the
analyzer is judged by runs of its own: regret = mean response / that of the best - 1. Beside it:
the regret of never changing anything, and of the same algorithm always.
"""

import argparse
from typing import Any

import numpy as np

from analytics.balancing.choice import Effort, mean_responses, simulated_pool
from analytics.balancing.workload import Workload
from analytics.load_balancer import LoadBalancerAnalyzer
from contracts.load_balancing import LoadBalancingAlgorithm as Algorithm

JUDGED_RUNS = 24
FREE = (
    Algorithm.ROUND_ROBIN,
    Algorithm.LEAST_CONNECTIONS,
    Algorithm.WEIGHTED,
    Algorithm.RANDOM,
    Algorithm.ADAPTIVE,
)
HASHED = (Algorithm.CONSISTENT_HASH, Algorithm.IP_HASH)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workloads", type=int, default=60)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Regret over the workloads."""
    effort, analyzer = Effort(), LoadBalancerAnalyzer()
    ours, unchanged, recommended = [], [], []
    always: dict[str, list[float]] = {each: [] for each in FREE}
    for seed in np.random.SeedSequence(arguments.seed).spawn(arguments.workloads):
        random = np.random.default_rng(seed)
        workload = _workload(random)
        candidates = FREE if workload.key_shares is None else (*FREE, *HASHED)
        current = candidates[random.integers(len(candidates))]
        found = analyzer.optimize_load_balancing_algorithm(
            current, workload, seed=int(random.integers(2**31)), effort=effort
        )
        pool = simulated_pool(workload)
        judged = mean_responses(candidates, pool, seed.spawn(JUDGED_RUNS), effort.jobs_a_worker)
        means = judged[:, :, 0].mean(axis=0)
        regret = dict(zip(candidates, (means / means.min() - 1).tolist(), strict=True))
        ours.append(regret[found.recommended_algorithm])
        unchanged.append(regret[current])
        recommended.append(str(found.recommended_algorithm))
        for each in FREE:
            always[each].append(regret[each])
    return {
        "regret_median": round(float(np.median(ours)), 4),
        "regret_p95": round(float(np.quantile(ours, 0.95)), 4),
        "regret_max": round(max(ours), 4),
        "unchanged_median": round(float(np.median(unchanged)), 4),
        "unchanged_p95": round(float(np.quantile(unchanged, 0.95)), 4),
        "always_p95": {
            str(each): round(float(np.quantile(all_, 0.95)), 4) for each, all_ in always.items()
        },
        "recommended": {each: recommended.count(each) for each in sorted(set(recommended))},
        "workloads": arguments.workloads,
    }


def _workload(random: np.random.Generator) -> Workload:
    workers = int(random.integers(2, 25))
    spread = random.choice([0.0, 0.2, 0.5])
    speeds = random.lognormal(0.0, spread, workers)
    skew, keys = random.uniform(0, 1.5), int(random.integers(50, 2000))
    hashed = bool(random.integers(2))
    return Workload(
        worker_speeds={f"w{number}": float(speed) for number, speed in enumerate(speeds)},
        utilization_ratio=float(random.uniform(0.4, 0.95)),
        service_cv2=float(random.uniform(0, 3) ** 2),
        mean_service_s=1.0,
        arrival_cv2=float(np.exp(random.uniform(-1.0, 1.0))),
        report_interval_s=float(random.choice([0.0, np.exp(random.uniform(-1.0, 3.0))])),
        key_shares=tuple(np.arange(1.0, keys + 1) ** -skew) if hashed else None,
    )
