"""Ids are the same on every machine, and of different things never the same."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.identity import orchestrator_id, pool_id, queue_id, sample_id

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def test_an_id_is_fixed_for_ever() -> None:
    assert orchestrator_id("temporal", "prod", "orders") == UUID(
        "b8a8a57d-41e1-59ea-90d9-6843bf05de46"
    )


@given(st.tuples(st.text(), st.text(), st.text()), st.tuples(st.text(), st.text(), st.text()))
def test_different_names_have_different_ids(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assert (orchestrator_id(*one) == orchestrator_id(*other)) == (one == other)


def test_a_pool_and_a_queue_of_one_name_differ() -> None:
    owner = orchestrator_id("temporal", "prod", "orders")

    assert pool_id(owner, "x") != queue_id(owner, "x")


def test_a_retry_in_another_zone_is_the_same_sample() -> None:
    owner = orchestrator_id("temporal", "prod", "orders")
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert sample_id(owner, "orchestrator", NOON) == sample_id(owner, "orchestrator", elsewhere)


def test_a_microsecond_makes_another_sample() -> None:
    owner = orchestrator_id("temporal", "prod", "orders")
    later = NOON + timedelta(microseconds=1)

    assert sample_id(owner, "orchestrator", NOON) != sample_id(owner, "orchestrator", later)


def test_a_naive_time_is_refused() -> None:
    owner = orchestrator_id("temporal", "prod", "orders")

    with pytest.raises(ValueError, match="time zone"):
        sample_id(owner, "orchestrator", NOON.replace(tzinfo=None))
