"""The figures of the benchmark of anomalies, by hand; series and workers by the traces' layout."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from benchmarks.anomalies import Scored, average_precision, false_alarms, recall
from benchmarks.traces import labelled_series, labelled_workers

DAY_STEPS, STEP_S = 288, 300


def scored(labels: np.ndarray, scores: np.ndarray) -> Scored:
    return Scored(STEP_S, labels > 0, scores, None)


def test_average_precision_by_hand() -> None:
    labels = np.array([1, 0, 1, 0], dtype=bool)

    # thresholds 0.9, 0.5 (two points of one score), 0.1: 1/2 * 1 + 1/2 * 2/3
    assert average_precision(labels, np.array([0.9, 0.5, 0.5, 0.1])) == pytest.approx(5 / 6)


def test_a_score_that_says_nothing_has_the_prevalence_as_its_precision() -> None:
    labels = np.arange(50) < 7

    assert average_precision(labels, np.ones(50)) == pytest.approx(7 / 50)


def test_a_false_alarm_is_a_run_that_touches_no_event() -> None:
    labels, scores = np.zeros(2 * DAY_STEPS), np.zeros(2 * DAY_STEPS)
    labels[100:110] = 1
    scores[[105, 112]] = 0.9  # one alarm, as it is within the hour: it touches the event
    scores[[300, 305]] = 0.8
    scores[400] = 0.8

    one = scored(labels, scores)

    assert false_alarms([one], [scores], 0.7) == pytest.approx(2 / 2)


def test_recall_goes_down_only_until_the_budget_is_spent() -> None:
    labels, scores = np.zeros(DAY_STEPS), np.linspace(0.0, 0.1, DAY_STEPS)
    labels[[50, 150]] = 1
    scores[[50, 80, 100, 150]] = [0.9, 0.8, 0.7, 0.6]  # event, false, false, event

    one = scored(labels, scores)

    assert recall([one], [scores], 1.0) == pytest.approx(0.5)
    assert recall([one], [scores], 2.0) == pytest.approx(1.0)


def test_workers_are_pairs_of_files(tmp_path: Path) -> None:
    parquet.write_table(
        pa.table({"t": [0, 1], "m0": [1, 2], "m1": [3, 4]}), tmp_path / "x_train.parquet"
    )
    parquet.write_table(
        pa.table({"t": [2], "m0": [5], "m1": [6], "label": [1]}), tmp_path / "x_test.parquet"
    )

    (found,) = labelled_workers(tmp_path)

    assert found.before.tolist() == [[1, 3], [2, 4]]
    assert found.after.tolist() == [[5, 6]]
    assert found.labels.tolist() == [True]


def test_series_of_uneven_steps_get_the_shortest_that_is_mostly_known(tmp_path: Path) -> None:
    start = datetime(2014, 2, 14)  # noqa: DTZ001 - as the trace has it
    minutes = [0, 10, 20, 21, 30]
    table = {
        "file": ["b"] * 5,
        "timestamp": [start + timedelta(minutes=each) for each in minutes],
        "value": [1.0, 2.0, 3.0, 5.0, 6.0],
        "label": [0, 0, 0, 1, 0],
    }
    parquet.write_table(pa.table(table), tmp_path / "any.parquet")

    ((values, labels, step_s),) = labelled_series(tmp_path)

    assert step_s == 600
    assert values.tolist() == [1.0, 2.0, 4.0, 6.0]
    assert labels.tolist() == [False, False, True, False]
