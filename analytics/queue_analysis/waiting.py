"""When a waiting item is taken, and how well that was foretold before: `estimate_wait`."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np

from analytics.findings import Confidence
from analytics.forecasting.series import FloatArray
from analytics.queue_analysis.findings import EtaCalibration, WaitEstimate
from analytics.queue_analysis.observed import MINUTE_S, Minutes, ObservedQueue, bridged, minutes
from analytics.queue_analysis.rates import (
    Z_90,
    Passage,
    Rate,
    measured_rate,
    passage,
)
from contracts.orchestrator import QueueType

__all__ = ["estimate_wait"]

ORIGIN_MINUTES = 5
LEAST_JUDGED = 50
GOOD_RATIO = (0.8, 1.25)
MOST_Z = 1e6
TAIL = 0.05
METHOD = (
    "Items ahead, and itself, / what is worked off per second while enough waits, in the last hour "
    "and in proportion to the consumers. The range is that of a gamma distribution with the "
    "variance of a first passage and the error of the rate (batch means), widened where earlier "
    "estimates were off by more (split conformal prediction; Vovk, Gammerman and Shafer 2005)."
)


@dataclass(frozen=True)
class Judged:
    """Of earlier estimates: standard normal scores of the real waits, and real / foretold."""

    scores: FloatArray
    ratios: FloatArray

    @property
    def z(self) -> tuple[float, float]:
        """Quantiles for the range: never nearer than those of the distribution."""
        ordered, count = np.sort(self.scores), len(self.scores)
        if count < LEAST_JUDGED:
            return -Z_90, Z_90
        rank = int((count + 1) * TAIL) - 1
        return min(-Z_90, float(ordered[rank])), max(Z_90, float(ordered[count - 1 - rank]))


def estimate_wait(queue: ObservedQueue, ahead: int | None = None) -> WaitEstimate:
    """See `QueueAnalyzer.estimate_wait`."""
    if ahead is not None and ahead < 0:
        raise ValueError(f"no item has {ahead} others before it")
    newest = queue.newest
    behind_all = newest.size - 1 if newest.size else None
    place = behind_all if ahead is None else ahead
    past, together = minutes(queue), newest.consumers or 1
    rate = measured_rate(past.last_hour.backlogged_per_s(newest.consumers))
    reason = _not_told(queue, place, rate)
    found = None if rate is None or place is None else passage(place + 1, rate, together)
    if reason is None and found is None:
        reason = "What is worked off varies too much, or is nothing: the wait may have no end."
    if reason is not None or found is None or rate is None or place is None:
        return WaitEstimate(
            name=queue.name, ahead=place, confidence=Confidence.LOW, method=METHOD, reason=reason
        )
    judged = judge_past(past, together)
    low, high = judged.z
    bounded = high < MOST_Z
    calibration = _calibration(judged)
    return WaitEstimate(
        name=queue.name,
        ahead=place,
        eta_s=found.mean_s,
        eta_interval_s=(found.quantile_s(low), found.quantile_s(high)) if bounded else None,
        calibration=calibration,
        evidence=tuple(_evidence(place, rate, judged)),
        confidence=_confidence(calibration if bounded else None),
        method=METHOD,
        reason=None if bounded else "More than one earlier wait in 20 did not end as foretold.",
    )


def judge_past(past: Minutes, together: int) -> Judged:
    """Estimates for an item that came at moments of the past, each with what was known then.

    Only moments whose foretold range had ended by now are judged, so that long waits are not
    left out; a wait that has not ended is later than any. Minutes that are missing are bridged
    up to five; a wait over more of them is not judged.
    """
    processed = bridged(past.processed_per_s)
    done = np.cumsum(np.where(np.isfinite(processed), processed, 0.0)) * MINUTE_S
    unknown = np.cumsum(~np.isfinite(processed))
    scores, ratios = [], []
    for minute in range(0, len(done) - 1, ORIGIN_MINUTES):
        level = float(past.size[minute]) + 1
        found = _foretold(past, minute, level, together)
        if found is None or minute + found.quantile_s(Z_90) / MINUTE_S > len(done) - 1:
            continue
        after = int(np.searchsorted(done[minute:], done[minute] + level)) + minute
        if unknown[min(after, len(done) - 1)] != unknown[minute]:
            continue
        ended = after < len(done)
        steps = np.arange(after + 1 - minute)
        waited = np.interp(done[minute] + level, done[minute : after + 1], steps) if ended else inf
        wait_s = float(waited) * MINUTE_S
        scores.append(found.score(wait_s) if ended else inf)
        ratios.append(wait_s / found.mean_s)
    return Judged(np.array(scores), np.array(ratios))


def _foretold(past: Minutes, minute: int, level: float, together: int) -> Passage | None:
    if not level > 1:
        return None
    there = past.consumers[minute]
    rate = measured_rate(past.until(minute).backlogged_per_s(there if there >= 1 else None))
    return None if rate is None else passage(level, rate, together)


def _not_told(queue: ObservedQueue, place: int | None, rate: Rate | None) -> str | None:
    newest = queue.newest
    kind, size = newest.type, newest.size
    beyond = place is not None and size is not None and place > size
    reasons = {
        f"The queue is {kind}: what comes later may be taken before.": kind is not QueueType.FIFO,
        "Nothing waits.": size == 0,
        "Nobody takes from the queue.": newest.consumers == 0,
        "How many items wait is unknown.": place is None,
        f"{place} are said to be ahead, and only {size} wait.": beyond,
        "In the last hour fewer than six blocks of 5 min are known in which enough waited.": rate
        is None,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _calibration(judged: Judged) -> EtaCalibration | None:
    if len(judged.scores) < LEAST_JUDGED or not np.isfinite(np.median(judged.ratios)):
        return None
    return EtaCalibration(
        judged=len(judged.scores),
        inside_ratio=float((np.abs(judged.scores) <= Z_90).mean()),
        median_ratio=float(np.median(judged.ratios)),
    )


def _confidence(calibration: EtaCalibration | None) -> Confidence:
    """High where the past shows that the middle of the estimates is right."""
    if calibration is None:
        return Confidence.LOW
    good = GOOD_RATIO[0] <= calibration.median_ratio <= GOOD_RATIO[1]
    return Confidence.HIGH if good else Confidence.MEDIUM


def _evidence(place: int, rate: Rate, judged: Judged) -> Iterator[str]:
    yield (
        f"{place} are ahead; {rate.mean_per_s:.4g} per second are worked off while enough "
        f"waits (standard error {rate.error_per_s:.2g}, {rate.blocks} blocks of 5 min)."
    )
    count = len(judged.scores)
    if count < LEAST_JUDGED:
        yield f"{count} earlier estimates could be judged, and {LEAST_JUDGED} are needed to learn."
        return
    low, high = judged.z
    inside = (np.abs(judged.scores) <= Z_90).mean()
    yield (
        f"Of {count} earlier estimates {inside:.0%} came true within the range; that of this one "
        f"spans {low:.3g} to {high:.3g} standard deviations instead of {-Z_90} to {Z_90}."
    )
