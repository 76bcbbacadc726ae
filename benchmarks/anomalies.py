"""How well anomalies of workers are told from the rest, beside an isolation forest.

Each set of DIR is judged point by point on labels that no method saw, never point-adjusted.
asd_servers: one pool of servers, learnt from its `train` part; smd: each machine by itself; nab:
each series by itself, learnt anew each day from all before it; gaps and the first 15 % (probation)
are not judged.

`ap` is average precision over the points of all workers. `vus_pr` is aeon's range_pr_vus_score
over the same points, buffers from 0 to 48 steps. `recall_at_1` and `recall_at_02`
are the share of labelled events in which an alarm lies, at the lowest common threshold down to
which none gave more than 1 or 0.2 false alarms a worker-day; a false alarm is a run of points
above it, gaps of up to an hour bridged, that touches no event. `at_07` is what the product's own
threshold gives, without a look at the labels. `ap_by_past` is for less to learn from.

The isolation forest (scikit-learn, 100 trees) has the same data, one forest a worker; given is the
better of its scores as they are and smoothed as ours. Needs `pip install aeon==1.6.0
scikit-learn==1.9.1`; without, their figures are null.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from analytics.anomalies.calibration import ALARM_SCORE
from analytics.anomalies.detector import SMOOTHED_STEPS, train
from analytics.anomalies.histories import BoolArray, FloatArray, Grid
from analytics.anomalies.robust import smoothed
from benchmarks.traces import LabelledWorker, labelled_series, labelled_workers

INSTALL = "pip install aeon==1.6.0 scikit-learn==1.9.1"
ASD_STEP_S, SMD_STEP_S = 300, 60
HOUR_S, DAY_S = 3600, 86_400
BUFFER_STEPS = 48
PROBATION_RATIO = 0.15
SHORT_PASTS_S = {"12 h": 12 * HOUR_S, "3 d": 3 * DAY_S}
START = datetime(2020, 1, 1, tzinfo=UTC)
SEED = 0


@dataclass(frozen=True)
class Scored:
    """One worker's labelled points, and the scores of ours and of the forest."""

    step_s: int
    labels: BoolArray
    ours: FloatArray
    forest: FloatArray | None


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the traces")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures of each set that is there."""
    if not (find_spec("aeon") and find_spec("sklearn")):
        print(
            f"VUS-PR and the isolation forest are left out; they need: {INSTALL}", file=sys.stderr
        )
    pool = list(labelled_workers(arguments.data / "asd_servers"))
    machines = list(labelled_workers(arguments.data / "smd"))
    series = list(labelled_series(arguments.data / "nab"))
    if not (pool or machines or series):
        raise SystemExit(f"{arguments.data} has none of the folders of traces")
    begun = process_time()
    sets: dict[str, dict[str, Any]] = {}
    if pool:
        sets["asd"] = _figures(_pool(pool, ASD_STEP_S)) | {
            "ap_by_past": {
                name: _short_past(pool, past_s // ASD_STEP_S)
                for name, past_s in SHORT_PASTS_S.items()
            }
        }
    if machines:
        alone = [one for machine in machines for one in _pool([machine], SMD_STEP_S)]
        sets["smd"] = _figures(alone)
    if series:
        sets["nab"] = _figures([_stream(*each) for each in series])
    flat = {f"{name}.{key}": value for name, each in sets.items() for key, value in each.items()}
    return flat | {"cpu_s": round(process_time() - begun, 1)} | sets


def _grid(values: FloatArray, step_s: int, first: int = 0) -> Grid:
    """`values` is (workers, steps, metrics)."""
    step = timedelta(seconds=step_s)
    workers, _, metrics = (tuple(map(str, range(each))) for each in values.shape)
    return Grid(START + first * step, step, workers, metrics, values)


def _pool(workers: Sequence[LabelledWorker], step_s: int) -> list[Scored]:
    return [
        Scored(step_s, each.labels, ours, _forest(each.before, each.after))
        for each, ours in zip(workers, _ours(workers, step_s), strict=True)
    ]


def _ours(workers: Sequence[LabelledWorker], step_s: int) -> FloatArray:
    """Scores, (workers, steps); of what cannot be judged, 0."""
    before = np.stack([each.before for each in workers])
    after = np.stack([each.after for each in workers])
    scores = train(_grid(before, step_s)).scores(_grid(after, step_s, before.shape[1]))
    return np.nan_to_num(scores)


def _short_past(workers: Sequence[LabelledWorker], steps: int) -> float:
    ours = _ours([replace(each, before=each.before[-steps:]) for each in workers], ASD_STEP_S)
    labels = np.concatenate([each.labels for each in workers])
    return round(average_precision(labels, ours.ravel()), 4)


def _stream(values: FloatArray, labels: BoolArray, step_s: int) -> Scored:
    """Days one by one, each judged by all before it."""
    day = DAY_S // step_s
    ours, forest = np.zeros(len(values)), np.zeros(len(values))
    whole = _grid(values[None, :, None], step_s)
    for begin in range(day, len(values), day):
        end = min(begin + day, len(values))
        # what goes before is judged too, so that the average of late is that of the stream
        late = max(0, begin - day)
        scores = train(whole.steps(0, begin)).scores(whole.steps(late, end))[0]
        ours[begin:end] = np.nan_to_num(scores)[begin - late :]
        # a forest takes no gaps: the last value before stands in for them
        full = _without_gaps(values[:end])[:, None]
        made = _forest(full[:begin], full[begin:])
        if made is not None:
            forest[begin:end] = made
    judged = np.flatnonzero(np.isfinite(values))
    judged = judged[judged >= PROBATION_RATIO * len(values)]
    beside = forest[judged] if find_spec("sklearn") else None
    return Scored(step_s, labels[judged], ours[judged], beside)


def _without_gaps(values: FloatArray) -> FloatArray:
    known = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), 0))
    return values[known]


def _forest(before: FloatArray, after: FloatArray) -> FloatArray | None:
    if not find_spec("sklearn"):
        return None
    model = import_module("sklearn.ensemble").IsolationForest(n_estimators=100, random_state=SEED)
    scores: FloatArray = -model.fit(before).score_samples(after)
    return scores


def _figures(scored: Sequence[Scored]) -> dict[str, Any]:
    labels = np.concatenate([each.labels for each in scored])
    scores = [each.ours for each in scored]
    flat = np.concatenate(scores)
    ours = _vus_pr(labels, flat)
    found: dict[str, Any] = {
        "ap": average_precision(labels, flat),
        "vus_pr": ours,
        "vus_pr_ratio_to_iforest": None,
        "recall_at_1": recall(scored, scores, 1.0),
        "recall_at_02": recall(scored, scores, 0.2),
        "recall_at_07": _hit(scored, scores, ALARM_SCORE),
        "false_alarms_at_07": false_alarms(scored, scores, ALARM_SCORE),
    }
    for each, value in _beside(scored, labels).items():
        found[f"iforest.{each}"] = value
    if ours is not None and found.get("iforest.vus_pr"):
        found["vus_pr_ratio_to_iforest"] = ours / found["iforest.vus_pr"]
    found |= {
        "prevalence": float(labels.mean()),
        "events": sum(len(_events(each.labels)) for each in scored),
        "worker_days": _worker_days(scored),
        "vus_pr_buffer_steps": BUFFER_STEPS,
    }
    return {
        key: round(value, 4) if isinstance(value, float) else value for key, value in found.items()
    }


def _beside(scored: Sequence[Scored], labels: BoolArray) -> dict[str, float | None]:
    """The forest's figures, each as it is or smoothed, whichever is better."""
    plain = [each.forest for each in scored if each.forest is not None]
    if len(plain) < len(scored):
        return {}
    best: dict[str, float | None] = {}
    for scores in (plain, [smoothed(each[None], SMOOTHED_STEPS)[0] for each in plain]):
        flat = np.concatenate(scores)
        for key, value in (
            ("ap", average_precision(labels, flat)),
            ("vus_pr", _vus_pr(labels, flat)),
            ("recall_at_1", recall(scored, scores, 1.0)),
            ("recall_at_02", recall(scored, scores, 0.2)),
        ):
            if value is not None:
                best[key] = max(value, best.get(key) or 0.0)
    return best


def average_precision(labels: BoolArray, scores: FloatArray) -> float:
    """Sum of precision * gain of recall over the thresholds, from the highest (no interpolation).

    Points of one score are taken together, as scikit-learn's `average_precision_score` does.
    """
    order = np.argsort(-scores, kind="stable")
    hits, last = np.cumsum(labels[order]), np.append(np.diff(scores[order]) != 0, True)
    hits, taken = hits[last], np.flatnonzero(last) + 1
    return float((np.diff(hits, prepend=0) * hits / taken).sum() / max(hits[-1], 1))


def _vus_pr(labels: BoolArray, scores: FloatArray) -> float | None:
    if not find_spec("aeon"):
        return None
    scorer = import_module("aeon.benchmarking.metrics.anomaly_detection").range_pr_vus_score
    return float(scorer(labels.astype(np.int64), scores, max_buffer_size=BUFFER_STEPS))


def _events(labels: BoolArray) -> list[tuple[int, int]]:
    edges = np.diff(np.concatenate([[0], labels.astype(np.int64), [0]]))
    return list(zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True))


def _worker_days(scored: Sequence[Scored]) -> float:
    return sum(len(each.labels) * each.step_s / DAY_S for each in scored)


def _alarms(scores: FloatArray, threshold: float, gap_steps: int) -> Iterator[Any]:
    above = np.flatnonzero(scores > threshold)
    if len(above):
        yield from np.split(above, np.flatnonzero(np.diff(above) > gap_steps) + 1)


def false_alarms(scored: Sequence[Scored], scores: Sequence[FloatArray], threshold: float) -> float:
    """A worker-day."""
    count = sum(
        not each.labels[alarm].any()
        for each, values in zip(scored, scores, strict=True)
        for alarm in _alarms(values, threshold, HOUR_S // each.step_s)
    )
    return count / _worker_days(scored)


def _hit(scored: Sequence[Scored], scores: Sequence[FloatArray], threshold: float) -> float | None:
    found = [
        bool((values[begin:end] > threshold).any())
        for each, values in zip(scored, scores, strict=True)
        for begin, end in _events(each.labels)
    ]
    return float(np.mean(found)) if found else None


def recall(scored: Sequence[Scored], scores: Sequence[FloatArray], budget: float) -> float | None:
    """Thresholds go down through the scores' quantiles until the budget is exceeded."""
    ordered = np.sort(np.concatenate(scores))[::-1]
    best = _hit(scored, scores, float(ordered[0]))
    for place in np.unique(np.geomspace(1, len(ordered) // 3, 300).astype(int)):
        threshold = float(ordered[place])
        if false_alarms(scored, scores, threshold) > budget:
            break
        best = _hit(scored, scores, threshold)
    return best
