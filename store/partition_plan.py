"""Which partitions should be there. Pure: partitions in, decisions out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from itertools import groupby

from store.settings import RetentionSettings

__all__ = [
    "Drop",
    "Grain",
    "Keeping",
    "Partition",
    "defaults",
    "drops",
    "keeping",
    "midnight",
    "to_have",
]

NAME = re.compile(r".+_p(\d{4})(\d{2})(\d{2})?")
DAY = timedelta(days=1)


class Grain(Enum):
    """How long the time is that one partition holds."""

    DAY = "%Y%m%d"
    MONTH = "%Y%m"

    def start(self, day: date) -> date:
        """The first day of the partition that holds `day`."""
        return day if self is Grain.DAY else day.replace(day=1)

    def end(self, day: date) -> date:
        """The first day of the partition after the one that holds `day`."""
        if self is Grain.DAY:
            return day + DAY
        return self.start(self.start(day) + 31 * DAY)

    def partition_name(self, parent: str, day: date) -> str:
        """The name of the partition that holds `day`."""
        return f"{parent}_p{day:{self.value}}"


@dataclass(frozen=True)
class Keeping:
    """How the partitions of some tables are cut, and how many of them stay."""

    what: str
    grain: Grain
    days: int
    bytes: int | None
    """For all these tables together; null: as many as it takes."""


@dataclass(frozen=True)
class Partition:
    """One partition as it is in the database."""

    parent: str
    name: str
    time_column: str
    is_default: bool
    bytes: int
    filled: bool
    """False where it has never had a row."""
    fillfactor: int = 100
    """Percent of a page that new rows take; the rest is for their updates."""

    @property
    def start(self) -> date | None:
        """The first day it holds; null for the default partition and those of another maker."""
        match = None if self.is_default else NAME.fullmatch(self.name)
        return date(*(int(part or 1) for part in match.groups())) if match else None


@dataclass(frozen=True)
class Drop:
    """One partition that goes, and why."""

    parent: str
    name: str
    reason: str


def keeping(parent: str, retention: RetentionSettings) -> Keeping:
    """How a table is kept. A rollup outlives the history it was made of."""
    raw_days = retention.raw_days
    if parent.endswith("_rollup_1h"):
        return Keeping(
            "history in steps of an hour",
            Grain.MONTH,
            max(retention.rollup_1h_days, raw_days),
            None,
        )
    if parent.endswith("_rollup_1m"):
        days = max(retention.rollup_1m_days, raw_days)
        return Keeping("history in steps of a minute", Grain.DAY, days, retention.rollup_1m_bytes)
    return Keeping("raw history", Grain.DAY, raw_days, retention.raw_bytes)


def midnight(day: date) -> datetime:
    """The moment at which a day begins."""
    return datetime.combine(day, time(), UTC)


def to_have(grain: Grain, now: datetime, retention: RetentionSettings) -> tuple[date, ...]:
    """The starts of the partitions from yesterday's, whose late records still come, to that of
    `days_ahead` after today.
    """
    today = now.astimezone(UTC).date()
    days = (today + DAY * offset for offset in range(-1, retention.days_ahead + 1))
    return tuple(sorted({grain.start(day) for day in days}))


def drops(
    partitions: Sequence[Partition], now: datetime, retention: RetentionSettings
) -> tuple[Drop, ...]:
    """What goes, oldest first: all that is too old, then whole days until the rest fits into its
    bytes. Today and the days to come stay whatever they hold; so does a partition without a row,
    which would free nothing.
    """
    found: list[Drop] = []
    for kept, group in _by_keeping(partitions, retention):
        expired = [p for p in group if p.start and _is_expired(p.start, kept, now)]
        found += (Drop(p.parent, p.name, f"older than {kept.days} days") for p in expired)
        found += _too_much([p for p in group if p not in expired], kept, now)
    return tuple(found)


def defaults(partitions: Sequence[Partition]) -> tuple[Partition, ...]:
    """Those that take what no other takes."""
    return tuple(partition for partition in partitions if partition.is_default)


def _by_keeping(
    partitions: Sequence[Partition], retention: RetentionSettings
) -> Iterator[tuple[Keeping, list[Partition]]]:
    """Those that are kept together, the oldest first."""
    groups: dict[Keeping, list[Partition]] = {}
    for partition in sorted(partitions, key=_age):
        groups.setdefault(keeping(partition.parent, retention), []).append(partition)
    yield from groups.items()


def _is_expired(start: date, kept: Keeping, now: datetime) -> bool:
    return midnight(kept.grain.end(start)) <= now - DAY * kept.days


def _too_much(group: Sequence[Partition], kept: Keeping, now: datetime) -> Iterator[Drop]:
    today = now.astimezone(UTC).date()
    past = [p for p in group if p.start and p.start < today and p.filled]
    total = sum(p.bytes for p in group)
    for _, of_day in groupby(past, key=_start):
        if kept.bytes is None or total <= kept.bytes:
            break
        reason = f"{kept.what} takes {total} bytes, {kept.bytes} are allowed"
        for partition in of_day:
            yield Drop(partition.parent, partition.name, reason)
            total -= partition.bytes


def _start(partition: Partition) -> date | None:
    return partition.start


def _age(partition: Partition) -> tuple[date, str]:
    return (partition.start or date.max, partition.name)
