"""Pools of simulated workers whose faults are known."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from analytics.anomalies.histories import FloatArray, Grid, WorkerHistory

__all__ = ["START", "STEP", "gridded", "histories", "pool"]

START = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(minutes=5)
DAY_STEPS = 288


def pool(workers: int, steps: int, metrics: int = 3, seed: int = 0) -> FloatArray:
    """Load that follows the day and is shared, and noise of each worker's own."""
    random = np.random.default_rng(seed)
    day = 10 + 4 * np.sin(2 * np.pi * np.arange(steps) / DAY_STEPS)
    shared = day + random.normal(size=steps)
    own = 0.5 * random.normal(size=(workers, steps, metrics))
    return shared[None, :, None] + own


def gridded(values: FloatArray, start: datetime = START) -> Grid:
    names = tuple(f"w{each}" for each in range(len(values)))
    return Grid(start, STEP, names, tuple("abcdefgh"[: values.shape[2]]), values)


def histories(
    values: FloatArray, names: Sequence[str] = ("cpu_usage", "memory_usage", "tasks_per_s")
) -> list[WorkerHistory]:
    at = [START + step * STEP for step in range(values.shape[1])]
    made = []
    for place, each in enumerate(values):
        metrics: Mapping[str, list[float | None]] = {
            name: [None if np.isnan(value) else float(value) for value in each[:, column]]
            for column, name in enumerate(names)
        }
        made.append(WorkerHistory(f"w{place}", at, metrics))
    return made
