"""The benchmark of scaling on traces that are made here, in the layout of the real ones."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet, table

from benchmarks import scaling
from benchmarks.traces import predictability, worker_loads

DAY = 1440


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site, a pool that is too small to count, and a data centre."""
    folder = tmp_path_factory.mktemp("traces")
    random = np.random.default_rng(1)
    _write(folder / "nasa_requests" / "any.parquet", requests=random.poisson(50, 4 * DAY))
    pool = {"running_gpu_num": np.full(DAY, 12), "pending_gpu_num": np.full(DAY, 4)}
    _write(folder / "helios_pools" / "small.parquet", **pool)
    _write(folder / "datacenter_5min" / "x.parquet", timestamp=np.arange(4), cpu=np.arange(4.0))
    return folder


def _write(path: Path, **columns: Any) -> None:
    path.parent.mkdir()
    parquet.write_table(table(columns), path)


def test_loads_are_in_workers_by_minute(data: Path) -> None:
    loads = dict(worker_loads(data))

    assert loads["pool small"].tolist() == [2.0] * DAY
    assert loads["nasa_requests any"].mean() == pytest.approx(20.0)
    assert loads["x cpu"] == pytest.approx(np.repeat([0.0, 1.0, 2.0, 3.0], 5) * 20 / 1.5)


def test_the_class_of_a_series() -> None:
    minutes = np.arange(7 * 288)
    day = 100 + 50 * np.sin(2 * np.pi * minutes / 288)
    noise = np.random.default_rng(1).exponential(100, len(minutes))

    assert [predictability(each) for each in (day / 10 + 100, day, noise)] == [
        "smooth",
        "seasonal",
        "bursty",
    ]


def test_the_figures_are_there_and_ours_are_better(data: Path) -> None:
    figures = scaling.run(Namespace(data=data))

    assert figures["traces"] == 1
    assert set(figures["by_delay"]) == {"1", "5", "10"}
    assert set(figures["by_class"]) == {"bursty"}
    keys = ("under_provisioned", "saturated", "cost_to_oracle", "changes_per_day", "accuracy")
    for each in (figures, figures["by_delay"]["5"], *figures["baselines"].values()):
        assert set(keys) <= set(each)
    for each in ("spec", "hpa", "keda"):
        assert figures["under_provisioned"] < figures["baselines"][each]["under_provisioned"] / 3


def test_a_folder_without_traces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no trace"):
        scaling.run(Namespace(data=tmp_path))
