"""Another scheduling algorithm only where what was measured carries it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.balancing.workload import Workload
from analytics.findings import Confidence
from analytics.orchestrator import OrchestratorAnalyzer
from analytics.scheduling.findings import Pairing, SchedulingOptimization
from analytics.scheduling.pairs import corrected
from analytics.scheduling.samples import SchedulingSample

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
FIFO, FAIR = "first come, first served", "fair share"


def hours(
    algorithm: str, days: range, factor: float = 1.0, noise: float = 0.1, decisions: int = 50
) -> Iterator[SchedulingSample]:
    """A mean wait with a rhythm of the day and a level of each day, times `factor`."""
    levels = np.random.default_rng(1).lognormal(0, 0.3, 100)
    random = np.random.default_rng(len(algorithm))
    for day in days:
        for hour in range(24):
            mean = 1000 * levels[day] * (1.5 + sin(hour / 4)) * factor
            mean *= float(random.lognormal(0, noise))
            at = MONDAY + timedelta(days=day, hours=hour)
            yield SchedulingSample(at, algorithm, mean * decisions, decisions, 2.0, 1)


def found(samples: list[SchedulingSample], current: str | None = FIFO) -> SchedulingOptimization:
    return OrchestratorAnalyzer().optimize_scheduling_algorithm(current, samples)


def test_a_better_one_in_the_same_hours_is_recommended() -> None:
    samples = [*hours(FIFO, range(10)), *hours(FAIR, range(10), factor=0.6)]
    answer = found(samples)
    (comparison,) = answer.comparisons

    assert answer.recommended_algorithm == FAIR
    assert answer.expected_improvement == pytest.approx(0.4, abs=0.03)
    assert comparison.pairing is Pairing.SAME_HOURS
    assert (comparison.pairs, comparison.days) == (240, 10)
    assert comparison.p_value == pytest.approx(2 / 2**10)  # all days say the same
    assert comparison.saved_interval is not None
    assert comparison.saved_interval[0] > 0.3
    assert answer.confidence is Confidence.HIGH
    assert len(answer.transition_plan) == 2
    assert answer == found(list(reversed(samples)))
    performance = answer.performance_comparison[FIFO]
    assert (performance.decisions, performance.days) == (240 * 50, 10)
    assert performance.efficiency == pytest.approx(50 / 51)
    assert performance.throughput == 2.0


def test_one_week_after_another_is_compared_by_hours_of_the_week() -> None:
    answer = found([*hours(FIFO, range(14)), *hours(FAIR, range(14, 28), factor=0.3)])
    (comparison,) = answer.comparisons

    assert answer.recommended_algorithm == FAIR
    assert comparison.pairing is Pairing.HOURS_OF_THE_WEEK
    assert (comparison.pairs, comparison.days) == (168, 7)
    assert answer.confidence is Confidence.MEDIUM


def test_no_difference_is_no_reason_to_change() -> None:
    wrong = sum(
        found(
            [*hours(FIFO, range(8), noise=0.3), *hours(f"{FAIR} {seed}", range(8), noise=0.3)]
        ).recommended_algorithm
        != FIFO
        for seed in range(20)
    )

    assert wrong <= 2  # a twentieth by chance


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        ([], "no latency is known under"),
        ([*hours(FIFO, range(9))], "no other algorithm than"),
        ([*hours(FIFO, range(9)), *hours(FAIR, range(2), 0.1)], "2400 decisions on 2 days"),
        ([*hours(FIFO, range(9)), *hours(FAIR, range(8), 0.1, decisions=1)], "192 decisions on 8"),
        ([*hours(FIFO, range(4)), *hours(FAIR, range(4), 0.1)], "surely waits less"),
    ],
)
def test_what_is_not_carried_is_insufficient_evidence(
    samples: list[SchedulingSample], why: str
) -> None:
    answer = found(samples)

    assert answer.recommended_algorithm == FIFO
    assert answer.reason is not None
    assert answer.reason.startswith("Insufficient evidence")
    assert why in answer.reason
    assert answer.expected_improvement in {None, 0.0}
    assert answer.transition_plan == ()


def test_who_is_asked_about_must_be_known() -> None:
    answer = found([*hours(FIFO, range(9))], current=None)

    assert answer.recommended_algorithm is None
    assert answer.reason == "Insufficient evidence: the current algorithm is not known."


def test_a_simulation_stands_beside_and_recommends_nothing() -> None:
    work = Workload({f"w{number}": 1.0 for number in range(4)}, 0.8, 1.0, 1.0)
    answer = OrchestratorAnalyzer().optimize_scheduling_algorithm(
        "round_robin", [], workload=work, seed=1
    )

    assert [each.algorithm for each in answer.simulated] == ["least_loaded", "round_robin"]
    assert answer.evidence[-1].startswith("Simulated, not measured: 4 workers")
    assert answer.recommended_algorithm == "round_robin"
    assert answer.expected_improvement is None


def test_holm_is_that_of_the_textbook() -> None:
    assert corrected([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert corrected([]) == []


SAMPLE = st.builds(
    SchedulingSample,
    at=st.integers(0, 2000).map(lambda hour: MONDAY + timedelta(hours=hour)),
    algorithm=st.none() | st.sampled_from([FIFO, FAIR, "x"]),
    latency_sum_ms=st.none() | st.floats(0, 1e308) | st.just(0.0),
    decisions=st.none() | st.integers(0, 1000),
    throughput_per_s=st.none() | st.floats(0, 1e300),
    failures=st.none() | st.integers(0, 9),
)


@given(st.lists(SAMPLE, max_size=80), st.none() | st.sampled_from([FIFO, "other"]))
@settings(deadline=None)
def test_no_input_is_a_crash_or_a_made_up_number(
    samples: list[SchedulingSample], current: str | None
) -> None:
    answer = found(samples, current)

    assert answer.recommended_algorithm == current or answer.reason is None
    assert (answer.expected_improvement or 0.0) <= 1


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        SchedulingSample(MONDAY, FIFO, -1.0, 1)
    with pytest.raises(ValueError, match="zone"):
        SchedulingSample(MONDAY.replace(tzinfo=None), FIFO, 1.0, 1)
