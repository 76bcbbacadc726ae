"""`optimize_load_balancing_algorithm`: another one only where it is certain, from a seed."""

from dataclasses import replace

import pytest

from analytics.balancing.choice import Effort
from analytics.balancing.findings import AlgorithmChoice
from analytics.balancing.workload import Workload, fit_workload
from analytics.load_balancer import LoadBalancerAnalyzer
from contracts.load_balancing import LoadBalancingAlgorithm as Algorithm

QUICK = Effort(runs=12, jobs_a_worker=100)
EVEN = Workload({f"w{number}": 1.0 for number in range(6)}, 0.8, 1.0, 1.0)


def chosen(current: Algorithm, workload: Workload, seed: int = 1) -> AlgorithmChoice:
    return LoadBalancerAnalyzer().optimize_load_balancing_algorithm(
        current, workload, seed=seed, effort=QUICK
    )


def test_live_loads_beat_turns() -> None:
    found = chosen(Algorithm.ROUND_ROBIN, EVEN)

    assert found.recommended_algorithm is Algorithm.LEAST_CONNECTIONS
    assert found.improvement_interval is not None
    assert found.improvement_interval[0] > 0
    scores = found.algorithm_scores
    assert found.expected_improvement == pytest.approx(
        scores[Algorithm.LEAST_CONNECTIONS] - scores[Algorithm.ROUND_ROBIN]
    )
    assert found == chosen(Algorithm.ROUND_ROBIN, EVEN)


def test_the_best_is_kept() -> None:
    found = chosen(Algorithm.LEAST_CONNECTIONS, EVEN)

    assert found.recommended_algorithm is Algorithm.LEAST_CONNECTIONS
    assert found.expected_improvement == 0
    assert found.reason == "Nothing was found to be better."


def test_what_is_the_same_is_not_better() -> None:
    stale = replace(EVEN, report_interval_s=1e6)

    # With workers of like speed, turns and weighted turns are one algorithm.
    found = chosen(Algorithm.WEIGHTED, stale)

    assert found.recommended_algorithm is Algorithm.WEIGHTED


@pytest.mark.parametrize(
    ("current", "workload", "reason"),
    [
        (Algorithm.CUSTOM, EVEN, "What the current"),
        (Algorithm.RANDOM, replace(EVEN, worker_speeds=None), "Unknown: the workers' speeds"),
        (Algorithm.RANDOM, replace(EVEN, utilization_ratio=None), "Unknown: the utilization"),
        (Algorithm.IP_HASH, EVEN, "Unknown: how jobs share keys"),
        (Algorithm.RANDOM, replace(EVEN, worker_speeds={"a": 1.0}), "There is a single"),
        (Algorithm.RANDOM, replace(EVEN, utilization_ratio=1.0), "More arrives"),
        (Algorithm.RANDOM, replace(EVEN, utilization_ratio=0.0), "Hardly anything"),
        (Algorithm.RANDOM, fit_workload([]), "Unknown: the workers' speeds"),
    ],
)
def test_the_unknown_keeps_the_current_one(
    current: Algorithm, workload: Workload, reason: str
) -> None:
    found = chosen(current, workload)

    assert found.recommended_algorithm is current
    assert found.expected_improvement is None
    assert found.reason is not None
    assert found.reason.startswith(reason)
