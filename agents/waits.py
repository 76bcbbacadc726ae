"""Waits that were seen one by one: exact percentiles, and a histogram that can be merged."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, fsum
from typing import Any

from agents.missing import Missing, known_or, over
from analytics.histogram import observed
from contracts.orchestrator import LatencyHistogram

__all__ = ["BOUNDS_MS", "Waits", "scheduling_fields"]

STEPS = (1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2)
"""The E12 series of preferred numbers (IEC 60063): each about a fifth above the one before."""

SHORT_MS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
BOUNDS_MS = (
    *SHORT_MS,
    *(round(step * 10.0**power) for power in range(2, 7) for step in STEPS),
    1e7,
)
"""1 ms to 10,000 s."""


@dataclass(frozen=True)
class Waits:
    """Milliseconds that pieces of work waited; `when_none` says what did not happen."""

    samples_ms: Sequence[float]
    when_none: str

    @property
    def mean_ms(self) -> float | Missing:
        if not self.samples_ms:
            return Missing(self.when_none)
        return fsum(self.samples_ms) / len(self.samples_ms)

    @property
    def longest_ms(self) -> float | Missing:
        return max(self.samples_ms) if self.samples_ms else Missing(self.when_none)

    def percentile_ms(self, q: float) -> float | Missing:
        """The nearest rank: the smallest sample that the share `q` of all does not exceed."""
        if not self.samples_ms:
            return Missing(self.when_none)
        return sorted(self.samples_ms)[max(0, ceil(q * len(self.samples_ms)) - 1)]

    @property
    def histogram(self) -> LatencyHistogram:
        return observed(self.samples_ms, BOUNDS_MS)

    def summary(self) -> dict[str, float | int | None]:
        """For an agent's own part of the metadata."""
        return {
            "count": len(self.samples_ms),
            "avgMs": known_or(self.mean_ms, None),
            "p50Ms": known_or(self.percentile_ms(0.5), None),
            "p95Ms": known_or(self.percentile_ms(0.95), None),
            "maxMs": known_or(self.longest_ms, None),
        }


def scheduling_fields(waits: Waits | Missing) -> dict[str, Any]:
    """The fields of `SchedulingPerformance` that follow."""

    def percentile(q: float) -> float | Missing:
        return over(lambda found: found.percentile_ms(q), waits)

    return {
        "avg_scheduling_latency": over(lambda found: found.mean_ms, waits),
        "p50_scheduling_latency": percentile(0.5),
        "p95_scheduling_latency": percentile(0.95),
        "p99_scheduling_latency": percentile(0.99),
        "latency_histogram": over(lambda found: found.histogram, waits),
    }
