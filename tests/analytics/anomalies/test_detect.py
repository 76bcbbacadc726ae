"""`detect_worker_anomalies`: planted faults are found and named, and nothing is made up."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.anomalies.detector import train
from analytics.anomalies.findings import AnomalyType
from analytics.anomalies.histories import WorkerHistory
from analytics.anomalies.judge import judge_workers
from analytics.findings import Confidence
from analytics.worker_pool import WorkerPoolOptimizer
from tests.analytics.anomalies.pools import DAY_STEPS, START, STEP, gridded, histories, pool

detect = WorkerPoolOptimizer().detect_worker_anomalies


@pytest.mark.parametrize(
    ("workers", "days", "rung", "confidence"),
    [
        (6, 0.1, "peers", Confidence.LOW),
        (6, 2, "own history and peers", Confidence.MEDIUM),
        (1, 2, "own history", Confidence.LOW),
        (6, 26, "day profile and peers", Confidence.HIGH),
        (1, 10, "day profile", Confidence.MEDIUM),
    ],
)
def test_a_worker_that_runs_away_is_found_on_each_rung(
    workers: int, days: float, rung: str, confidence: Confidence
) -> None:
    values = pool(workers, round(days * DAY_STEPS))
    values[0, -6:] += 40.0

    (found,) = detect(histories(values))

    assert found.worker_id == "w0"
    assert found.anomaly_score > 0.7
    assert f"expected by {rung}, in" in found.method
    assert found.confidence is confidence
    assert found.began_at == START + (values.shape[1] - 6) * STEP
    assert {each.name for each in found.metrics} == {"cpu_usage", "memory_usage", "tasks_per_s"}
    for each in found.metrics:
        assert each.value - each.expected == pytest.approx(40.0, abs=8.0)


@pytest.mark.parametrize(
    ("names", "change", "expected", "word"),
    [
        (("failed_tasks_ratio", "cpu_usage"), +9.0, AnomalyType.FAILING, "replace"),
        (("tasks_per_s", "other"), -9.0, AnomalyType.STALLED, "stuck"),
        (("memory_usage", "other"), +9.0, AnomalyType.RESOURCE_PRESSURE, "memory_usage"),
        (("used_slots_ratio", "other"), +9.0, AnomalyType.OVERLOADED, "shared out"),
        (("cpu_usage", "other"), -9.0, AnomalyType.UNDERUSED, "still gets work"),
        (("queue_lag", "other"), +9.0, AnomalyType.UNUSUAL, "queue_lag"),
    ],
)
def test_the_metrics_that_stand_out_tell_the_type_and_the_action(
    names: tuple[str, str], change: float, expected: AnomalyType, word: str
) -> None:
    values = pool(6, 8 * DAY_STEPS, metrics=2)
    values[3, -8:, 0] += change

    (found,) = detect(histories(values, names))

    assert found.anomaly_type is expected
    assert [each.name for each in found.metrics] == [names[0]]
    assert np.sign(found.metrics[0].deviation) == np.sign(change)
    assert word in found.recommended_action
    assert "w3" in found.recommended_action


def test_the_oddest_worker_is_first() -> None:
    values = pool(8, 8 * DAY_STEPS)
    values[2, -8:] += 9.0
    values[5, -8:] += 30.0

    assert [each.worker_id for each in detect(histories(values))] == ["w5", "w2"]


def test_where_most_workers_are_odd_the_pool_is_to_be_looked_at() -> None:
    values = pool(6, 8 * DAY_STEPS)
    values[:, -8:] += np.linspace(20, 200, 6)[:, None, None] * np.array([1, -1] * 3)[:, None, None]

    found = detect(histories(values))

    assert len(found) >= 4
    assert all("whole pool" in each.recommended_action for each in found)


def test_a_calm_pool_has_no_anomalies_but_scores() -> None:
    found = judge_workers(histories(pool(6, 8 * DAY_STEPS)))

    assert found.anomalies == ()
    assert set(found.scores) == {f"w{each}" for each in range(6)}
    assert found.unjudged == ()


def test_a_calm_pool_keeps_to_its_alarm_budget() -> None:
    values = pool(10, 60 * DAY_STEPS, seed=3)
    past, later = gridded(values[:, : 30 * DAY_STEPS]), gridded(values).steps(30 * DAY_STEPS, 17280)

    scores = train(past, budget=1.0).scores(later)

    begins = (scores[:, 1:] > 0.7) & (scores[:, :-1] <= 0.7)
    # 300 worker-days at one a day
    assert 150 < begins.sum() < 600


def test_who_is_alone_and_young_is_not_judged() -> None:
    found = judge_workers(histories(pool(2, 100)))

    assert found.scores == {}
    assert [each.worker_id for each in found.unjudged] == ["w0", "w1"]
    assert "less than a day" in found.unjudged[0].reason


def test_who_tells_nothing_any_more_is_not_judged() -> None:
    values = pool(6, 8 * DAY_STEPS)
    values[4, -3:] = np.nan

    found = judge_workers(histories(values))

    assert "w4" not in found.scores
    assert [each.worker_id for each in found.unjudged] == ["w4"]
    assert "Nothing is known" in found.unjudged[0].reason


@pytest.mark.parametrize(
    ("steps", "rung"),
    [
        (40, "peers"),
        (2 * DAY_STEPS, "own history and peers"),
        (7 * DAY_STEPS + 12, "day profile and peers"),
    ],
)
def test_a_young_worker_of_an_old_pool_is_judged_by_what_it_has(steps: int, rung: str) -> None:
    values = pool(6, 28 * DAY_STEPS)
    values[5, :-steps] = np.nan
    values[5, -6:] += 60.0

    (found,) = detect(histories(values))

    assert found.worker_id == "w5"
    assert f"expected by {rung}, in" in found.method


def test_in_a_pool_that_shrank_workers_are_compared_with_themselves() -> None:
    values = pool(6, 8 * DAY_STEPS)
    values[3:, -6:] = np.nan
    values[0, -6:] += 40.0

    (found,) = detect(histories(values))

    assert found.worker_id == "w0"
    assert "expected by day profile, in" in found.method


def test_now_hides_what_comes_after_it() -> None:
    values = pool(6, 8 * DAY_STEPS)
    values[0, -6:] += 40.0
    now = START + (values.shape[1] - 7) * STEP

    assert detect(histories(values), now=now) == []


@pytest.mark.parametrize("change", [lambda values: values * 1e-6, lambda values: values * 1e12])
def test_units_do_not_matter(change: Callable[[np.ndarray], np.ndarray]) -> None:
    values = pool(6, 8 * DAY_STEPS)
    values[2, -8:] += 12.0

    (plain,) = detect(histories(values))
    (other,) = detect(histories(change(values)))

    assert other.worker_id == plain.worker_id
    assert other.anomaly_score == pytest.approx(plain.anomaly_score, rel=1e-6)


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        detect(histories(pool(1, 10)), false_alarms_per_worker_day=0.0)


numbers = st.one_of(
    st.none(),
    st.sampled_from([0.0, -1.0, 0.5, 1e300, -1e99, 1e99, float("nan"), float("inf")]),
    st.floats(allow_nan=True, allow_infinity=True),
)


@st.composite
def any_workers(draw: st.DrawFn) -> list[WorkerHistory]:
    """Empty, single, constant, gapped, doubled, unordered, negative, huge."""
    made = []
    for name in draw(st.lists(st.sampled_from("abcdefg"), max_size=7)):
        minutes = draw(st.lists(st.integers(-50_000, 50_000), max_size=8))
        at = [START + timedelta(minutes=each) for each in minutes]
        length = st.lists(numbers, min_size=len(at), max_size=len(at))
        chosen = draw(st.lists(st.sampled_from(["cpu_usage", "x"]), unique=True))
        made.append(WorkerHistory(name, at, {metric: draw(length) for metric in chosen}))
    return made


@settings(deadline=None, max_examples=60)
@given(any_workers())
def test_no_input_is_a_crash_or_a_made_up_number(workers: list[WorkerHistory]) -> None:
    found = judge_workers(workers)

    told = {each.worker_id for each in workers}
    assert set(found.scores) | {each.worker_id for each in found.unjudged} == told
    assert not set(found.scores) & {each.worker_id for each in found.unjudged}
    assert all(0 <= score <= 1 for score in found.scores.values())
    for each in found.anomalies:
        assert found.scores[each.worker_id] == each.anomaly_score > 0.7
        assert each.metrics


@settings(deadline=None, max_examples=15)
@given(
    st.sampled_from([0.0, 1.0, -7.0, 1e99]),
    st.integers(1, 6),
    st.sampled_from([1, 30, DAY_STEPS + 20, 7 * DAY_STEPS + 20]),
)
def test_what_never_changes_is_no_anomaly(value: float, workers: int, steps: int) -> None:
    values = np.full((workers, steps, 2), value)

    assert detect(histories(values, ("cpu_usage", "x"))) == []
