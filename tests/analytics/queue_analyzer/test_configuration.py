"""`optimize_queue_configuration`: cost models by hand, and what is kept."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analytics.findings import Confidence
from analytics.queue_analysis.batches import BatchCost, BatchRun, batch_cost
from analytics.queue_analysis.case import PerformanceData, QueueGoal
from analytics.queue_analysis.observed import ObservedQueue
from analytics.queue_analysis.plans import (
    Jitter,
    OptimizationType,
    QueueChange,
    QueueConfig,
    QueueOptimization,
    RetryPolicy,
    RiskLevel,
)
from analytics.queue_analysis.retries import retry_load_ratio, retry_policy
from analytics.queue_analyzer import QueueAnalyzer
from tests.analytics.queue_analyzer.samples import observed, past


def optimized(
    queue: ObservedQueue, config: QueueConfig | None = None, /, **data: Any
) -> QueueOptimization:
    performance = PerformanceData(queue, **data)
    return QueueAnalyzer().optimize_queue_configuration(config or QueueConfig(), performance)


def change(found: QueueOptimization, kind: OptimizationType) -> QueueChange:
    return next(each for each in found.optimizations if each.type is kind)


def runs(fixed_s: float, item_s: float, sizes: Sequence[int] = (1, 2, 5, 20)) -> list[BatchRun]:
    """Four of each size, some 1 % longer and some shorter."""
    return [
        BatchRun(items, (fixed_s + item_s * items) * off)
        for items in sizes
        for off in (0.99, 1.0, 1.0, 1.01)
    ]


def test_the_cost_of_a_batch_is_that_of_least_squares() -> None:
    random = np.random.default_rng(2)
    given = [
        BatchRun(int(items), float(0.5 + 0.1 * items + random.normal(0, 0.05)))
        for items in random.integers(1, 30, 60)
    ]
    cost = batch_cost(given)
    line = stats.linregress([run.items for run in given], [run.took_s for run in given])

    assert isinstance(cost, BatchCost)
    assert (cost.fixed_s, cost.item_s) == pytest.approx((line.intercept, line.slope))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([], "Not enough data: 0 batches"),
        (runs(0.5, 0.1, sizes=(4, 8)), "Not enough data: 8 batches of 2 sizes"),
        (runs(0.0, 0.1), "A batch has no fixed cost"),
        (runs(2.0, -0.05), "Larger batches did not take longer"),
        ([BatchRun(size, float("nan")) for size in range(1, 20)], "Not enough data: 0 batches"),
    ],
)
def test_a_cost_that_cannot_be_told_has_a_reason(given: list[BatchRun], reason: str) -> None:
    cost = batch_cost(given)

    assert isinstance(cost, str)
    assert cost.startswith(reason)


def test_the_smallest_batch_that_keeps_up_is_recommended() -> None:
    found = optimized(observed(arrival_rate=8.5, consumers=3), batches=runs(0.5, 0.1))
    batch = change(found, OptimizationType.BATCH_SIZE)

    # 3 b / (0.5 + 0.1 b) >= 8.5 / 0.85 = 10 from b = 5 / (3 - 1) = 2.5 on.
    assert (batch.current, batch.recommended) == (1, 3)
    now, then = found.expected_performance.current, found.expected_performance.optimized
    assert now.batch_latency_s == pytest.approx(0.6, rel=0.02)
    assert then.batch_latency_s == pytest.approx(0.5 + 0.3 + 2 / 17, rel=0.02)
    assert now.utilization_ratio == pytest.approx(8.5 * 0.6 / 3, rel=0.02)
    assert now.mean_wait_s is None  # without bound
    assert then.utilization_ratio == pytest.approx(8.5 * 0.8 / 3 / 3, rel=0.02)
    assert then.mean_wait_s is not None


def test_a_batch_is_not_larger_than_it_must_be() -> None:
    """The specification batches above 100 ms; at low load that only makes items wait."""
    found = optimized(
        observed(arrival_rate=0.5, consumers=3, avg_processing_time=600.0), batches=runs(0.5, 0.1)
    )

    assert found.optimizations == ()
    assert found.kept[OptimizationType.BATCH_SIZE].startswith("The current size keeps up")


def test_a_batch_that_waits_too_long_is_made_smaller() -> None:
    config = QueueConfig(batch_size=20)
    queue = observed(arrival_rate=0.01, consumers=3)
    batch = change(optimized(queue, config, batches=runs(0.5, 0.1)), OptimizationType.BATCH_SIZE)

    assert batch.recommended == 1  # 19 / 0.02 s until the batch of 20 is full


def test_no_batch_beyond_those_measured_is_recommended() -> None:
    found = optimized(observed(arrival_rate=25.0, consumers=3), batches=runs(0.5, 0.1))

    assert "the largest measured" in found.kept[OptimizationType.BATCH_SIZE]
    consumers = change(found, OptimizationType.CONSUMER_COUNT)
    assert consumers.recommended == 18  # 25 per second x 0.6 s / 0.85


def test_consumers_for_what_arrives_and_what_waits_by_hand() -> None:
    samples = past(60, size=9000.0, arrivals=1.0, processed=2.0)
    queue = observed(samples, size=7200, consumers=4)
    found = optimized(queue)
    consumers = change(found, OptimizationType.CONSUMER_COUNT)

    # 2 s an item; (1 + 7200 / 3600) per second x 2 s / 0.85
    assert (consumers.current, consumers.recommended) == (4, 8)
    assert found.expected_performance.current.drain_time_s == pytest.approx(7200 / (4 / 2 - 1))
    assert found.expected_performance.optimized.drain_time_s == pytest.approx(7200 / (8 / 2 - 1))
    assert found.implementation_risk.level is RiskLevel.LOW


def test_demand_is_the_most_of_five_minutes() -> None:
    samples = past(60, size=900.0, arrivals=[1.0] * 55 + [5.0] * 5, processed=2.0)
    found = optimized(observed(samples, size=0, consumers=4))

    assert change(found, OptimizationType.CONSUMER_COUNT).recommended == 12  # 5 x 2 s / 0.85


def test_enough_consumers_are_kept() -> None:
    samples = past(60, size=900.0, arrivals=1.0, processed=10.0)
    found = optimized(observed(samples, size=10, consumers=10))

    assert found.optimizations == ()
    assert found.kept[OptimizationType.CONSUMER_COUNT].startswith("2 are needed and 10 are there")
    assert found.implementation_risk.level is RiskLevel.NONE


@pytest.mark.parametrize(
    ("newest", "kept"),
    [
        ({}, "How many consumers"),
        ({"consumers": 2}, "The arrival rate"),
        ({"consumers": 2, "arrival_rate": 3.0}, "How long an item"),
    ],
)
def test_unknown_consumers_get_no_number(newest: dict[str, object], kept: str) -> None:
    found = optimized(observed(**newest))

    assert found.kept[OptimizationType.CONSUMER_COUNT].startswith(kept)
    assert found.confidence is Confidence.LOW
    assert found.reason is not None


@pytest.mark.parametrize(
    ("ratio", "attempts", "first_s"),
    [(0.2, 3, 4.0), (0.5, 5, 1.0), (1.0, 5, 1.0), (0.005, 2, 8.0)],
)
def test_a_retry_policy_by_hand(ratio: float, attempts: int, first_s: float) -> None:
    """0.2^3 and no lower power is below 1 %; the last back-off is the 99th percentile."""
    assert retry_policy(ratio, 8.0, 0.1) == RetryPolicy(
        max_attempts=attempts,
        first_backoff_s=first_s,
        max_backoff_s=8.0,
        jitter=Jitter.FULL,
        budget_ratio=0.1,
    )


def test_the_load_of_retries_by_hand() -> None:
    three = RetryPolicy(max_attempts=3, first_backoff_s=1, max_backoff_s=4, jitter=Jitter.NONE)

    assert retry_load_ratio(0.5, None) == 2.0  # 1 + 1/2 + 1/4 + ...
    assert retry_load_ratio(1.0, None) is None
    assert retry_load_ratio(0.5, three) == 1.75
    assert retry_load_ratio(1.0, three) == 3.0
    assert retry_load_ratio(0.5, retry_policy(0.5, 8.0, 0.1)) == pytest.approx(1.1)


def test_too_many_retries_get_a_budget() -> None:
    found = optimized(observed(), attempts=400, retried=100, service_p99_s=8.0)
    retries = change(found, OptimizationType.RETRY_POLICY)

    assert retries.recommended == retry_policy(0.25, 8.0, 0.1)
    assert found.expected_performance.current.retry_load_ratio == pytest.approx(4 / 3)
    assert found.expected_performance.optimized.retry_load_ratio == pytest.approx(1.1)
    assert found.implementation_risk.level is RiskLevel.MEDIUM


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        ({}, "The share of attempts"),
        ({"attempts": 0, "retried": 0}, "The share of attempts"),
        ({"attempts": 100, "retried": 9}, "9.0% of attempts are retried, within"),
        ({"attempts": 100, "retried": 50}, "The 99th percentile"),
    ],
)
def test_a_retry_policy_that_is_kept_says_why(data: dict[str, object], kept: str) -> None:
    found = optimized(observed(), **data)

    assert found.kept[OptimizationType.RETRY_POLICY].startswith(kept)


def test_the_policy_that_is_there_is_not_recommended_again() -> None:
    config = QueueConfig(retry_policy=retry_policy(0.5, 8.0, 0.1))
    found = optimized(observed(), config, attempts=100, retried=50, service_p99_s=8.0)

    assert found.optimizations == ()


def test_all_that_was_measured_gives_confidence() -> None:
    samples = past(60, size=900.0, arrivals=1.0, processed=2.0)
    queue = observed(samples, size=0, consumers=4)
    found = optimized(queue, batches=runs(0.5, 0.1), attempts=100, retried=1)

    assert found.confidence is Confidence.HIGH
    assert optimized(queue).confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    "wrong", [{"target_wait_s": 0.0}, {"drain_s": -1.0}, {"most_utilization_ratio": 1.5}]
)
def test_goals_that_cannot_be_reached_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        QueueGoal(**wrong)


@pytest.mark.parametrize(("attempts", "retried"), [(3, 4), (0, 1), (3, -1), (None, -1)])
def test_counts_of_attempts_that_cannot_be_are_refused(attempts: int | None, retried: int) -> None:
    with pytest.raises(ValueError, match="cannot be retried"):
        PerformanceData(observed(), attempts=attempts, retried=retried)


def test_batches_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 item"):
        BatchRun(0, 1.0)
