"""How many workers a pool needs until others could be there: `predict_scaling_needs`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from analytics.findings import Confidence
from analytics.forecasting.intervals import INSIDE_RATIO
from analytics.forecasting.outlook import LEAST_SEASONS, NAIVE, Outlook, outlook
from analytics.forecasting.series import FloatArray, regular
from analytics.queueing import MOST_LOAD
from analytics.scaling_findings import LoadStep, ScalingNeeds
from analytics.scaling_plan import (
    STEP,
    STEPS,
    PoolNow,
    ScalingGoal,
    Sizing,
    cost,
    plan,
    required_workers,
    triggers,
)

__all__ = ["NORMAL_GOAL", "ArrivalSample", "PoolNow", "ScalingGoal", "scaling_needs"]

DAY_STEPS = 288
LONGEST_GAP_STEPS = 12
LEARNT_DAYS = 21
GOOD_MASE = 1.0
NORMAL_GOAL = ScalingGoal()
METHOD = (
    "Arrivals per second in steps of 5 min, forecast for 60 min ({model} against persistence and "
    "the seasonal naive), and their quantile {quantile:.3g} (newsvendor: what a missing worker "
    "costs / (that + what one too many costs)) by conformal misses. Workers for the wait by "
    "Erlang C with the factor of Allen and Cunneen, corrected for many workers (Kimura; Hayward)."
)


@dataclass(frozen=True)
class ArrivalSample:
    """Tasks that arrived per second, on average, around `at`; null is unknown."""

    at: datetime
    arrival_rate_per_s: float | None


def scaling_needs(
    now: PoolNow,
    history: Sequence[ArrivalSample],
    goal: ScalingGoal = NORMAL_GOAL,
    *,
    model: str = "ensemble",
) -> ScalingNeeds:
    """The workers that keep the wait at the target for as long as no others could be there.

    `history` may come in any order, with gaps and doubles. The need is never below what the
    arrivals measured in the last `hold_s` and what waits already take: a forecast raises it, so
    that nothing is given up on a prediction. With less than three days of history there is no
    forecast, and the need is the measured one. Raises `ValueError` for arrivals below 0,
    `KeyError` for an unknown model.
    """
    method = METHOD.format(model=model, quantile=goal.quantile)
    series = regular(((each.at, each.arrival_rate_per_s) for each in history), STEP)
    if series is None:
        return _nothing(now, "No arrival rate of the history is known.", method)
    rates = series.filled(LONGEST_GAP_STEPS)[-LEARNT_DAYS * DAY_STEPS :]
    if float(rates.min()) < 0:
        raise ValueError("an arrival rate is below 0")
    if now.service_s is None:
        return _nothing(now, "What one worker gets done is unknown, or nothing.", method)
    if float(rates.max()) > MOST_LOAD / (2 * now.service_s):
        return _nothing(now, "More arrives than workers can be counted for.", method)
    sizing = Sizing(now, now.service_s, goal)
    found = outlook(rates, STEPS, DAY_STEPS, model)
    loads = () if found is None else tuple(_loads(found, sizing, series.end))
    recent = float(rates[-goal.held_steps :].max())
    measured = max(sizing.workers(recent), sizing.workers_to_drain(recent))
    required = required_workers(measured, loads, goal)
    current = now.total_workers
    steps = () if current is None else tuple(plan(current, measured, series.end, loads, goal))
    return ScalingNeeds(
        current_workers=current,
        predicted_load=loads,
        required_workers=required,
        scaling_plan=steps,
        scaling_triggers=() if current is None else tuple(triggers(current, sizing, loads)),
        cost_estimate=None
        if current is None
        else cost(current, steps, series.end, now.cost_per_worker_hour),
        expected_wait_s=sizing.wait_s(recent, required),
        evidence=tuple(_evidence(sizing, recent, found)),
        confidence=_confidence(now, found),
        method=method,
        reason=_missing(now, found, len(rates)),
    )


def _nothing(now: PoolNow, reason: str, method: str) -> ScalingNeeds:
    return ScalingNeeds(
        current_workers=now.total_workers,
        evidence=(),
        confidence=Confidence.LOW,
        method=method,
        reason=reason,
    )


def _loads(found: Outlook, sizing: Sizing, begin: datetime) -> Iterator[LoadStep]:
    upper = np.maximum(found.values + _beyond(found, sizing.goal.quantile), found.values)
    for step, (value, high) in enumerate(zip(found.values, upper, strict=True)):
        yield LoadStep(
            at=begin + step * STEP,
            arrival_rate_per_s=float(value),
            upper_rate_per_s=float(high),
            workers=sizing.workers(float(high)),
        )


def _beyond(found: Outlook, quantile: float) -> FloatArray:
    """What to add to each step for its quantile: that of earlier misses.

    The share above is corrected in the ratio in which adaptive conformal inference has corrected
    the interval's (see `analytics.forecasting.intervals`).
    """
    ordered = np.sort(found.intervals.misses, axis=0)
    allowed = (1 - quantile) * found.intervals.allowance / (1 - INSIDE_RATIO)
    rank = np.ceil(np.clip(1 - allowed, 0.0, 1.0) * (len(ordered) - 1)).astype(np.int64)
    beyond: FloatArray = ordered[rank, np.arange(ordered.shape[1])]
    return beyond


def _workers(number: int) -> str:
    return "1 worker" if number == 1 else f"{number} workers"


def _evidence(sizing: Sizing, recent: float, found: Outlook | None) -> Iterator[str]:
    now, goal = sizing.now, sizing.goal
    yield (
        f"At most {recent:.4g} tasks per second arrived in the last {goal.hold_s:g} s. At "
        f"{sizing.service_s:.4g} s each they take {_workers(sizing.workers(recent))} for a mean "
        f"wait of "
        f"{goal.target_wait_s:g} s at a utilization of at most {goal.most_utilization_ratio:g}."
    )
    drain = sizing.workers_to_drain(recent)
    if now.waiting is None:
        yield "How much waits already is unknown and not counted."
    elif drain > sizing.workers(recent):
        yield (
            f"{now.waiting:.4g} tasks wait already: to take them within {sizing.drain_s:g} s, "
            f"beside what arrives, takes {_workers(drain)}."
        )
    unknown = [
        name
        for name, known in (("services", now.service_cv2), ("arrivals", now.arrival_cv2))
        if known is None
    ]
    if unknown:
        yield f"The variability of {' and '.join(unknown)} is unknown and taken as exponential."
    if found is not None:
        yield (
            f"{found.used} was off by {found.errors[found.used]:.3g} per second on average over "
            f"{found.judged} origins, persistence by {found.errors['persistence']:.3g}, the "
            f"seasonal naive by {found.errors['seasonal_naive']:.3g}."
        )


def _missing(now: PoolNow, found: Outlook | None, steps: int) -> str | None:
    reasons = []
    if found is None:
        need_h = LEAST_SEASONS * DAY_STEPS * STEP.total_seconds() / 3600
        known_h = steps * STEP.total_seconds() / 3600
        reasons.append(
            f"Not enough history for a forecast: {known_h:.3g} h, and {need_h:g} h are needed."
        )
    if now.total_workers is None:
        reasons.append("The number of workers is unknown, so there is no plan.")
    return " ".join(reasons) or None


def _confidence(now: PoolNow, found: Outlook | None) -> Confidence:
    if found is None:
        return Confidence.LOW
    measured = now.service_cv2 is not None and now.arrival_cv2 is not None
    good = found.used not in NAIVE and found.mase is not None and found.mase <= GOOD_MASE
    return Confidence.HIGH if measured and good else Confidence.MEDIUM
