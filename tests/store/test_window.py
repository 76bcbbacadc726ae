"""The steps that a server chooses."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.window import choose_window
from tests.records import NOON

moments = st.integers(1_577_836_800_000, 2_208_988_800_000).map(
    lambda ms: datetime.fromtimestamp(ms / 1_000, UTC)
)


@given(
    range_s=st.integers(1, 366 * 86_400),
    max_points=st.integers(1, 2_000),
    interval_s=st.none() | st.floats(0.1, 3_600),
    now=moments,
)
def test_window_holds_the_present_and_the_range_in_few_enough_steps(
    range_s: int, max_points: int, interval_s: float | None, now: datetime
) -> None:
    window = choose_window(range_s, max_points, interval_s, now)
    starts = window.starts()

    assert 1 <= len(starts) <= max_points
    assert starts[0] == window.start
    assert starts[-1] <= now < window.end == starts[-1] + timedelta(seconds=window.step_s)
    assert len(starts) * window.step_s >= range_s
    assert window.step_s >= 2 * (interval_s or 0)
    assert window.start.timestamp() % window.step_s == 0


@pytest.mark.parametrize(
    ("range_s", "interval_s", "step_s"),
    [(3_600, 15.0, 30), (3_600, 5.0, 15), (3_600, None, 15), (86_400, 15.0, 300), (60, 1.0, 2)],
)
def test_steps_are_round_and_no_shorter_than_two_samples(
    range_s: int, interval_s: float | None, step_s: int
) -> None:
    assert choose_window(range_s, 300, interval_s, NOON).step_s == step_s


def test_window_stays_the_same_until_its_last_step_is_over() -> None:
    first = choose_window(3_600, 300, 15.0, NOON)
    later = choose_window(3_600, 300, 15.0, NOON + timedelta(seconds=29))
    over = choose_window(3_600, 300, 15.0, NOON + timedelta(seconds=30))

    assert later == first
    assert over != first
