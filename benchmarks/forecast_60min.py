"""How far forecasts of the next 60 minutes are off, in steps of 5, against persistence.

Each series of DIR (helios_pools, nasa_requests, philly_nodes, datacenter_5min) is forecast every
35 minutes of its last seven days, as the product does it: what does not beat the naive is not
used. It learns anew each day from at most three weeks. The class of a series, smooth, seasonal or
bursty, is told by what came before those days alone.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from analytics.forecasting.models import MODELS
from analytics.forecasting.outlook import outlook
from analytics.forecasting.series import FloatArray
from benchmarks.traces import demand, predictability

MODEL = "ensemble"
STEP_S, HORIZON, DAY = 300, 12, 288
DAYS, LEARNT_DAYS, EVERY = 7, 21, 7


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the traces")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The worst series, and the mean of each class."""
    ratios: dict[str, float] = {}
    classes: dict[str, list[float]] = {}
    for name, values in demand(arguments.data, STEP_S):
        ratios[name] = _ratio(values)
        classes.setdefault(predictability(values[: _first(values)]), []).append(ratios[name])
    if not ratios:
        raise SystemExit(f"{arguments.data} has none of the folders of traces")
    means = {kind: round(float(np.mean(each)), 4) for kind, each in sorted(classes.items())}
    return {
        "mae_ratio_max": round(max(ratios.values()), 4),
        "mae_ratio_seasonal": means.get("seasonal"),
        "by_class": means,
        "series_by_class": {kind: len(each) for kind, each in sorted(classes.items())},
        "by_series": {name: round(ratio, 4) for name, ratio in ratios.items()},
    }


def _ratio(values: FloatArray) -> float:
    """Mean absolute error / that of persistence."""
    ours, still = [], []
    first = _first(values)
    for day in range(first, first + DAYS * DAY, DAY):
        begin = max(0, day - LEARNT_DAYS * DAY)
        known, origins = values[begin:], np.arange(day, day + DAY, EVERY) - begin
        history = values[begin:day]
        found = outlook(history, HORIZON, DAY, MODEL)
        used = "persistence" if found is None else found.used
        came = known[origins[:, None] + np.arange(HORIZON)]
        made = MODELS[used](history, HORIZON, DAY).whole.at(known, origins)
        ours.append(np.abs(np.maximum(made, 0.0) - came).mean())
        still.append(np.abs(known[origins - 1][:, None] - came).mean())
    return float(np.mean(ours) / np.mean(still)) if np.mean(still) else 1.0


def _first(values: FloatArray) -> int:
    """The first step of the days that are judged."""
    return len(values) - DAYS * DAY - HORIZON
