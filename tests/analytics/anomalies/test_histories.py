"""Samples of any order, doubled and gapped, on one grid; unknown stays unknown."""

from datetime import UTC, datetime, timedelta
from math import inf, nan

import numpy as np
import pytest

from analytics.anomalies.histories import WorkerHistory, grid
from tests.analytics.anomalies.pools import START, STEP


def test_a_step_is_the_mean_of_its_known_samples() -> None:
    minutes = (7, 1, 1, 2, 16)
    history = WorkerHistory(
        "w",
        [START + timedelta(minutes=each) for each in minutes],
        {"a": [9.0, 1.0, 3.0, None, 5.0]},
    )

    found = grid([history], STEP)

    assert found is not None
    assert found.start == START
    assert found.values.ravel() == pytest.approx([2.0, 9.0, nan, 5.0], nan_ok=True)


def test_what_is_no_number_is_unknown() -> None:
    at = [START + each * STEP for each in range(5)]
    found = grid([WorkerHistory("w", at, {"a": [nan, inf, -inf, 1e300, 2.0]})], STEP)

    assert found is not None
    assert found.start == at[-1]
    assert found.values.ravel() == pytest.approx([2.0])


def test_histories_of_one_worker_are_put_together() -> None:
    first = WorkerHistory("w", [START], {"a": [1.0]})
    second = WorkerHistory("w", [START + STEP], {"b": [2.0]})

    found = grid([first, second], STEP)

    assert found is not None
    assert found.workers == ("w",)
    assert found.values == pytest.approx(np.array([[[1.0, nan], [nan, 2.0]]]), nan_ok=True)


def test_what_comes_after_now_or_is_older_than_thirty_days_is_left_out() -> None:
    at = [START - timedelta(days=31), START, START + STEP]

    found = grid([WorkerHistory("w", at, {"a": [1.0, 2.0, 3.0]})], STEP, now=START)

    assert found is not None
    assert found.values.ravel() == pytest.approx([2.0])


def test_slots_are_steps_of_the_day_in_utc() -> None:
    at = datetime(2026, 3, 2, 23, 55, tzinfo=UTC)

    found = grid([WorkerHistory("w", [at, at + STEP], {"a": [1.0, 1.0]})], STEP)

    assert found is not None
    assert found.slots.tolist() == [287, 0]


@pytest.mark.parametrize("known", [[], [WorkerHistory("w", [], {"a": []})]])
def test_of_nothing_there_is_no_grid(known: list[WorkerHistory]) -> None:
    assert grid(known, STEP) is None
    assert grid([WorkerHistory("w", [START], {"a": [None]})], STEP) is None


@pytest.mark.parametrize("step", [timedelta(0), timedelta(minutes=7), timedelta(hours=2)])
def test_steps_that_make_no_day_are_refused(step: timedelta) -> None:
    with pytest.raises(ValueError, match="whole steps"):
        grid([WorkerHistory("w", [START], {"a": [1.0]})], step)


def test_values_must_match_their_times_and_times_their_zone() -> None:
    with pytest.raises(ValueError, match="2 of a, 1 times"):
        WorkerHistory("w", [START], {"a": [1.0, 2.0]})
    with pytest.raises(ValueError, match="time zone"):
        WorkerHistory("w", [START.replace(tzinfo=None)], {"a": [1.0]})
