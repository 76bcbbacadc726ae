"""Extremes over sliding windows, and what a series of targets makes ready under a delay."""

import numpy as np

from analytics.forecasting.series import FloatArray

__all__ = ["leading_max", "needed", "ready_workers", "trailing_max", "trailing_mean"]

ROUNDING = 1e-12
"""Ten workers' worth at full use need ten workers, whatever the last bit of the quotient."""


def needed(load: FloatArray, utilization_ratio: float) -> FloatArray:
    """Whole workers that carry `load` workers' worth at this utilization; NaN stays NaN."""
    made: FloatArray = np.ceil(load / utilization_ratio * (1 - ROUNDING))
    return made


def trailing_max(values: FloatArray, steps: int) -> FloatArray:
    """Along the last axis, the most of each value and the `steps` - 1 before it."""
    most, width = values.copy(), 1
    while width < min(steps, values.shape[-1]):
        shift = min(width, steps - width)
        most[..., shift:] = np.maximum(most[..., shift:], most[..., :-shift].copy())
        width += shift
    return most


def leading_max(values: FloatArray, steps: int) -> FloatArray:
    """Along the last axis, the most of each value and the `steps` - 1 after it."""
    return trailing_max(values[..., ::-1], steps)[..., ::-1]


def ready_workers(targets: FloatArray, delay_steps: int, first: float) -> FloatArray:
    """Workers that are ready at each step, if the target of each step is followed at once.

    A target of step t acts after it: what is too much goes before step t + 1, the newest first;
    what is new is ready at step t + 1 + `delay_steps`. So a worker is there at a step if no
    target since it was ordered was below it: the least of the last `delay_steps` + 1 targets.
    `first`: workers before the first step.
    """
    before = np.full((*targets.shape[:-1], delay_steps + 1), float(first))
    known = np.concatenate([before, targets[..., :-1]], axis=-1)
    least: FloatArray = -trailing_max(-known, delay_steps + 1)
    return least[..., delay_steps:]


def trailing_mean(values: FloatArray, steps: int) -> FloatArray:
    """The mean of each value and the `steps` - 1 before it, or as many as there are."""
    if not len(values):
        return values.copy()
    padded = np.concatenate([np.full(steps - 1, np.nan), values])
    total = np.zeros(len(values))
    count = np.zeros(len(values))
    for shift in range(steps):
        part = padded[shift : shift + len(values)]
        known = np.isfinite(part)
        total += np.where(known, part, 0.0)
        count += known
    with np.errstate(invalid="ignore"):
        return total / count
