"""Which daily partitions should be there. Pure: partitions in, decisions out."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from store.settings import RetentionSettings

__all__ = ["Drop", "Partition", "days_to_have", "drops", "midnight", "partition_name"]

DAILY_NAME = re.compile(r".+_p(\d{4})(\d{2})(\d{2})")
DAY = timedelta(days=1)


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

    @property
    def day(self) -> date | None:
        """The day it holds; null for the default partition and for those of another maker."""
        match = DAILY_NAME.fullmatch(self.name)
        return None if match is None or self.is_default else date(*map(int, match.groups()))


@dataclass(frozen=True)
class Drop:
    """One partition that goes, and why."""

    parent: str
    name: str
    reason: str


def partition_name(parent: str, day: date) -> str:
    """The name of the partition of a day."""
    return f"{parent}_p{day:%Y%m%d}"


def midnight(day: date) -> datetime:
    """The moment at which a day begins."""
    return datetime.combine(day, time(), UTC)


def days_to_have(now: datetime, retention: RetentionSettings) -> tuple[date, ...]:
    """From yesterday, whose late records still come, to `days_ahead` after today."""
    today = now.astimezone(UTC).date()
    return tuple(today + DAY * offset for offset in range(-1, retention.days_ahead + 1))


def drops(
    partitions: Iterable[Partition], now: datetime, retention: RetentionSettings
) -> tuple[Drop, ...]:
    """What goes, oldest first: all that is older than `raw_days`, then whole days until the
    rest fits into `raw_bytes`. Today and the days to come stay whatever they hold; so does a
    partition without a row, which would free nothing.
    """
    today = now.astimezone(UTC).date()
    past = sorted((p for p in partitions if p.day and p.day < today), key=_age)
    oldest = now - DAY * retention.raw_days
    expired = [p for p in past if p.day and midnight(p.day + DAY) <= oldest]
    total = sum(p.bytes for p in partitions) - sum(p.bytes for p in expired)
    found = [Drop(p.parent, p.name, f"older than {retention.raw_days} days") for p in expired]
    rest = [p for p in past if p not in expired and p.filled]
    for day in sorted({p.day for p in rest if p.day}):
        if total <= retention.raw_bytes:
            break
        of_day = [p for p in rest if p.day == day]
        reason = f"history takes {total} bytes, {retention.raw_bytes} are allowed"
        found.extend(Drop(p.parent, p.name, reason) for p in of_day)
        total -= sum(p.bytes for p in of_day)
    return tuple(found)


def _age(partition: Partition) -> tuple[date, str]:
    return (partition.day or date.max, partition.name)


def defaults(partitions: Sequence[Partition]) -> tuple[Partition, ...]:
    """Those that take what no other takes."""
    return tuple(partition for partition in partitions if partition.is_default)
