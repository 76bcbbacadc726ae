"""Real traces by the layout of their folders: whatever files and series are there are taken.

Nothing here knows a file or a series by name; the README of each folder tells its columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyarrow import Table, parquet, types

from analytics.anomalies.histories import BoolArray
from analytics.forecasting.series import FloatArray

__all__ = [
    "MINUTE_S",
    "LabelledWorker",
    "Pool",
    "competition",
    "demand",
    "labelled_series",
    "labelled_workers",
    "pools",
    "predictability",
    "worker_loads",
]

MINUTE_S, FIVE_MINUTES_S = 60, 300
GPUS_A_NODE = 8
"""Of the cluster that the pools of `helios_pools` are parts of (Hu et al., SC 2021)."""

WORKERS = 20.0
"""Mean load of what has no workers of its own: 25 of them at a utilization of 0.8."""

EVEN_STEPS_S = (300, 600, 900, 1200, 1800, 3600)
LEAST_KNOWN_RATIO = 0.8
SMOOTH_RATIO, SEASONAL_STRENGTH = 0.05, 0.6


@dataclass(frozen=True)
class Pool:
    """A worker pool minute by minute. `jobs` run or wait."""

    name: str
    slots: FloatArray
    used_slots: FloatArray
    jobs: FloatArray
    pending_jobs: FloatArray


def pools(data: Path) -> Iterator[Pool]:
    """Each pool of `helios_pools`."""
    for path in sorted((data / "helios_pools").glob("*.parquet")):
        table = parquet.read_table(path)
        yield Pool(
            name=path.stem,
            slots=_column(table, "total_gpu_num"),
            used_slots=_column(table, "running_gpu_num"),
            jobs=_column(table, "total_job_num"),
            pending_jobs=_column(table, "pending_job_num"),
        )


@dataclass(frozen=True)
class LabelledWorker:
    """Metrics of one worker, (steps, metrics): first without labels, then with."""

    before: FloatArray
    after: FloatArray
    labels: BoolArray


def demand(data: Path, step_s: int) -> Iterator[tuple[str, FloatArray]]:
    """Load of pools, sites and data centres: means of steps of `step_s` seconds."""
    for _, name, values, own_s in _loads(data):
        yield name, _means(values, step_s // own_s)


def worker_loads(data: Path) -> Iterator[tuple[str, FloatArray]]:
    """The same by minute, in workers' worth; a value of five minutes stands for each of them.

    Workers are nodes of GPUs, and nodes; what has neither is scaled to a mean of `WORKERS`.
    """
    for folder, name, values, own_s in _loads(data):
        minutes = np.repeat(values, own_s // MINUTE_S)
        if folder == "helios_pools":
            yield name, minutes / GPUS_A_NODE
        elif folder == "philly_nodes":
            yield name, minutes
        elif minutes.mean() > 0:
            yield name, minutes * WORKERS / minutes.mean()


def predictability(before: FloatArray) -> str:
    """The class of a series of five-minute steps, told by its past alone.

    `smooth`, where persistence is off by less than 5 % of the mean after an hour; else
    `seasonal`, where the days' mean profile explains at least 60 % of the variance between the
    hours (the seasonal strength of Wang, Smith and Hyndman 2006); else `bursty`.
    """
    if np.abs(before[12:] - before[:-12]).mean() < SMOOTH_RATIO * before.mean():
        return "smooth"
    hours = before[: len(before) // 12 * 12].reshape(-1, 12).mean(axis=1)
    days = hours[: len(hours) // 24 * 24].reshape(-1, 24)
    rest = days - days.mean(axis=0)
    return "seasonal" if 1 - rest.var() / days.var() >= SEASONAL_STRENGTH else "bursty"


def _loads(data: Path) -> Iterator[tuple[str, str, FloatArray, int]]:
    """Folder, name, values, seconds a step."""
    for path in sorted((data / "helios_pools").glob("*.parquet")):
        table = parquet.read_table(path)
        used = _column(table, "running_gpu_num") + _column(table, "pending_gpu_num")
        yield "helios_pools", f"pool {path.stem}", used, MINUTE_S
    for folder, column in (("nasa_requests", "requests"), ("philly_nodes", "active")):
        for path in sorted((data / folder).glob("*.parquet")):
            values = _column(parquet.read_table(path), column)
            yield folder, f"{folder} {path.stem}", values, MINUTE_S
    for path in sorted((data / "datacenter_5min").glob("*.parquet")):
        table = parquet.read_table(path)
        for field in table.schema:
            number = types.is_floating(field.type) or types.is_integer(field.type)
            if number and "time" not in field.name:
                values = _column(table, field.name)
                yield "datacenter_5min", f"{path.stem} {field.name}", values, FIVE_MINUTES_S


def competition(data: Path) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Each series of `m4_hourly`: what is given, and what comes after it."""
    for path in sorted((data / "m4_hourly").glob("*.parquet")):
        table = parquet.read_table(path)
        ids = np.array(table.column("unique_id").to_pylist())
        train = np.array(table.column("split").to_pylist()) == "train"
        step, values = _column(table, "ds"), _column(table, "y")
        for name in dict.fromkeys(ids):
            parts = [np.flatnonzero((ids == name) & which) for which in (train, ~train)]
            given, after = (values[part[np.argsort(step[part])]] for part in parts)
            yield given, after


def labelled_workers(folder: Path) -> Iterator[LabelledWorker]:
    """Each pair of `*_train.parquet` and `*_test.parquet`; columns t, m.., label."""
    for path in sorted(folder.glob("*_test.parquet")):
        train = parquet.read_table(path.with_name(path.name.replace("_test", "_train")))
        test = parquet.read_table(path)
        names = [name for name in test.column_names if name not in ("t", "label")]
        before, after = (
            np.column_stack([_column(table, name) for name in names]) for table in (train, test)
        )
        yield LabelledWorker(before, after, _column(test, "label") > 0)


def labelled_series(folder: Path) -> Iterator[tuple[FloatArray, BoolArray, int]]:
    """Each series of `nab.parquet` on even steps, NaN in gaps; its labels; its step in s.

    The step is the shortest of `EVEN_STEPS_S` of which four in five have a value.
    """
    for path in sorted(folder.glob("*.parquet")):
        table = parquet.read_table(path)
        names = np.array(table.column("file").to_pylist())
        stamps = table.column("timestamp").to_numpy().astype("datetime64[s]").astype(np.int64)
        values, labels = _column(table, "value"), _column(table, "label")
        for name in dict.fromkeys(names):
            here = np.flatnonzero(names == name)
            for step_s in EVEN_STEPS_S:
                place = stamps[here] // step_s - stamps[here].min() // step_s
                count = np.bincount(place)
                if (count > 0).mean() >= LEAST_KNOWN_RATIO:
                    break
            sums = np.bincount(place, values[here])
            even = np.divide(sums, count, out=np.full(len(sums), np.nan), where=count > 0)
            yield even, np.bincount(place, labels[here]) > 0, step_s


def _column(table: Table, name: str) -> FloatArray:
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)


def _means(values: FloatArray, steps: int) -> FloatArray:
    """Means of whole groups of `steps` values."""
    whole = len(values) // steps * steps
    means: FloatArray = values[:whole].reshape(-1, steps).mean(axis=1)
    return means
