"""What a batch costs, and the smallest one that keeps up."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt

import numpy as np

from analytics.queue_analysis.observed import known
from analytics.queue_analysis.rates import Z_90

__all__ = ["BatchCost", "BatchRun", "batch_cost"]

LEAST_RUNS, LEAST_SIZES = 10, 3
ROUNDING = 1e-12


@dataclass(frozen=True)
class BatchRun:
    """A batch that one consumer worked off. Raises `ValueError` below 1 item and 0 s."""

    items: int
    took_s: float

    def __post_init__(self) -> None:
        if self.items < 1 or self.took_s < 0:
            raise ValueError(f"a batch has at least 1 item and 0 s, not {self}")


@dataclass(frozen=True)
class BatchCost:
    """A batch of b items takes `fixed_s` + b x `item_s`, as far as `largest` items."""

    fixed_s: float
    item_s: float
    largest: int
    runs: int

    def took_s(self, items: int) -> float:
        """The time of one batch."""
        return self.fixed_s + items * self.item_s

    def latency_s(self, items: int, arrival_rate_per_s: float) -> float:
        """How long an item waits for its batch to fill, on average, and is worked on with it."""
        if items == 1:
            return self.took_s(1)
        if arrival_rate_per_s == 0:
            return inf
        return (items - 1) / (2 * arrival_rate_per_s) + self.took_s(items)

    def least_items(self, rate_per_s: float, consumers: int) -> int | None:
        """The smallest batch at which so many consumers reach a rate.

        consumers x b / (fixed + b x item) >= rate, solved for b; None where none does.
        """
        spare = consumers - rate_per_s * self.item_s
        if spare <= 0:
            return None
        items = max(1.0, rate_per_s * self.fixed_s / spare)
        return ceil(items * (1 - ROUNDING)) if items <= self.largest else None


def batch_cost(runs: Sequence[BatchRun]) -> BatchCost | str:
    """Least squares over batches of different sizes; or why there is none.

    Sizes beyond those measured are not judged. Without a fixed cost that is surely above 0 (90 %)
    a larger batch saves nothing that could be measured.
    """
    timed = [
        (run.items, run.took_s)
        for run in runs
        if known(run.items) is not None and known(run.took_s) is not None
    ]
    sizes = {items for items, _ in timed}
    if len(timed) < LEAST_RUNS or len(sizes) < LEAST_SIZES:
        return (
            f"Not enough data: {len(timed)} batches of {len(sizes)} sizes, and {LEAST_RUNS} of "
            f"{LEAST_SIZES} are needed."
        )
    items, took_s = np.array(timed, dtype=np.float64).T
    apart = items - items.mean()
    item_s = float((apart * took_s).sum() / (apart**2).sum())
    fixed_s = float(took_s.mean() - item_s * items.mean())
    if item_s <= 0:
        return "Larger batches did not take longer: their cost does not follow their size."
    missed = took_s - fixed_s - item_s * items
    noise = float((missed**2).sum()) / (len(timed) - 2)
    error_s = sqrt(noise * (1 / len(timed) + float(items.mean() ** 2 / (apart**2).sum())))
    if fixed_s - Z_90 * error_s <= 0:
        return "A batch has no fixed cost that is surely above 0, so a larger saves nothing."
    return BatchCost(fixed_s, item_s, max(sizes), len(timed))
