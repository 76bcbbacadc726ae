"""The rule that keeps old values from passing as new ones."""

from datetime import timedelta

import pytest

from store.freshness import Observation, SectionState, section_state
from tests.records import NOON


def seen(
    *, age_s: float | None = 0, behind_s: float = 0, interval_s: float | None = 15, failed: bool
) -> Observation:
    """A value observed `age_s` before noon, `behind_s` before the newest record."""
    observed_at = None if age_s is None else NOON - timedelta(seconds=age_s)
    newest_at = (observed_at or NOON) + timedelta(seconds=behind_s)
    return Observation(observed_at, newest_at, interval_s, failed)


def test_a_value_of_the_newest_record_is_ok() -> None:
    assert section_state(seen(failed=False), NOON) is SectionState.OK


@pytest.mark.parametrize(("age_s", "state"), [(45, SectionState.OK), (45.001, SectionState.STALE)])
def test_a_value_is_stale_after_three_intervals(age_s: float, state: SectionState) -> None:
    assert section_state(seen(age_s=age_s, failed=False), NOON) is state


@pytest.mark.parametrize(("age_s", "state"), [(180, SectionState.OK), (181, SectionState.STALE)])
def test_an_unknown_interval_counts_as_a_minute(age_s: float, state: SectionState) -> None:
    assert section_state(seen(age_s=age_s, interval_s=None, failed=False), NOON) is state


def test_what_nothing_ever_reported_is_unsupported() -> None:
    assert section_state(seen(age_s=None, failed=False), NOON) is SectionState.UNSUPPORTED


def test_what_never_came_because_reading_failed_is_an_error() -> None:
    assert section_state(seen(age_s=None, failed=True), NOON) is SectionState.ERROR


def test_a_value_that_the_newest_record_lacks_is_an_error() -> None:
    assert section_state(seen(age_s=15, behind_s=15, failed=True), NOON) is SectionState.ERROR


def test_an_error_does_not_age_into_staleness() -> None:
    observation = seen(age_s=3600, behind_s=15, failed=True)

    assert section_state(observation, NOON) is SectionState.ERROR


def test_a_clock_that_runs_behind_does_not_matter() -> None:
    assert section_state(seen(age_s=-5, failed=False), NOON) is SectionState.OK
