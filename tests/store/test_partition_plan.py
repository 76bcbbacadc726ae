"""What goes when it is too old or too much: decided without a database."""

from collections.abc import Sequence
from datetime import date

import pytest

from store.partition_plan import Grain, Partition, drops
from store.settings import RetentionSettings
from tests.records import NOON

RAW = ("orchestrator_metrics", "queue_metrics", "worker_pool_metrics")
MINUTES = ("orchestrator_rollup_1m", "queue_rollup_1m")


def partition(day: int, size: int, parent: str = "orchestrator_metrics") -> Partition:
    """One of so many bytes; `day` is that of March."""
    name = Grain.DAY.partition_name(parent, date(2026, 3, day))
    return Partition(parent, name, "collected_at", is_default=False, bytes=size, filled=size > 0)


@pytest.mark.parametrize(
    ("allowed", "gone"),
    [(60, []), (59, [11]), (50, [11]), (49, [11, 12]), (31, [11, 12, 13]), (1, [11, 12, 13])],
)
def test_no_more_days_go_than_must(allowed: int, gone: Sequence[int]) -> None:
    found = [partition(day, 10) for day in (13, 11, 12)]
    found += [partition(14, 20), partition(15, 10)]

    planned = drops(found, NOON, RetentionSettings(raw_bytes=allowed))

    assert [drop.name[-2:] for drop in planned] == [str(day) for day in gone]


def test_what_is_too_old_counts_no_more_against_the_bytes() -> None:
    found = [partition(day, 10) for day in (1, 12, 13)]

    planned = drops(found, NOON, RetentionSettings(raw_days=5, raw_bytes=20))

    assert [drop.name[-2:] for drop in planned] == ["01"]


def test_all_tables_lose_the_same_days() -> None:
    found = [partition(day, 10, parent) for day in (12, 13) for parent in RAW]

    planned = drops(found, NOON, RetentionSettings(raw_bytes=10 * len(RAW) + 5))

    assert [drop.name for drop in planned] == [f"{parent}_p20260312" for parent in RAW]


def test_steps_of_a_minute_have_bytes_of_their_own() -> None:
    found = [partition(day, 10, parent) for day in (12, 13) for parent in (*RAW, *MINUTES)]
    allowed = RetentionSettings(rollup_1m_bytes=10 * len(MINUTES))

    planned = drops(found, NOON, allowed)

    assert [drop.name for drop in planned] == [f"{parent}_p20260312" for parent in MINUTES]
    assert "steps of a minute takes 40 bytes, 20 are allowed" in planned[0].reason


def test_empty_and_foreign_partitions_are_let_be() -> None:
    foreign = Partition("orchestrator_metrics", "by_hand", "collected_at", False, 100, True)
    default = Partition(
        "orchestrator_metrics", "orchestrator_metrics_default", "collected_at", True, 100, True
    )

    planned = drops([partition(12, 0), foreign, default], NOON, RetentionSettings(raw_bytes=1))

    assert planned == ()
