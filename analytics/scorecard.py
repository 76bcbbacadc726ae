"""The specification's eight success metrics, of one orchestrator and of several together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

from pydantic import Field

from analytics.findings import Finding

__all__ = ["Period", "Scorecard", "SuccessMetric", "Total", "scorecard", "together"]

NO_RECORD = "Nothing of it was recorded in the period."


@dataclass(frozen=True)
class Total:
    """The sum of the known samples of a period, and how many they were."""

    total: float = 0.0
    samples: int = 0

    def __add__(self, other: "Total") -> "Total":
        return Total(self.total + other.total, self.samples + other.samples)

    @property
    def mean(self) -> float | None:
        """Null where no sample was known."""
        return self.total / self.samples if self.samples else None


@dataclass(frozen=True)
class Period:
    """What was recorded of an orchestrator in a period; everything adds up.

    `up`: minutes whose last status was not critical, of those with a record. `health_score`,
    `capacity_ratio`, `worker_ratio` (of each pool) 0..1; `latency_ms` and `queue_wait_ms` of each
    record. `load_variation`: standard deviation / mean of the loads of each pool, as last seen.
    """

    up: Total = Total()
    health_score: Total = Total()
    latency_ms: Total = Total()
    capacity_ratio: Total = Total()
    queue_wait_ms: Total = Total()
    worker_ratio: Total = Total()
    load_variation: Total = Total()


class SuccessMetric(Finding):
    """One metric; `met` is null where its value is unknown."""

    name: str
    value: float | None
    target: str
    met: bool | None
    samples: int
    definition: str
    reason: str | None = Field(default=None, description="Why the value is unknown.")


class Scorecard(Finding):
    """All metrics, in the order of the specification."""

    metrics: tuple[SuccessMetric, ...]
    met: int = Field(description="Metrics that are known and meet their target.")
    known: int


def together(periods: Iterable[Period]) -> Period:
    """Several orchestrators as one: each sample counts the same."""
    whole = Period()
    for each in periods:
        sums = {name: getattr(whole, name) + getattr(each, name) for name in NAMES}
        whole = Period(**sums)
    return whole


NAMES = tuple(each.name for each in fields(Period))


@dataclass(frozen=True)
class _Goal:
    """A metric and its limits, which it must not touch; of two limits, not leave."""

    name: str
    definition: str
    of: Callable[[Period], Total] | None = None
    above: float | None = None
    below: float | None = None
    reason: str = NO_RECORD

    @property
    def target(self) -> str:
        if self.above is not None and self.below is not None:
            return f"{self.above:g} to {self.below:g}"
        return f"> {self.above:g}" if self.above is not None else f"< {self.below:g}"

    def met(self, value: float) -> bool:
        if self.above is not None and self.below is not None:
            return self.above <= value <= self.below
        return value > self.above if self.above is not None else value < (self.below or 0)

    def judged(self, period: Period) -> SuccessMetric:
        total = Total() if self.of is None else self.of(period)
        value = total.mean
        return SuccessMetric(
            name=self.name,
            value=value,
            target=self.target,
            met=None if value is None else self.met(value),
            samples=total.samples,
            definition=self.definition,
            reason=self.reason if value is None else None,
        )


GOALS = (
    _Goal(
        "uptime_ratio",
        "Minutes whose last record was not critical / minutes with a record.",
        lambda period: period.up,
        above=0.95,
    ),
    _Goal(
        "health_score",
        "Mean health score of the records.",
        lambda period: period.health_score,
        above=0.9,
    ),
    _Goal(
        "scheduling_latency_ms",
        "Mean of the records' average scheduling latency.",
        lambda period: period.latency_ms,
        below=100,
    ),
    _Goal(
        "capacity_utilization_ratio",
        "Mean share of the capacity that was in use.",
        lambda period: period.capacity_ratio,
        above=0.7,
        below=0.85,
    ),
    _Goal(
        "queue_wait_ms",
        "Mean of the records' average wait in queues.",
        lambda period: period.queue_wait_ms,
        below=300_000,
    ),
    _Goal(
        "worker_utilization_ratio",
        "Mean utilization of the worker pools, each record of each pool the same.",
        lambda period: period.worker_ratio,
        above=0.8,
    ),
    _Goal(
        "scaling_accuracy_ratio",
        "Share of scaling decisions whose target was right.",
        above=0.9,
        reason="What a decision predicted is not kept beside what came of it yet.",
    ),
    _Goal(
        "load_variation_ratio",
        "Standard deviation / mean of the loads in a pool, as last seen; mean of the pools.",
        lambda period: period.load_variation,
        below=0.1,
    ),
    _Goal(
        "alert_false_positive_ratio",
        "Share of pages that announced nothing.",
        below=0.05,
        reason="Which alerts were true is not recorded yet.",
    ),
)
"""The specification's section on success metrics, in its order; its first one is two."""


def scorecard(period: Period) -> Scorecard:
    """Judge a period by the specification's targets; a mean is over samples, not over time."""
    metrics = tuple(goal.judged(period) for goal in GOALS)
    known = [each for each in metrics if each.met is not None]
    return Scorecard(metrics=metrics, met=sum(bool(each.met) for each in known), known=len(known))
