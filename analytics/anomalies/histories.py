"""What is known of workers over time, and the same on one grid of even steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

__all__ = ["BoolArray", "FloatArray", "Grid", "IntArray", "WorkerHistory", "grid"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

DAY = timedelta(days=1)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=1)
KEPT = timedelta(days=30)
"""What is older tells little of today, and would cost memory."""

LARGEST = 1e100
"""No metric is that large; squares of what is below stay finite."""


@dataclass(frozen=True)
class WorkerHistory:
    """One worker's metrics. `metrics[name][i]` was measured at `at[i]`; None is unknown.

    Any order; times are aware. Metrics are levels and rates (a CPU share, tasks per second):
    totals that only grow must be made into rates before.
    """

    worker_id: str
    at: Sequence[datetime]
    metrics: Mapping[str, Sequence[float | None]]

    def __post_init__(self) -> None:
        for name, values in self.metrics.items():
            if len(values) != len(self.at):
                raise ValueError(f"{self.worker_id}: {len(values)} of {name}, {len(self.at)} times")
        if any(at.tzinfo is None for at in self.at):
            raise ValueError(f"{self.worker_id}: times without a time zone")


@dataclass(frozen=True)
class Grid:
    """`values[w, i, m]`: metric `m` of worker `w` from `start + i * step` on; NaN is unknown."""

    start: datetime
    step: timedelta
    workers: tuple[str, ...]
    metrics: tuple[str, ...]
    values: FloatArray

    @property
    def day_steps(self) -> int:
        """Steps of a day."""
        return round(DAY / self.step)

    @property
    def slots(self) -> IntArray:
        """Which step of its day (UTC) each step is."""
        first = round(self.start.timestamp() / self.step.total_seconds())
        return (first + np.arange(self.values.shape[1])) % self.day_steps

    @property
    def known(self) -> BoolArray:
        """Whether anything is known of a worker at a step, (workers, steps)."""
        known: BoolArray = np.asarray(np.isfinite(self.values).any(axis=2))
        return known

    def steps(self, begin: int, end: int) -> "Grid":
        """The steps from `begin` to before `end`."""
        return replace(self, start=self.start + begin * self.step, values=self.values[:, begin:end])


def grid(
    histories: Sequence[WorkerHistory], step: timedelta, now: datetime | None = None
) -> Grid | None:
    """The mean of each step's known samples over the 30 days before `now`; None: nothing known.

    `now` is the newest sample unless it is given; later samples are left out. Histories of one
    worker are put together. Steps begin at multiples of `step` since 1970. What is no number, or
    beyond 1e100, is unknown. Raises `ValueError` unless whole steps of a minute to an hour make
    a day.
    """
    step_s = step.total_seconds()
    if not SHORTEST <= step <= LONGEST or DAY % step:
        raise ValueError(f"a day must be whole steps of 1 min to 1 h, and {step} is not")
    times = [at.timestamp() for each in histories for at in each.at]
    if not times:
        return None
    now_s = max(times) if now is None else now.timestamp()
    last = int(now_s // step_s)
    first = max(last - KEPT // step + 1, min(last, int(min(times) // step_s)))
    workers = tuple(sorted({each.worker_id for each in histories}))
    metrics = tuple(sorted({name for each in histories for name in each.metrics}))
    sums = np.zeros((len(workers), last - first + 1, len(metrics)))
    counts = np.zeros(sums.shape, dtype=np.int64)
    for history in histories:
        stamps = np.array([at.timestamp() for at in history.at], dtype=np.float64)
        slots = (stamps // step_s).astype(np.int64) - first
        timely = (slots >= 0) & (stamps <= now_s)
        row = workers.index(history.worker_id)
        for name, samples in history.metrics.items():
            values = np.array(samples, dtype=np.float64)
            known = timely & (np.abs(values) <= LARGEST)
            column = metrics.index(name)
            np.add.at(sums[row, :, column], slots[known], values[known])
            np.add.at(counts[row, :, column], slots[known], 1)
    some = np.flatnonzero(counts.any(axis=(0, 2)))
    if not len(some):
        return None
    means = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    start = datetime.fromtimestamp((first + int(some[0])) * step_s, UTC)
    return Grid(start, step, workers, metrics, means[:, some[0] :])
