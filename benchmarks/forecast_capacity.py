"""How far hourly forecasts of capacity are off, 24 hours ahead, beside both naive ones.

At every midnight that leaves two weeks of history and a day to come, each series of DIR
(helios_pools, nasa_requests, philly_nodes, datacenter_5min) is forecast as the product does it.
Intervals are kept up hour by hour over the last ten days; a series counts as covered when 85 to
95 % of what came lay inside the 90 % interval.
"""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from scipy import stats

from analytics.forecasting.intervals import Intervals
from analytics.forecasting.models import MODELS, TOGETHER, Learnt
from analytics.forecasting.outlook import NAIVE
from analytics.forecasting.rows import block_steps
from analytics.forecasting.series import FloatArray
from benchmarks.traces import demand

MODEL = "ensemble"
HOUR_S, DAY, HORIZON = 3600, 24, 24
LEAST_DAYS, COVERED_DAYS = 14, 10
COVERED = (0.85, 0.95)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the traces")
    parser.add_argument(
        "--models",
        default="ridge",
        help="which further ones, by comma; lightgbm and random_forest take minutes",
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """MASE of ours and of the naive ones, paired tests, coverage, cost."""
    series = dict(demand(arguments.data, HOUR_S))
    if not series:
        raise SystemExit(f"{arguments.data} has none of the folders of traces")
    names = dict.fromkeys((MODEL, *NAIVE, *filter(None, arguments.models.split(","))))
    origins = [_origins(values) for values in series.values()]
    asked = [
        [
            (values, *found[turn])
            for values, found in zip(series.values(), origins, strict=True)
            if turn < len(found)
        ]
        for turn in range(max(map(len, origins)))
    ]
    mase = {name: [error for each in asked for error in _errors(name, each)] for name in names}
    covered = [_coverage(values) for values in series.values()]
    ours = np.array(mase[MODEL])
    return {
        "mase": round(float(ours.mean()), 4),
        "mase_median": round(float(np.median(ours)), 4),
        "mase_persistence": round(float(np.mean(mase["persistence"])), 4),
        "mase_seasonal_naive": round(float(np.mean(mase["seasonal_naive"])), 4),
        **{f"p_vs_{name}": float(stats.wilcoxon(ours, mase[name]).pvalue) for name in NAIVE},
        "coverage_share": round(
            float(np.mean([COVERED[0] <= each <= COVERED[1] for each in covered])), 4
        ),
        "coverage_mean": round(float(np.mean(covered)), 4),
        "cpu_s_per_1000": _cpu_s_per_1000(list(series.values())),
        "series": len(series),
        "forecasts": len(ours),
        "model": MODEL,
        "models": {name: round(float(np.mean(errors)), 4) for name, errors in mase.items()},
    }


def _origins(values: FloatArray) -> list[tuple[int, float]]:
    """Midnights, counted back from the last whole day, and the scale of the history before."""
    found = []
    for origin in range(len(values) - HORIZON, LEAST_DAYS * DAY - 1, -DAY):
        history = values[:origin]
        scale = float(np.abs(history[DAY:] - history[:-DAY]).mean())
        if scale > 0:
            found.append((origin, scale))
    return found


def _errors(model: str, asked: list[tuple[FloatArray, int, float]]) -> Iterator[float]:
    """MASE of each series from its origin on; those asked at once may learn together."""
    histories = [values[:origin] for values, origin, _ in asked]
    learnt: Iterable[Learnt]
    if model in TOGETHER:
        learnt = TOGETHER[model](histories, HORIZON, DAY)
    else:
        learnt = (MODELS[model](history, HORIZON, DAY) for history in histories)
    for (values, origin, scale), each in zip(asked, learnt, strict=True):
        made = np.maximum(each.whole.at(values[:origin], np.array([origin]))[0], 0.0)
        yield float(np.abs(made - values[origin : origin + HORIZON]).mean()) / scale


def _coverage(values: FloatArray) -> float:
    """Share inside, over all steps ahead; the model learns anew each day, the bounds each hour."""
    first = len(values) - COVERED_DAYS * DAY - HORIZON
    learnt = MODELS[MODEL](values[:first], HORIZON, DAY)
    intervals = Intervals.of(_known_misses(learnt, values[:first]))
    misses = np.concatenate(
        [
            _misses(MODELS[MODEL](values[:day], HORIZON, DAY), values, np.arange(day, day + DAY))
            for day in range(first, first + COVERED_DAYS * DAY, DAY)
        ]
    )
    return float(intervals.followed(misses)[1].mean())


def _known_misses(learnt: Learnt, history: FloatArray) -> FloatArray:
    last = len(history) - HORIZON
    origins = np.arange(last - block_steps(len(history), HORIZON, DAY) + 1, last + 1)
    came: FloatArray = history[origins[:, None] + np.arange(HORIZON)]
    return came - learnt.early.at(history, origins)


def _misses(learnt: Learnt, values: FloatArray, origins: Any) -> FloatArray:
    came: FloatArray = values[origins[:, None] + np.arange(HORIZON)]
    return came - learnt.whole.at(values, origins)


def _cpu_s_per_1000(series: list[FloatArray]) -> float:
    """One refit of each series and one hour's update of its interval."""
    rounds = 5
    begun = process_time()
    for values in series * rounds:
        learnt = MODELS[MODEL](values, HORIZON, DAY)
        learnt.whole.at(values, np.array([len(values)]))
        intervals = Intervals.of(_known_misses(learnt, values))
        intervals.bounds()
        intervals.after(np.zeros(HORIZON), np.zeros(HORIZON, dtype=bool))
    return round(1000 * (process_time() - begun) / (rounds * len(series)), 2)
