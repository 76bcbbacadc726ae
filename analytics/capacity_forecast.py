"""How `OrchestratorAnalyzer.predict_capacity_requirements` comes to its result."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import numpy as np

from analytics.capacity_findings import (
    CapacityForecast,
    ForecastError,
    ForecastInterval,
    PeakTime,
    ScalingTrigger,
)
from analytics.findings import Confidence
from analytics.forecasting.intervals import INSIDE_RATIO
from analytics.forecasting.outlook import LEAST_SEASONS, NAIVE, Outlook, outlook
from analytics.forecasting.series import FloatArray, Series, regular
from analytics.health_parts import TARGET_HIGH_RATIO

__all__ = ["CapacitySample", "forecast_capacity"]

HOUR = timedelta(hours=1)
DAY_HOURS = 24
LONGEST_GAP_HOURS = 6
LEAST_KNOWN_RATIO = 0.8
PEAKS = 3
GOOD_MASE = 1.0
METHOD = (
    "Hourly demand (used slots + pending workflows). {model}, learnt anew, against persistence and "
    "the seasonal naive of 24 h on origins it had not learnt from; used only if it beats both. "
    f"Interval of {INSIDE_RATIO:.0%} by adaptive conformal inference (Gibbs and Candes 2021)."
)


@dataclass(frozen=True)
class CapacitySample:
    """One observation. Demand is `used_slots` + `pending_workflows`; unknown where either is."""

    at: datetime
    used_slots: float | None
    pending_workflows: float | None
    total_slots: float | None = None

    @property
    def demand(self) -> float | None:
        if self.used_slots is None or self.pending_workflows is None:
            return None
        return self.used_slots + self.pending_workflows


def forecast_capacity(
    samples: Sequence[CapacitySample],
    hours: int,
    model: str = "ensemble",
    now: datetime | None = None,
) -> CapacityForecast:
    """See `OrchestratorAnalyzer.predict_capacity_requirements`."""
    if hours < 1:
        raise ValueError(f"forecast_window must be at least 1 hour, not {hours}")
    method = METHOD.format(model=model)
    series = regular(((each.at, each.demand) for each in samples), HOUR)
    history = np.empty(0) if series is None else series.filled(LONGEST_GAP_HOURS)
    if series is None or not len(history):
        return _nothing("No hour of the history has a known demand.", method)
    if float(history.min()) < 0:
        raise ValueError("demand is below 0: slots and pending workflows are counts")
    if now is not None and now - series.end > LONGEST_GAP_HOURS * HOUR:
        return _nothing(
            "The newest hour of which the demand is known ended at "
            f"{series.end:%Y-%m-%d %H:%M %Z}, more than {LONGEST_GAP_HOURS} h ago.",
            method,
        )
    known = _known_ratio(series, len(history))
    if known < LEAST_KNOWN_RATIO:
        return _nothing(
            f"Only {known:.0%} of the last {len(history)} hours are known, and "
            f"{LEAST_KNOWN_RATIO:.0%} are needed.",
            method,
        )
    found = outlook(history, hours, DAY_HOURS, model)
    if found is None:
        need = max(LEAST_SEASONS * DAY_HOURS, DAY_HOURS + 2 * hours)
        return _nothing(
            f"Not enough history: {len(history)} hours without a gap of more than "
            f"{LONGEST_GAP_HOURS} h, and {need} are needed for {hours} h ahead.",
            method,
        )
    return _forecast(found, series.end, history, _newest_total(samples), method)


def _newest_total(samples: Sequence[CapacitySample]) -> float | None:
    known = [(each.at, each.total_slots) for each in samples if each.total_slots is not None]
    return max(known)[1] if known else None


def _known_ratio(series: Series, hours: int) -> float:
    return float(np.isfinite(series.values[-hours:]).mean())


def _nothing(reason: str, method: str) -> CapacityForecast:
    return CapacityForecast(evidence=(), confidence=Confidence.LOW, method=method, reason=reason)


def _forecast(
    found: Outlook, first: datetime, history: FloatArray, total: float | None, method: str
) -> CapacityForecast:
    now, learnt = (
        float(history[-1]),
        f"{len(history)} hours, which end at {first:%Y-%m-%d %H:%M %Z}",
    )
    hours = [first + step * HOUR for step in range(len(found.values))]
    need = max(float(found.upper.max()), now)
    error = ForecastError(
        model=found.used,
        mean_absolute_error=found.errors[found.used],
        persistence=found.errors["persistence"],
        seasonal_naive=found.errors["seasonal_naive"],
        mase=found.mase,
        origins=found.judged,
    )
    return CapacityForecast(
        predicted_demand=tuple(map(float, found.values)),
        confidence_intervals=tuple(
            ForecastInterval(at=at, lower=float(low), upper=float(high))
            for at, low, high in zip(hours, found.lower, found.upper, strict=True)
        ),
        peak_times=tuple(_peaks(found, hours)),
        recommended_capacity=ceil(round(need / TARGET_HIGH_RATIO, 6)),
        scaling_triggers=tuple(_triggers(found, hours, total)),
        backtest=error,
        evidence=(f"Learnt from {learnt}.", *_evidence(error, need, now)),
        confidence=_confidence(found),
        method=method,
    )


def _peaks(found: Outlook, hours: Sequence[datetime]) -> Iterator[PeakTime]:
    """The highest hours, none within a quarter of a day of a higher one."""
    taken: list[int] = []
    for step in np.argsort(-found.values, kind="stable"):
        if all(abs(step - other) >= DAY_HOURS // 4 for other in taken):
            taken.append(int(step))
        if len(taken) == PEAKS:
            break
    for step in taken:
        yield PeakTime(
            at=hours[step],
            demand=float(found.values[step]),
            lower=float(found.lower[step]),
            upper=float(found.upper[step]),
        )


def _triggers(
    found: Outlook, hours: Sequence[datetime], total: float | None
) -> Iterator[ScalingTrigger]:
    if total is None:
        return
    for kind, limit in (("target", TARGET_HIGH_RATIO * total), ("capacity", total)):
        expected = np.flatnonzero(found.values > limit)
        earliest = np.flatnonzero(found.upper > limit)
        if len(earliest):
            yield ScalingTrigger(
                kind=kind,
                limit_slots=limit,
                expected_at=hours[expected[0]] if len(expected) else None,
                earliest_at=hours[earliest[0]],
            )


def _evidence(error: ForecastError, need: float, now: float) -> Iterator[str]:
    yield (
        f"{error.model} was off by {error.mean_absolute_error:.3g} slots on average over "
        f"{error.origins} origins, persistence by {error.persistence:.3g}, the seasonal naive by "
        f"{error.seasonal_naive:.3g}."
    )
    if error.model in NAIVE:
        yield "Nothing that learns beat it, so it is used."
    yield (
        f"At the worst {need:.4g} slots are demanded (now {now:.4g}); at most "
        f"{TARGET_HIGH_RATIO:g} of the capacity should be used."
    )


def _confidence(found: Outlook) -> Confidence:
    if found.used in NAIVE:
        return Confidence.LOW
    good = found.mase is not None and found.mase <= GOOD_MASE
    return Confidence.HIGH if good else Confidence.MEDIUM
