"""Jain's index: its bounds, its invariances, and worked examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.balance import jain_index

LOADS = st.lists(st.floats(0, 1e12, allow_nan=False), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("loads", "index"),
    [
        ([1, 1, 1, 1], 1.0),
        ([1, 0, 0, 0], 0.25),
        ([1, 1, 0, 0], 0.5),
        ([4, 2], 0.9),
        ([1e300, 1e300], 1.0),
        ([5e-324, 5e-324], 1.0),
    ],
)
def test_worked_examples(loads: list[float], index: float) -> None:
    assert jain_index(loads) == pytest.approx(index)


@pytest.mark.parametrize("loads", [[], [0.0, 0.0]])
def test_nothing_shared_out_has_no_fairness(loads: list[float]) -> None:
    assert jain_index(loads) is None


def test_a_negative_load_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        jain_index([1.0, -1.0])


@given(LOADS)
def test_it_lies_between_one_nth_and_one(loads: list[float]) -> None:
    index = jain_index(loads)

    assert index is None or 1 / len(loads) <= index * (1 + 1e-9)
    assert index is None or index <= 1


@given(LOADS, st.floats(1e-3, 1e3))
def test_the_unit_does_not_matter(loads: list[float], factor: float) -> None:
    assert jain_index([load * factor for load in loads]) == pytest.approx(jain_index(loads))
