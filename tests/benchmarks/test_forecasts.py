"""The benchmarks of forecasts on traces that are made here, in the layout of the real ones."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet, table

from benchmarks import fleet_forecast, forecast_capacity, forecast_m4
from tests.not_installed import not_installed

HOURS = 35 * 24


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of 35 days by the minute, and two series of a competition."""
    folder = tmp_path_factory.mktemp("traces")
    random, hours = np.random.default_rng(1), np.arange(HOURS)
    values = 50 + 20 * np.sin(2 * np.pi * hours / 24) + random.normal(size=HOURS)
    (folder / "nasa_requests").mkdir()
    parquet.write_table(
        table({"requests": np.repeat(values, 60)}), folder / "nasa_requests" / "any.parquet"
    )
    (folder / "m4_hourly").mkdir()
    rows = {
        "unique_id": np.repeat(["a", "b"], HOURS),
        "ds": np.tile(hours, 2),
        "y": np.concatenate([values, values[::-1]]),
        "split": np.tile(np.where(hours < HOURS - 48, "train", "test"), 2),
    }
    parquet.write_table(table(rows), folder / "m4_hourly" / "any.parquet")
    return folder


def test_the_fleets_costs_are_of_ten_thousand(data: Path) -> None:
    asked = Namespace(data=data, series=4, engine="loky", jobs=2, model="ridge")
    figures = fleet_forecast.run(asked)

    assert figures["series"] == 4
    assert figures["mean_hours"] == HOURS - 2  # 0 to 3 hours shorter, to the even number
    assert figures["predict_cpu_s"] > 0
    assert figures["refit_cpu_s"] > 0


def test_each_model_is_scored_and_one_that_is_missing_is_null(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    not_installed("lightgbm", monkeypatch)
    figures = forecast_m4.run(Namespace(data=data, models="seasonal_naive,lightgbm"))

    assert list(figures["models"]) == ["ensemble", "seasonal_naive", "lightgbm"]
    assert figures["models"]["lightgbm"] is None
    assert figures["mase"] < figures["models"]["seasonal_naive"]["mase"]


def test_the_default_and_each_model_stand_beside_the_naive(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("lightgbm", "sklearn"):
        not_installed(package, monkeypatch)
    figures = forecast_capacity.run(Namespace(data=data))

    assert figures["forecasts"] == 21  # midnights with two weeks before and a day after
    assert figures["mase"] < figures["mase_persistence"]
    missing = [name for name, found in figures["models"].items() if found is None]
    assert missing == ["lightgbm", "random_forest"]
    assert figures["models"]["ensemble"]["used"] == 1
    assert figures["models"]["ridge"]["mase"] < figures["models"]["persistence"]["mase"]
