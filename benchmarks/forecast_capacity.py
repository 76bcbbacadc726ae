"""How far hourly forecasts of capacity are off, 24 hours ahead, beside both naive ones.

At every midnight that leaves two weeks of history and a day to come, each series of DIR
(helios_pools, nasa_requests, philly_nodes, datacenter_5min) is forecast as the product does it.
Intervals are kept up hour by hour over the last ten days; a series counts as covered when 85 to
95 % of what came lay inside the 90 % interval. `models`: how each model does where the product
judges it, on the last origins of each series (a week of them), and on how many it is used.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from scipy import stats

from analytics.forecasting.fleet import learn_chunk
from analytics.forecasting.intervals import Intervals
from analytics.forecasting.models import MODELS, Learnt
from analytics.forecasting.names import ModelNotInstalledError
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


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """MASE of ours and of the naive ones, paired tests, coverage, cost."""
    series = dict(demand(arguments.data, HOUR_S))
    if not series:
        raise SystemExit(f"{arguments.data} has none of the folders of traces")
    mase: dict[str, list[float]] = {name: [] for name in (MODEL, *NAIVE)}
    for values in series.values():
        for origin, scale in _origins(values):
            for name, all_of_it in mase.items():
                all_of_it.append(_error(name, values, origin) / scale)
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
        "models": {str(name): _judged(name, list(series.values())) for name in MODELS},
    }


def _judged(model: str, series: list[FloatArray]) -> dict[str, float] | None:
    """Mean MASE of each series' last block, and how many series' model it is."""
    try:
        found = [each for each in learn_chunk(series, HORIZON, DAY, model) if each is not None]
    except ModelNotInstalledError as missing:
        print(missing)
        return None
    errors = [each.errors[model] / each.scale for each in found if each.scale is not None]
    used = sum(each.used == model for each in found)
    return {"mase": round(float(np.mean(errors)), 4), "used": used}


def _origins(values: FloatArray) -> Iterator[tuple[int, float]]:
    """Midnights, counted back from the last whole day, and the scale of the history before."""
    for origin in range(len(values) - HORIZON, LEAST_DAYS * DAY - 1, -DAY):
        history = values[:origin]
        scale = float(np.abs(history[DAY:] - history[:-DAY]).mean())
        if scale > 0:
            yield origin, scale


def _error(model: str, values: FloatArray, origin: int) -> float:
    learnt = MODELS[model](values[:origin], HORIZON, DAY).whole
    made = np.maximum(learnt.at(values[:origin], np.array([origin]))[0], 0.0)
    return float(np.abs(made - values[origin : origin + HORIZON]).mean())


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
