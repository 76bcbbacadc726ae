"""Measured waits by algorithm and hour."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

__all__ = ["HOUR_S", "Cell", "SchedulingSample", "cells_of"]

HOUR_S = 3600
LARGEST_MS = 1e100
"""No sum of waits is that large; sums of what is below stay finite."""


@dataclass(frozen=True)
class SchedulingSample:
    """What was decided around `at` under one algorithm. Null is unknown.

    `latency_sum_ms`: of `decisions` placements. Raises `ValueError` for what is negative or not
    finite, and for a time without a zone.
    """

    at: datetime
    algorithm: str | None
    latency_sum_ms: float | None
    decisions: int | None
    throughput_per_s: float | None = None
    failures: int | None = None

    def __post_init__(self) -> None:
        amounts = (self.latency_sum_ms, self.decisions, self.throughput_per_s, self.failures)
        if not all(isfinite(each) and each >= 0 for each in amounts if each is not None):
            raise ValueError(f"what is known of a sample must be finite and >= 0: {amounts}")
        if self.at.tzinfo is None:
            raise ValueError("a sample's time must carry its time zone")


@dataclass
class Cell:
    """The decisions of one hour."""

    latency_sum_ms: float = 0.0
    decisions: int = 0

    @property
    def mean_ms(self) -> float:
        return self.latency_sum_ms / self.decisions


def cells_of(samples: Iterable[SchedulingSample]) -> Mapping[str, Mapping[int, Cell]]:
    """By algorithm and hour since 1970; hours without a decision are left out."""
    found: dict[str, dict[int, Cell]] = defaultdict(lambda: defaultdict(Cell))
    # In one order: sums of floats depend on it.
    for each in sorted(samples, key=lambda it: (it.at, it.latency_sum_ms or 0.0)):
        if each.algorithm is None or each.latency_sum_ms is None or not each.decisions:
            continue
        if each.latency_sum_ms > LARGEST_MS:
            continue
        cell = found[each.algorithm][int(each.at.timestamp() // HOUR_S)]
        cell.latency_sum_ms += each.latency_sum_ms
        cell.decisions += each.decisions
    return found
