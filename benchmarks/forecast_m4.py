"""How far forecasts of the M4 competition's hourly series are off, 48 hours ahead.

MASE (season 24) and sMAPE as the competition reckons them, means over all series of DIR/m4_hourly.
"""

import argparse
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from analytics.forecasting.models import MODELS
from analytics.forecasting.series import FloatArray
from benchmarks.traces import competition

DEFAULT = "ensemble"
SEASON = 24


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the traces")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures of the default model, and those of each."""
    series = list(competition(arguments.data))
    if not series:
        raise SystemExit(f"{arguments.data} has no m4_hourly/*.parquet")
    per_model = {name: _scores(name, series) for name in MODELS}
    default = per_model[DEFAULT]
    return {"mase": default["mase"], "smape": default["smape"], "series": len(series)} | {
        "model": DEFAULT,
        "models": per_model,
    }


def _scores(model: str, series: list[tuple[FloatArray, FloatArray]]) -> dict[str, float]:
    mases, smapes = [], []
    begun = process_time()
    for given, after in series:
        learnt = MODELS[model](given, len(after), SEASON).whole
        made = learnt.at(given, np.array([len(given)]))[0]
        error = np.abs(made - after)
        mases.append(error.mean() / np.abs(given[SEASON:] - given[:-SEASON]).mean())
        smapes.append(200 * (error / (np.abs(made) + np.abs(after))).mean())
    return {
        "mase": round(float(np.mean(mases)), 4),
        "smape": round(float(np.mean(smapes)), 3),
        "cpu_s_per_1000": round(1000 * (process_time() - begun) / len(series), 2),
    }
