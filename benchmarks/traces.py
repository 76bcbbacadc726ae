"""Real traces by the layout of their folders: whatever files and series are there are taken.

Nothing here knows a file or a series by name; the README of each folder tells its columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyarrow import Table, parquet, types

from analytics.forecasting.series import FloatArray

__all__ = ["Pool", "competition", "demand", "pools"]

MINUTE_S, FIVE_MINUTES_S = 60, 300


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


def demand(data: Path, step_s: int) -> Iterator[tuple[str, FloatArray]]:
    """Load of pools, sites and data centres: means of steps of `step_s` seconds."""
    for path in sorted((data / "helios_pools").glob("*.parquet")):
        table = parquet.read_table(path)
        used = _column(table, "running_gpu_num") + _column(table, "pending_gpu_num")
        yield f"pool {path.stem}", _means(used, step_s // MINUTE_S)
    for folder, column in (("nasa_requests", "requests"), ("philly_nodes", "active")):
        for path in sorted((data / folder).glob("*.parquet")):
            values = _column(parquet.read_table(path), column)
            yield f"{folder} {path.stem}", _means(values, step_s // MINUTE_S)
    for path in sorted((data / "datacenter_5min").glob("*.parquet")):
        table = parquet.read_table(path)
        for field in table.schema:
            number = types.is_floating(field.type) or types.is_integer(field.type)
            if number and "time" not in field.name:
                values = _column(table, field.name)
                yield f"{path.stem} {field.name}", _means(values, step_s // FIVE_MINUTES_S)


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


def _column(table: Table, name: str) -> FloatArray:
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)


def _means(values: FloatArray, steps: int) -> FloatArray:
    """Means of whole groups of `steps` values."""
    whole = len(values) // steps * steps
    means: FloatArray = values[:whole].reshape(-1, steps).mean(axis=1)
    return means
