"""The simulation: against queueing theory, and by hand."""

from dataclasses import replace

import numpy as np
import pytest

from analytics.balancing.simulation import Jobs, Pool, draw, responses
from analytics.forecasting.series import FloatArray
from analytics.queueing import Traffic, mean_wait_s
from contracts.load_balancing import LoadBalancingAlgorithm as Algorithm

EVEN = Pool(np.ones(4), 0.7, 1.0, 1.0, 0.0, None)


def by_hand(algorithm: Algorithm, report_interval: float = 0.0) -> list[float]:
    """Two workers, the second twice as fast as the first; jobs arrive each second."""
    jobs = Jobs(
        arrivals=np.array([1.0, 2.0, 3.0, 4.0]),
        sizes=np.array([4.0, 4.0, 4.0, 1.0]),
        homes=np.array([1, 1, 1, 1]),
        chance=np.array([[0.0, 0.9]] * 4),
    )
    pool = Pool(np.array([1.0, 2.0]), 0.5, 1.0, 1.0, report_interval, np.ones(1))
    found: list[float] = responses(algorithm, pool, jobs).tolist()
    return found


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        # To 0 until 5, to 1 until 4, to 0 until 9, to 1 until 4.5.
        (Algorithm.ROUND_ROBIN, [4.0, 2.0, 6.0, 0.5]),
        # All to 1: until 3, 5, 7, 7.5.
        (Algorithm.IP_HASH, [2.0, 3.0, 4.0, 3.5]),
        # To 0; to 1, as 0 has a job; both have one, drawn is 0; 1 is done at 4.
        (Algorithm.LEAST_CONNECTIONS, [4.0, 2.0, 6.0, 0.5]),
        # 0 and 1 are drawn each time; 1 first, and 0 once both would take as long: at (1 + 1) / 2.
        (Algorithm.ADAPTIVE, [2.0, 5 - 1.0, 5 - 3.0, 5.5 - 4.0]),
    ],
)
def test_four_jobs_by_hand(algorithm: Algorithm, expected: list[float]) -> None:
    assert by_hand(algorithm) == pytest.approx(expected)


def test_old_loads_send_all_to_the_same_worker() -> None:
    # Nothing is seen of any job: always a tie, of which the first is drawn.
    assert by_hand(Algorithm.LEAST_CONNECTIONS, report_interval=100.0) == [4.0, 7.0, 10.0, 10.0]


def mean_response(algorithm: Algorithm, pool: Pool, jobs: int = 120_000) -> float:
    found = responses(algorithm, pool, draw(pool, jobs, np.random.default_rng(3)))
    return float(found[jobs // 10 :].mean())


def test_at_random_each_worker_is_a_queue_of_its_own() -> None:
    # M/M/1: 1 / (1 - u).
    assert mean_response(Algorithm.RANDOM, replace(EVEN, service_cv2=1.0)) == pytest.approx(
        1 / 0.3, rel=0.06
    )


def test_in_turn_arrivals_are_more_even() -> None:
    # E4/M/1: sigma = (2.8 / (2.8 + 1 - sigma))^4, response 1 / (1 - sigma); exponential sizes.
    sigma = 0.5
    for _ in range(200):
        sigma = (2.8 / (2.8 + 1 - sigma)) ** 4
    pool = EVEN
    jobs = draw(pool, 200_000, np.random.default_rng(1))
    exponential = replace_sizes(jobs, np.random.default_rng(2).exponential(size=200_000))

    found = responses(Algorithm.ROUND_ROBIN, pool, exponential)

    assert float(found.mean()) == pytest.approx(1 / (1 - sigma), rel=0.03)


def test_looking_at_loads_comes_near_one_queue_for_all() -> None:
    one_queue = 1 + mean_wait_s(Traffic(2.8, 1.0), 4)

    found = mean_response(Algorithm.LEAST_CONNECTIONS, EVEN)

    assert one_queue < found < 1.25 * one_queue


def test_weights_are_speeds() -> None:
    pool = replace(EVEN, speeds=np.array([0.4, 0.8, 1.2, 1.6]))
    jobs = draw(pool, 4_000, np.random.default_rng(1))
    little = replace_sizes(jobs, np.full(4_000, 1e-9))

    served_by = np.round(1e-9 / responses(Algorithm.WEIGHTED, pool, little), 6)

    shares = [float(np.mean(np.isclose(served_by, speed, rtol=1e-3))) for speed in pool.speeds]
    assert shares == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=2e-3)


def test_a_bound_keeps_a_popular_key_from_one_worker() -> None:
    pool = replace(EVEN, key_shares=np.array([0.9, 0.1]))

    bounded = mean_response(Algorithm.CONSISTENT_HASH, pool, 20_000)
    plain = mean_response(Algorithm.IP_HASH, pool, 20_000)

    assert bounded < 4 < plain


def test_draws_are_as_asked_for() -> None:
    pool = replace(EVEN, service_cv2=4.0, arrival_cv2=0.25)

    jobs = draw(pool, 400_000, np.random.default_rng(1))

    gaps = np.diff(jobs.arrivals)
    assert float(gaps.mean()) == pytest.approx(1 / (0.7 * 4), rel=0.01)
    assert float(gaps.var() / gaps.mean() ** 2) == pytest.approx(0.25, rel=0.03)
    assert float(jobs.sizes.mean()) == pytest.approx(1.0, rel=0.02)
    assert float(jobs.sizes.var()) == pytest.approx(4.0, rel=0.2)


def test_what_an_unknown_algorithm_does_is_not_made_up() -> None:
    with pytest.raises(ValueError, match="cannot be simulated"):
        responses(Algorithm.CUSTOM, EVEN, draw(EVEN, 10, np.random.default_rng(1)))


def replace_sizes(jobs: Jobs, sizes: FloatArray) -> Jobs:
    return replace(jobs, sizes=sizes)
