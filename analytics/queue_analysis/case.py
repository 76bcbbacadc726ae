"""What settings of a queue are chosen for, and by what."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

from analytics.health_parts import TARGET_HIGH_RATIO, TARGET_WAIT_MS
from analytics.queue_analysis.batches import BatchCost, BatchRun, batch_cost
from analytics.queue_analysis.measured import Measured
from analytics.queue_analysis.observed import ObservedQueue
from analytics.queue_analysis.plans import QueueConfig
from analytics.queue_analysis.rates import block_means

__all__ = ["NORMAL_GOAL", "Case", "PerformanceData", "QueueGoal"]


@dataclass(frozen=True)
class QueueGoal:
    """What settings are chosen for. Raises `ValueError` for what cannot be aimed at.

    `drain_s`: within what a backlog is to be gone. `retry_budget_ratio`: retries / first attempts.
    """

    target_wait_s: float = TARGET_WAIT_MS / 1000
    drain_s: float = 3600.0
    most_utilization_ratio: float = TARGET_HIGH_RATIO
    retry_budget_ratio: float = 0.1

    def __post_init__(self) -> None:
        times = (self.target_wait_s, self.drain_s)
        if not all(isfinite(each) and each > 0 for each in times):
            raise ValueError(f"target wait and drain time must be finite and > 0, not {times}")
        if not 0 < self.most_utilization_ratio <= 1:
            raise ValueError(f"utilization must lie within 0..1: {self.most_utilization_ratio}")
        if not 0 < self.retry_budget_ratio <= 1:
            raise ValueError(f"the retry budget must lie within 0..1: {self.retry_budget_ratio}")


NORMAL_GOAL = QueueGoal()


@dataclass(frozen=True)
class PerformanceData:
    """What was measured of the queue; null is unknown.

    `attempts`: all, with those that were `retried`, of the same time. Raises `ValueError` where
    they cannot be.
    """

    queue: ObservedQueue
    batches: Sequence[BatchRun] = ()
    attempts: int | None = None
    retried: int | None = None
    service_p99_s: float | None = None

    def __post_init__(self) -> None:
        counts = (self.retried or 0, self.attempts or 0)
        more = None not in (self.retried, self.attempts) and counts[0] > counts[1]
        if min(counts) < 0 or more:
            raise ValueError(f"{self.retried} of {self.attempts} attempts cannot be retried")
        if self.service_p99_s is not None and self.service_p99_s < 0:
            raise ValueError(f"no service takes {self.service_p99_s} s")

    @property
    def retry_ratio(self) -> float | None:
        if not self.attempts or self.retried is None:
            return None
        return self.retried / self.attempts


@dataclass(frozen=True)
class Case:
    """One queue with its settings and goal, and what follows from them."""

    config: QueueConfig
    data: PerformanceData
    goal: QueueGoal

    @cached_property
    def measured(self) -> Measured:
        return Measured(self.data.queue)

    @cached_property
    def cost(self) -> BatchCost | str:
        """What a batch costs, or why that is unknown."""
        return batch_cost(self.data.batches)

    @property
    def consumers(self) -> int | None:
        own = self.config.consumers
        return self.data.queue.newest.consumers if own is None else own

    @property
    def demand_per_s(self) -> float | None:
        """The most that arrived in five minutes of the last hour, else what arrives now."""
        blocks = block_means(self.measured.hour.arrivals_per_s)
        rate = self.measured.arrival_rate_per_s
        return max(float(blocks.max()), rate or 0.0) if len(blocks) else rate

    def service_s(self, batch_size: int) -> float | None:
        """How long an item keeps a consumer busy."""
        if isinstance(self.cost, str):
            return self.measured.service_s
        return self.cost.took_s(batch_size) / batch_size
