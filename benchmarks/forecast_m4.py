"""How far forecasts of the M4 competition's hourly series are off, 48 hours ahead.

MASE (season 24) and sMAPE as the competition reckons them, means over all series of DIR/m4_hourly.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from analytics.forecasting.models import MODELS, TOGETHER, Learnt
from analytics.forecasting.names import ModelName, ModelNotInstalledError
from analytics.forecasting.series import FloatArray
from benchmarks.traces import competition

DEFAULT = "ensemble"
SEASON = 24


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the traces")
    parser.add_argument(
        "--models",
        default=",".join(name for name in MODELS if name != ModelName.RANDOM_FOREST),
        help="which, by comma; random_forest takes seconds a series and is asked for by name",
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures of the default model, and those of each; null where its extra is not there."""
    series = list(competition(arguments.data))
    if not series:
        raise SystemExit(f"{arguments.data} has no m4_hourly/*.parquet")
    names = dict.fromkeys([DEFAULT, *arguments.models.split(",")])
    per_model = {name: _scores(name, series) for name in names}
    default = per_model[DEFAULT] or {}
    return {"mase": default.get("mase"), "smape": default.get("smape"), "series": len(series)} | {
        "model": DEFAULT,
        "models": per_model,
    }


def _scores(model: str, series: list[tuple[FloatArray, FloatArray]]) -> dict[str, float] | None:
    mases, smapes = [], []
    begun = process_time()
    try:
        made_of_each = _forecasts(model, series)
    except ModelNotInstalledError as missing:
        print(missing)
        return None
    cpu_s = process_time() - begun
    for (given, after), made in zip(series, made_of_each, strict=True):
        error = np.abs(made - after)
        mases.append(error.mean() / np.abs(given[SEASON:] - given[:-SEASON]).mean())
        smapes.append(200 * (error / (np.abs(made) + np.abs(after))).mean())
    return {
        "mase": round(float(np.mean(mases)), 4),
        "smape": round(float(np.mean(smapes)), 3),
        "cpu_s_per_1000": round(1000 * cpu_s / len(series), 2),
    }


def _forecasts(model: str, series: list[tuple[FloatArray, FloatArray]]) -> list[FloatArray]:
    """Of each series; those of one horizon learn together what can be learnt so."""
    horizons = {len(after) for _, after in series}
    made: dict[int, FloatArray] = {}
    for horizon in horizons:
        places = [place for place, (_, after) in enumerate(series) if len(after) == horizon]
        given = [series[place][0] for place in places]
        learnt: Iterable[Learnt]
        if model in TOGETHER:
            learnt = TOGETHER[model](given, horizon, SEASON)
        else:
            learnt = (MODELS[model](values, horizon, SEASON) for values in given)
        for place, values, each in zip(places, given, learnt, strict=True):
            made[place] = each.whole.at(values, np.array([len(values)]))[0]
    return [made[place] for place in range(len(series))]
