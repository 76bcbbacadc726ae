"""What the benchmark of alerts calls harm, and how it counts."""

import numpy as np
import pytest

from benchmarks.alerts import Tally, harm, instant_harm, spans
from benchmarks.traces import Pool


def pool(jobs: list[int], pending: list[int]) -> Pool:
    minutes = len(jobs)
    return Pool(
        name="a",
        slots=np.full(minutes, 8.0),
        used_slots=np.full(minutes, 8.0),
        jobs=np.array(jobs, dtype=float),
        pending_jobs=np.array(pending, dtype=float),
    )


def test_harm_begins_when_something_has_waited_for_more_than_half_an_hour() -> None:
    waits = pool([5] * 50, [0] * 5 + [2] * 45)

    assert spans(harm(waits), 0) == [(35, 50)]


def test_a_queue_from_which_enough_was_finished_is_no_harm() -> None:
    # A job is finished in minutes 20 and 30; two had waited at their beginning.
    waits = pool([7] * 20 + [6] * 10 + [5] * 20, [2] * 50)

    assert spans(harm(waits), 0) == []


def test_a_queue_that_was_empty_in_between_is_no_harm() -> None:
    waits = pool([5] * 60, [2] * 25 + [0] + [2] * 34)

    assert spans(harm(waits), 0) == [(56, 60)]


def test_instant_harm_takes_the_rate_of_the_hour_and_must_last() -> None:
    # One finished in minute 10: 1 > 30 / minutes until more than 30 have passed since the start.
    waits = pool([5] * 10 + [4] * 60, [0] * 20 + [1] * 9 + [0] * 5 + [1] * 36)

    assert spans(instant_harm(waits), 0) == [(34, 70)]


def test_pauses_up_to_the_limit_are_bridged() -> None:
    held = np.array([1, 0, 0, 1, 0, 0, 0, 1], dtype=np.bool_)

    assert spans(held, 2) == [(0, 4), (7, 8)]
    assert spans(held[:0], 2) == []


def test_alerts_are_true_within_the_hour_and_incidents_alerted_where_one_is_open() -> None:
    tally = Tally()
    tally.count([(0, 5), (100, 130), (500, 600)], [(110, 200), (300, 310), (590, 700)])

    assert tally.figures(2.0) == {
        "false_positive_rate": pytest.approx(2 / 3, abs=1e-4),
        "incidents_alerted": pytest.approx(2 / 3, abs=1e-4),
        "alerts_per_pool_day": 1.5,
        "lead_time_min": 35.0,
        "alerts": 3,
        "incidents": 3,
    }


def test_without_alerts_there_is_no_rate() -> None:
    assert Tally().figures(1.0)["false_positive_rate"] is None
    assert Tally().figures(1.0)["lead_time_min"] is None
