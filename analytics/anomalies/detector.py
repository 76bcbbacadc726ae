"""All that is learnt of a pool, and how strongly each worker differs from it."""

from dataclasses import dataclass, replace

import numpy as np

from analytics.anomalies.baseline import Baseline, Rung, enough_peers, learn, rung_of
from analytics.anomalies.calibration import Calibration, calibrate
from analytics.anomalies.histories import FloatArray, Grid, IntArray
from analytics.anomalies.robust import smoothed

__all__ = ["FALSE_ALARMS_PER_WORKER_DAY", "Detector", "Group", "train"]

FALSE_ALARMS_PER_WORKER_DAY = 0.2
TOP_METRICS = 3
SMOOTHED_STEPS = 12
HELD_BACK_RATIO = 1 / 3
"""Of the past: to calibrate on, by what was learnt from the rest."""


@dataclass(frozen=True)
class Group:
    """Workers on one rung. `members` are their places in the pool."""

    members: IntArray
    baseline: Baseline
    calibration: Calibration

    @property
    def rung(self) -> Rung:
        return self.baseline.rung


@dataclass(frozen=True)
class Detector:
    """Learnt from the past of a pool; judges any steps of the same workers and metrics."""

    groups: tuple[Group, ...]

    def strengths(self, grid: Grid) -> FloatArray:
        """How odd each worker is at each step, (workers, steps); NaN: not known."""
        return self._each(grid, scored=False)

    def scores(self, grid: Grid) -> FloatArray:
        """The same from 0 to 1; above 0.7 is an alarm."""
        return self._each(grid, scored=True)

    def _each(self, grid: Grid, *, scored: bool) -> FloatArray:
        found = np.full(grid.values.shape[:2], np.nan)
        for group in self.groups:
            strength = strengths(group.baseline.deviations(grid))[group.members]
            found[group.members] = group.calibration.scores(strength) if scored else strength
        return found


def strengths(deviations: FloatArray) -> FloatArray:
    """The mean of the three largest deviations, half of it now and half its recent average.

    A worker in trouble shows it in several metrics; what lasts is worse than what flickers, and
    what is short is still seen when it happens. (workers, steps, metrics) to (workers, steps).
    """
    size = -np.sort(-np.abs(deviations), axis=2)[:, :, :TOP_METRICS]
    known = np.isfinite(size)
    total = np.where(known, size, 0.0).sum(axis=2)
    count = known.sum(axis=2)
    top = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    found: FloatArray = (top + smoothed(top, SMOOTHED_STEPS)) / 2
    return found


def train(
    past: Grid, budget: float = FALSE_ALARMS_PER_WORKER_DAY, *, peers_now: bool | None = None
) -> Detector:
    """Put each worker of `past` on the best rung of the ladder, and learn and calibrate there.

    The last third of the past is judged by what the first two thirds teach, and the scores are
    calibrated on that: on steps that were not learnt from. `budget` is in alarms per worker-day;
    `peers_now` tells whether there are peers where it will judge, None: as at the end of `past`.
    Raises `ValueError` for a budget of 0 or less.
    """
    if budget <= 0:
        raise ValueError(f"an alarm budget must be above 0 a worker-day, not {budget}")
    rungs = rung_of(past, peers_now=enough_peers(past) if peers_now is None else peers_now)
    groups = []
    for rung in Rung:
        members = np.flatnonzero([each is rung for each in rungs])
        if len(members):
            groups.append(_group(past, rung, members, budget))
    return Detector(tuple(groups))


def _group(pool: Grid, rung: Rung, members: IntArray, budget: float) -> Group:
    """Learnt from all workers since the first of the members is there."""
    first = int(np.argmax(pool.known[members], axis=1).min())
    past = pool.steps(first, pool.values.shape[1])
    baseline = learn(past, rung)
    kept = 0 if rung is Rung.PEERS else round((1 - HELD_BACK_RATIO) * past.values.shape[1])
    early = learn(past.steps(0, kept), rung) if kept else baseline
    early = replace(early, scale=baseline.scale, floor=baseline.floor)
    judged = strengths(early.deviations(past))[:, kept:]
    return Group(members, baseline, calibrate(judged, past.day_steps, SMOOTHED_STEPS, budget))
