"""From a strength without a unit to a score whose 0.7 is the alarm budget."""

from dataclasses import dataclass

import numpy as np

from analytics.anomalies.histories import FloatArray

__all__ = ["ALARM_SCORE", "Calibration", "calibrate"]

ALARM_SCORE = 0.7
LOW_QUANTILE = 0.95
TAIL_RATIO, LEAST_PEAKS, MOST_TAIL = 0.1, 5, 50
SHALLOWEST, STEEPEST = 1.0, 6.0
"""Of the tail: the exponents that so few peaks may be believed to tell."""

USUAL_STRENGTH, USUAL_EXPONENT = 3.5, 2.0
"""Without a past: the limit of Iglewicz and Hoaglin (1993) for modified z-scores."""


@dataclass(frozen=True)
class Calibration:
    """How often the pool's past was as strong as that.

    `peaks` are the maxima of its episodes, ascending, and `rates` how many a worker-day were at
    least as strong.
    """

    budget: float
    peaks: FloatArray
    rates: FloatArray
    worker_days: float
    tail_from: float
    tail_rate: float
    exponent: float

    def alarms_per_worker_day(self, strength: FloatArray) -> FloatArray:
        """Episodes of at least this strength that the past had; NaN where unknown.

        Counted where there are enough of them; beyond, a Pareto tail with the exponent of Hill
        (1975), from which the past's own maximum is no end. Falls as strength grows.
        """
        size = np.maximum(strength, 1e-12)
        tail = self.tail_rate * (size / self.tail_from) ** -self.exponent
        if not len(self.peaks):
            return tail
        counted = np.interp(np.log(size), np.log(self.peaks), self.rates)
        below = np.maximum(self.peaks[0] / size, 1.0)
        return np.where(size >= self.tail_from, tail, below * counted)

    def scores(self, strength: FloatArray) -> FloatArray:
        """0 to 1: 0.7 ** (alarms per worker-day at this strength / the budget).

        0.7 is thus the budget itself, 0.965 a tenth of it, and 0.03 ten times it.
        """
        found: FloatArray = ALARM_SCORE ** (self.alarms_per_worker_day(strength) / self.budget)
        return found

    @property
    def alarm_strength(self) -> float:
        """The strength whose score is 0.7."""
        low, high = 0.0, max(self.tail_from, USUAL_STRENGTH)
        while self.alarms_per_worker_day(np.array(high)) > self.budget:
            high *= 2
        for _ in range(60):
            middle = (low + high) / 2
            if self.alarms_per_worker_day(np.array(middle)) > self.budget:
                low = middle
            else:
                high = middle
        return high


def calibrate(strength: FloatArray, day_steps: int, gap_steps: int, budget: float) -> Calibration:
    """From the strengths of the past, (workers, steps), NaN unknown.

    An episode is a run above the 95th percentile; runs at most `gap_steps` apart are one. With
    fewer than five there is nothing to calibrate on: the alarm is `USUAL_STRENGTH`, or that
    percentile where it is higher.
    """
    known = strength[np.isfinite(strength)]
    days = len(known) / day_steps
    low = float(np.quantile(known, LOW_QUANTILE)) if len(known) else 0.0
    found = [peak for each in strength for peak in _peaks(each, low, gap_steps) if peak > 0]
    if len(found) < LEAST_PEAKS:
        none = np.empty(0)
        usual = max(USUAL_STRENGTH, low)
        return Calibration(budget, none, none, days, usual, budget, USUAL_EXPONENT)
    ordered = np.sort(found)
    begin = ordered[-int(np.clip(TAIL_RATIO * len(ordered), LEAST_PEAKS, MOST_TAIL))]
    excess = np.log(ordered[ordered > begin] / begin)
    exponent = SHALLOWEST if not len(excess) else 1 / max(float(excess.mean()), 1e-12)
    peaks, first = np.unique(ordered, return_index=True)
    return Calibration(
        budget=budget,
        peaks=peaks,
        rates=(len(ordered) - first) / days,
        worker_days=days,
        tail_from=float(begin),
        tail_rate=float((ordered >= begin).sum()) / days,
        exponent=float(np.clip(exponent, SHALLOWEST, STEEPEST)),
    )


def _peaks(strength: FloatArray, low: float, gap_steps: int) -> list[float]:
    """The maximum of each episode of one worker."""
    above = np.flatnonzero(strength > low)
    if not len(above):
        return []
    parts = np.split(above, np.flatnonzero(np.diff(above) > gap_steps) + 1)
    return [float(strength[part].max()) for part in parts]
