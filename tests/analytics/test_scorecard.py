"""The success metrics, judged."""

import pytest

from analytics.scorecard import GOALS, Period, Total, scorecard, together

GOOD = Period(
    up=Total(9_900, 10_000),
    health_score=Total(950.0, 1_000),
    latency_ms=Total(5_000.0, 100),
    capacity_ratio=Total(80.0, 100),
    queue_wait_ms=Total(2_000_000.0, 100),
    worker_ratio=Total(90.0, 100),
    load_variation=Total(0.05, 1),
)


def values(period: Period) -> dict[str, tuple[float | None, bool | None]]:
    return {each.name: (each.value, each.met) for each in scorecard(period).metrics}


def test_means_are_judged_by_their_targets() -> None:
    assert values(GOOD) == {
        "uptime_ratio": (0.99, True),
        "health_score": (0.95, True),
        "scheduling_latency_ms": (50, True),
        "capacity_utilization_ratio": (0.8, True),
        "queue_wait_ms": (20_000, True),
        "worker_utilization_ratio": (0.9, True),
        "scaling_accuracy_ratio": (None, None),
        "load_variation_ratio": (0.05, True),
        "alert_false_positive_ratio": (None, None),
    }
    card = scorecard(GOOD)
    assert (card.met, card.known) == (7, 7)


def test_unknown_is_neither_met_nor_missed_and_has_a_reason() -> None:
    card = scorecard(Period())

    assert (card.met, card.known) == (0, 0)
    assert all(each.value is None and each.met is None and each.reason for each in card.metrics)


@pytest.mark.parametrize(
    ("name", "value", "met"),
    [
        ("uptime_ratio", 0.95, False),
        ("scheduling_latency_ms", 100, False),
        ("capacity_utilization_ratio", 0.7, True),
        ("capacity_utilization_ratio", 0.85, True),
        ("capacity_utilization_ratio", 0.86, False),
        ("capacity_utilization_ratio", 0.69, False),
        ("load_variation_ratio", 0.1, False),
    ],
)
def test_limits(name: str, value: float, met: bool) -> None:
    (goal,) = [each for each in GOALS if each.name == name]

    assert goal.met(value) is met


def test_together_each_sample_counts_the_same() -> None:
    small = Period(latency_ms=Total(1_000.0, 1))
    both = together([GOOD, small])

    assert both.latency_ms == Total(6_000.0, 101)
    assert both.up == GOOD.up
    assert together([]) == Period()
