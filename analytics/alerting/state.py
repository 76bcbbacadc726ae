"""What the evaluator remembers of one subject between two samples.

It is plain data: give it back with the next sample, or keep it as JSON (pydantic's
`TypeAdapter(SubjectState)` writes and reads it).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from contracts.alerts import AlertSeverity

__all__ = ["BUCKETS", "Bucket", "SubjectState", "Told", "Track", "Windows", "add", "window_sum"]

BUCKETS = 30
"""Parts of a window. Sums forget a window's oldest part at once: an error of 1/30 at most."""


@dataclass(frozen=True)
class Told:
    """What was last known of an alert."""

    message: str
    severity: AlertSeverity
    value: float | None
    threshold: float | None
    evidence: Mapping[str, float | str | None]


@dataclass(frozen=True)
class Track:
    """One alert on its way. Only time that was seen counts, up to the last sample."""

    id: UUID
    started_at: datetime
    seen_at: datetime
    told: Told
    held_s: float = 0.0
    fired_at: datetime | None = None
    clear_s: float | None = None
    """Seconds for which it has been clear; null: it is not."""
    seen: bool = True
    """Whether the last sample could be judged."""


@dataclass(frozen=True)
class Bucket:
    """One part of a window: the sum of a signal, and the seconds that it covers."""

    index: int
    total: float
    covered_s: float


Windows = Mapping[str, tuple[Bucket, ...]]


@dataclass(frozen=True)
class SubjectState:
    """All of one subject. A new one knows nothing."""

    last_at: datetime | None = None
    up_since: datetime | None = None
    tracks: Mapping[str, Track] = field(default_factory=dict)
    windows: Windows = field(default_factory=dict)


def add(
    buckets: tuple[Bucket, ...], at_s: float, window_s: float, value: float, covered_s: float
) -> tuple[Bucket, ...]:
    """The window with one value more, without what is older than it."""
    index = int(at_s // (window_s / BUCKETS))
    kept = tuple(it for it in buckets if it.index > index - BUCKETS)
    if kept and kept[-1].index == index:
        last = kept[-1]
        return (*kept[:-1], Bucket(index, last.total + value, last.covered_s + covered_s))
    return (*kept, Bucket(index, value, covered_s))


def window_sum(
    buckets: tuple[Bucket, ...], at_s: float, window_s: float
) -> tuple[float, float] | None:
    """Sum and seconds covered of what is in the window; null: nothing is."""
    oldest = int(at_s // (window_s / BUCKETS)) - BUCKETS
    kept = [it for it in buckets if it.index > oldest]
    return (sum(it.total for it in kept), sum(it.covered_s for it in kept)) if kept else None
