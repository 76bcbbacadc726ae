"""Each rung of the ladder: who is put on it, and what it expects."""

from datetime import timedelta

import numpy as np
import pytest

from analytics.anomalies.baseline import NEVER_BEFORE, Rung, learn, rung_of
from tests.analytics.anomalies.pools import DAY_STEPS, START, gridded, pool


@pytest.mark.parametrize(
    ("workers", "steps", "expected"),
    [
        (4, DAY_STEPS - 1, None),
        (5, DAY_STEPS - 1, Rung.PEERS),
        (4, DAY_STEPS, Rung.OWN),
        (5, DAY_STEPS, Rung.OWN_PEERS),
        (4, 7 * DAY_STEPS, Rung.PROFILE),
        (5, 7 * DAY_STEPS, Rung.PROFILE_PEERS),
    ],
)
def test_the_rung_is_the_best_that_the_past_allows(
    workers: int, steps: int, expected: Rung | None
) -> None:
    past = gridded(pool(workers, steps))

    assert rung_of(past, peers_now=workers >= 5) == [expected] * workers


def test_a_worker_that_came_late_is_on_a_rung_of_its_own() -> None:
    values = pool(6, 8 * DAY_STEPS)
    values[5, : 6 * DAY_STEPS] = np.nan

    assert rung_of(gridded(values), peers_now=True) == [Rung.PROFILE_PEERS] * 5 + [Rung.OWN_PEERS]


def test_peers_that_are_gone_are_no_help() -> None:
    past = gridded(pool(5, 8 * DAY_STEPS))

    assert rung_of(past, peers_now=False) == [Rung.PROFILE] * 5


def test_of_peers_alone_the_odd_one_is_what_differs_from_the_others_median() -> None:
    values = np.array([10.0, 11.0, 12.0, 13.0, 30.0]).reshape(5, 1, 1)

    baseline = learn(gridded(values), Rung.PEERS)

    # others' medians: 12.5, 12.5, 12, 11.5, 11.5
    assert baseline.differences(gridded(values)).ravel() == pytest.approx(
        [-2.5, -1.5, 0, 1.5, 18.5]
    )
    # median of the sizes 1.5, so 1.4826 * 1.5 = 2.22; a quarter of the root mean square 2.10;
    # an eighth of the 99th percentile (18.5 - 0.04 * 16) = 2.23
    assert baseline.deviations(gridded(values)).ravel()[4] == pytest.approx(18.5 / 2.2325)


def test_what_is_left_of_a_metric_that_repeats_each_day_is_nothing() -> None:
    daily = np.sin(2 * np.pi * np.arange(9 * DAY_STEPS) / DAY_STEPS)
    values = np.stack([3 * daily, 100 - daily])[:, :, None]
    begun = START + timedelta(hours=7)

    baseline = learn(gridded(values[:, : 8 * DAY_STEPS], begun), Rung.PROFILE)
    later = gridded(values, begun).steps(8 * DAY_STEPS - 50, 9 * DAY_STEPS)

    # averaging 5 steps of a sine of 288 flattens it by 0.05 %
    assert baseline.differences(later) == pytest.approx(np.zeros((2, 338, 1)), abs=2e-3)


def test_what_the_peers_do_too_is_expected() -> None:
    values = pool(6, 8 * DAY_STEPS)
    together = values.copy()
    together[:, -20:] += 6.0
    alone = values.copy()
    alone[2, -20:] += 6.0

    baseline = learn(gridded(values[:, :-20]), Rung.PROFILE_PEERS)

    assert np.abs(baseline.deviations(gridded(together))[2, -20:]).mean() < 2
    assert baseline.deviations(gridded(alone))[2, -20:].mean() > 8


def test_a_value_of_a_metric_that_was_always_0_is_as_odd_as_can_be() -> None:
    values = np.zeros((1, 2 * DAY_STEPS, 1))
    baseline = learn(gridded(values), Rung.OWN)
    values[0, -1] = 0.01

    found = baseline.deviations(gridded(values)).ravel()

    assert found[-1] == NEVER_BEFORE
    assert (found[:-1] == 0).all()


def test_a_gap_is_no_deviation() -> None:
    values = pool(6, 8 * DAY_STEPS)
    values[3, 700:720] = np.nan

    found = learn(gridded(values), Rung.PROFILE_PEERS).deviations(gridded(values))

    assert np.isnan(found[3, 700:720]).all()
    assert np.isfinite(found[:3]).all()


@pytest.mark.parametrize("rung", [each for each in Rung if each is not Rung.PEERS])
def test_the_unit_of_a_metric_does_not_matter(rung: Rung) -> None:
    values = pool(5, 8 * DAY_STEPS)

    found = learn(gridded(values), rung).deviations(gridded(values))
    scaled = learn(gridded(1e9 * values), rung).deviations(gridded(1e9 * values))

    assert scaled == pytest.approx(found, rel=1e-6, abs=1e-6)
