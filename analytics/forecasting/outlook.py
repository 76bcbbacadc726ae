"""A forecast with its interval and its record: how it did on the last block, beside the naive."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from analytics.forecasting.intervals import Intervals
from analytics.forecasting.models import MODELS, Fitted, Learnt
from analytics.forecasting.rows import block_steps
from analytics.forecasting.series import FloatArray

__all__ = ["LEAST_SEASONS", "NAIVE", "Outlook", "outlook"]

NAIVE = ("persistence", "seasonal_naive")
CLEARLY_RATIO = 0.9
"""Errors of a single block differ by chance; persistence is left for what is this much better."""

LEAST_SEASONS = 3
"""Below it there is no forecast: how far it is off could not be told."""


@dataclass(frozen=True)
class Outlook:
    """`values`, `lower` and `upper` by step of the horizon, in the unit of the history.

    `used` names the model; a learnt one only where it beat both naive ones. `errors` are mean
    absolute ones of `judged` origins that it had not learnt from, by model. `scale` is the mean
    absolute change over a season: error / scale is the MASE of Hyndman and Koehler (2006), null
    for a history that repeats itself exactly. With `fitted`, what was learnt, and `intervals` it
    goes on as values come in.
    """

    values: FloatArray
    lower: FloatArray
    upper: FloatArray
    used: str
    errors: Mapping[str, float]
    judged: int
    scale: float | None
    intervals: Intervals
    fitted: Fitted

    @property
    def mase(self) -> float | None:
        return None if self.scale is None else self.errors[self.used] / self.scale

    def after(self, history: FloatArray, new: int) -> "Outlook":
        """What is expected when `new` more values are known, the last of `history`.

        Nothing is learnt: what was, forecasts again, and each new value moves the interval by
        what was missed 1 to `horizon` steps before. `history` is as long as the one that was
        learnt from, or longer.
        """
        steps, intervals = np.arange(len(self.values)), self.intervals
        first = len(history) - new - len(steps) + 1
        made = self.fitted.at(history, np.arange(first, len(history) + 1))
        for row in range(new):
            came = history[len(history) - new + row] - made[row + len(steps) - 1 - steps, steps]
            below, above = intervals.bounds()
            intervals = intervals.after(came, (came < below) | (above < came))
        values, lower, upper = _bounded(made[-1], intervals)
        return replace(self, values=values, lower=lower, upper=upper, intervals=intervals)


def outlook(
    history: FloatArray,
    horizon: int,
    season: int,
    model: str = "ensemble",
    learnt_together: Learnt | None = None,
) -> Outlook | None:
    """Forecast `horizon` steps after a finite history; None where it is too short.

    Nothing is forecast below 0: counts and rates are not. `learnt_together`: what the model has
    learnt of this history beside others, else it learns here. Raises `KeyError` for a model that
    is not in `MODELS`, `ModelNotInstalledError` for one whose extra is not there.
    """
    learn = MODELS[model]
    block = block_steps(len(history), horizon, season)
    if len(history) < max(LEAST_SEASONS * season, season + horizon + block):
        return None
    names = (*NAIVE, model)
    learnt = {name: MODELS[name](history, horizon, season) for name in NAIVE}
    learnt[model] = learnt_together or learn(history, horizon, season)
    misses = {name: _misses(learnt[name].early, history, horizon, block) for name in names}
    errors = {name: float(np.abs(each).mean()) for name, each in misses.items()}
    used = _used(errors, model)
    half = block // 2
    intervals, _ = Intervals.of(misses[used][:half]).followed(misses[used][half:])
    fitted = learnt[used].whole
    made = fitted.at(history, np.array([len(history)]))[0]
    values, lower, upper = _bounded(made, intervals)
    change = float(np.abs(history[season:] - history[:-season]).mean())
    return Outlook(
        values=values,
        lower=lower,
        upper=upper,
        used=used,
        errors=errors,
        judged=block,
        scale=change or None,
        intervals=intervals,
        fitted=fitted,
    )


def _bounded(made: FloatArray, intervals: Intervals) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A forecast and the ends of its interval, none below 0."""
    below, above = intervals.bounds()
    return np.maximum(made, 0.0), np.maximum(made + below, 0.0), np.maximum(made + above, 0.0)


def _used(errors: Mapping[str, float], model: str) -> str:
    """The model where it beat both naive ones; persistence else, or what is clearly better."""
    if errors[model] < min(errors[name] for name in NAIVE):
        return model
    seasonal = errors["seasonal_naive"] < CLEARLY_RATIO * errors["persistence"]
    return "seasonal_naive" if seasonal else "persistence"


def _misses(fitted: Fitted, history: FloatArray, horizon: int, block: int) -> FloatArray:
    last = len(history) - horizon
    origins = np.arange(last - block + 1, last + 1)
    came: FloatArray = history[origins[:, None] + np.arange(horizon)]
    return came - fitted.at(history, origins)
