"""From the histories of a pool's workers to who behaves oddly now, and why that is said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from analytics.anomalies.baseline import LEAST_WORKERS, NEWEST_STEPS, Rung, enough_peers
from analytics.anomalies.calibration import ALARM_SCORE
from analytics.anomalies.detector import (
    FALSE_ALARMS_PER_WORKER_DAY,
    SMOOTHED_STEPS,
    TOP_METRICS,
    Detector,
    Group,
    train,
)
from analytics.anomalies.findings import (
    AnomalousMetric,
    PoolJudgement,
    UnjudgedWorker,
    WorkerAnomaly,
)
from analytics.anomalies.histories import FloatArray, Grid, IntArray, WorkerHistory, grid
from analytics.anomalies.kinds import action, kind
from analytics.anomalies.robust import smoothed
from analytics.findings import Confidence

__all__ = ["STEP", "judge_workers"]

STEP = timedelta(minutes=5)
RECENT = timedelta(hours=1)
"""Not learnt from: it is judged, and what is wrong now should not become what is usual."""

SURE_ALARMS = 10
"""Expected in what is calibrated on, from which on the calibration is sure."""

NOTABLE = 3.0
"""Usual deviations, from which on a metric is named."""

METHOD = (
    "Mean of the three largest deviations from what is expected by {rung}, in robust units "
    "(median, MAD), half of it now and half its average over an hour's steps; calibrated on the "
    "pool's own past (episodes, Pareto tail by Hill 1975) so that 0.7 is the alarm budget."
)


@dataclass(frozen=True)
class Judged:
    """A pool on its grid, and what was learnt of it. `newest[w]` is -1 where nothing is known."""

    pool: Grid
    detector: Detector
    scores: FloatArray
    newest: IntArray

    @property
    def now(self) -> dict[int, float]:
        """Scores by place, of those that are judged."""
        places = np.flatnonzero(self.newest >= 0)
        return {int(each): float(self.scores[each, self.newest[each]]) for each in places}

    @property
    def alarms(self) -> list[int]:
        """Places of the workers above 0.7, the highest score first."""
        high = {each: score for each, score in self.now.items() if score > ALARM_SCORE}
        return sorted(high, key=lambda each: (-high[each], each))


def judge_workers(
    workers: Sequence[WorkerHistory],
    *,
    budget: float = FALSE_ALARMS_PER_WORKER_DAY,
    step: timedelta = STEP,
    now: datetime | None = None,
) -> PoolJudgement:
    """See `WorkerPoolOptimizer.detect_worker_anomalies`; here with all scores, and who has none."""
    pool = grid(workers, step, now)
    everyone = sorted({each.worker_id for each in workers})
    if pool is None:
        nothing = [UnjudgedWorker(worker_id=each, reason="No value is known.") for each in everyone]
        return PoolJudgement(anomalies=(), scores={}, unjudged=tuple(nothing))
    judged = _judged(pool, budget)
    return PoolJudgement(
        anomalies=tuple(_anomalies(judged)),
        scores={pool.workers[place]: score for place, score in judged.now.items()},
        unjudged=tuple(_unjudged(judged)),
    )


def _judged(pool: Grid, budget: float) -> Judged:
    steps, recent = pool.values.shape[1], round(RECENT / pool.step)
    past = pool.steps(0, steps - recent) if steps > 2 * recent else pool
    detector = train(past, budget, peers_now=enough_peers(pool))
    scores = detector.scores(pool)
    fresh = np.isfinite(scores[:, -NEWEST_STEPS:])
    behind = np.argmax(fresh[:, ::-1], axis=1)
    newest = np.where(fresh.any(axis=1), steps - 1 - behind, -1)
    return Judged(pool, detector, scores, newest)


def _anomalies(judged: Judged) -> Iterator[WorkerAnomaly]:
    alarms = set(judged.alarms)
    found = {}
    for group in judged.detector.groups:
        mine = alarms.intersection(group.members.tolist())
        if mine:
            rest = group.baseline.differences(judged.pool)
            deviations = group.baseline.deviations(judged.pool)
            for place in mine:
                metrics = _metrics(judged, place, rest[place], deviations[place])
                found[place] = _anomaly(judged, group, place, metrics)
    for place in judged.alarms:
        yield found[place]


def _metrics(
    judged: Judged, place: int, rest: FloatArray, deviations: FloatArray
) -> tuple[AnomalousMetric, ...]:
    """At most three that stand out, and at least one."""
    at = int(judged.newest[place])
    sizes = ((deviations + smoothed(deviations[None], SMOOTHED_STEPS)[0]) / 2)[at]
    order = [int(each) for each in np.argsort(-np.abs(sizes)) if np.isfinite(sizes[each])]
    named = [each for each in order if abs(sizes[each]) >= NOTABLE][:TOP_METRICS] or order[:1]
    values = judged.pool.values[place, at]
    return tuple(
        AnomalousMetric(
            name=judged.pool.metrics[each],
            value=float(values[each]),
            expected=float(values[each] - rest[at, each]),
            deviation=float(sizes[each]),
        )
        for each in named
    )


def _anomaly(
    judged: Judged, group: Group, place: int, metrics: tuple[AnomalousMetric, ...]
) -> WorkerAnomaly:
    name = judged.pool.workers[place]
    found = kind(metrics)
    most = len(judged.now) >= LEAST_WORKERS and 2 * len(judged.alarms) > len(judged.now)
    return WorkerAnomaly(
        worker_id=name,
        anomaly_score=judged.now[place],
        anomaly_type=found,
        metrics=metrics,
        recommended_action=action(found, name, metrics[0].name, whole_pool=most),
        began_at=_began(judged, place),
        evidence=tuple(_evidence(judged, group, place, metrics)),
        confidence=_confidence(group),
        method=METHOD.format(rung=group.rung),
    )


def _began(judged: Judged, place: int) -> datetime:
    scores = judged.scores[place, : judged.newest[place] + 1]
    calm = np.flatnonzero(scores <= ALARM_SCORE)
    known = np.flatnonzero(scores > ALARM_SCORE)
    first = known[known > (calm[-1] if len(calm) else -1)][0]
    return judged.pool.start + int(first) * judged.pool.step


def _evidence(
    judged: Judged, group: Group, place: int, metrics: Sequence[AnomalousMetric]
) -> Iterator[str]:
    for each in metrics:
        way = "above" if each.deviation > 0 else "below"
        yield (
            f"{each.name} is {each.value:.4g}, expected by {group.rung}: {each.expected:.4g}; "
            f"{abs(each.deviation):.3g} usual deviations {way}."
        )
    calibration = group.calibration
    if len(calibration.peaks):
        alarm = calibration.alarm_strength
        yield (
            f"The alarm is a strength of {alarm:.3g}, which the {calibration.worker_days:.3g} "
            f"worker-days before lead to expect {calibration.budget:g} times a worker-day."
        )
    else:
        yield (
            f"The past is too short to calibrate on, so the alarm is the usual limit of "
            f"{calibration.alarm_strength:g}."
        )
    yield f"{len(judged.alarms)} of {len(judged.now)} workers that could be judged are odd now."


def _confidence(group: Group) -> Confidence:
    """High: a day profile, and a calibration that is sure."""
    expected = group.calibration.worker_days * group.calibration.budget
    if not len(group.calibration.peaks) or group.rung is Rung.PEERS:
        return Confidence.LOW
    sure = group.rung.with_profile and expected >= SURE_ALARMS
    return Confidence.HIGH if sure else Confidence.MEDIUM


def _unjudged(judged: Judged) -> Iterator[UnjudgedWorker]:
    learnt = {int(each) for group in judged.detector.groups for each in group.members}
    known = judged.pool.known
    for place, name in enumerate(judged.pool.workers):
        if judged.newest[place] >= 0:
            continue
        if not known[place, -NEWEST_STEPS:].any():
            reason = f"Nothing is known of it since {NEWEST_STEPS} steps of {judged.pool.step}."
        elif place not in learnt:
            reason = (
                f"It has less than a day of history without large gaps, and fewer than "
                f"{LEAST_WORKERS} workers are there to compare it with."
            )
        else:
            reason = "No metric of it that is known now was known well enough before."
        yield UnjudgedWorker(worker_id=name, reason=reason)
