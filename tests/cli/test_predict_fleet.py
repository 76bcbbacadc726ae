"""`woa predict fleet` on a database, beside what the API says of each orchestrator."""

import asyncio
import json
from datetime import timedelta
from math import cos, pi
from pathlib import Path

import pytest

from analytics.forecasting.names import ModelName
from cli.fan_out import Engine
from cli.predict_fleet import run_predict_fleet
from cli.settings import load_settings
from contracts.orchestrator import CapacityMetrics
from tests.cli.conftest import Served
from tests.cli.woa import woa
from tests.records import orchestrator_record

HOURS = 5 * 24


async def write_two(served: Served) -> None:
    """One with five days of history, one with a single record."""
    now = served.world.clock.now
    begin = now - timedelta(hours=HOURS)
    await served.world.write(
        orchestrator_record(instance_id="new", collected_at=now - timedelta(hours=1)),
        *(
            orchestrator_record(
                collected_at=begin + timedelta(hours=hour),
                capacity=CapacityMetrics(
                    used_slots=round(50 + 40 * cos(2 * pi * hour / 24)),
                    pending_workflows=0,
                    total_slots=100,
                ),
            )
            for hour in range(HOURS)
        ),
    )


async def test_each_is_forecast_as_the_api_does_it(
    served: Served,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await write_two(served)
    monkeypatch.setenv("WOA_DATABASE_URL", database_url)
    monkeypatch.setenv("WOA_STATE_DIR", str(tmp_path))
    monkeypatch.setattr("cli.predict_fleet.utc_now", served.world.clock)
    settings, engine = load_settings(None), Engine("loky", 2)
    for as_json in (True, False):
        await asyncio.to_thread(
            run_predict_fleet, settings, 24, ModelName.RIDGE, engine, as_json=as_json
        )
    printed = capsys.readouterr()
    asked = await served.woa("predict", "capacity", "orders", "--model", "ridge", "-o", "json")

    document, table = printed.out.split("\n]\n")
    new, orders = json.loads(document + "\n]")
    assert printed.err == ""
    assert orders["name"] == "temporal/eu-1/orders"
    assert orders["forecast"] == json.loads(asked.out)
    assert orders["forecast"]["backtest"]["origins"] > 0
    assert new["forecast"]["predicted_demand"] == []
    lines = table.splitlines()
    assert lines[0].split() == ["ORCHESTRATOR", "PEAK", "AT", "RECOMMENDED", "CONFIDENCE", "MODEL"]
    assert lines[1].split() == ["temporal/eu-1/new", "-", "-", "-", "-", "-"]
    assert lines[2].split()[-1] == orders["forecast"]["backtest"]["model"]
    assert lines[4] == "1 of 2 without a forecast:"
    assert lines[5].startswith("  temporal/eu-1/new: Not enough history")


def test_without_a_database_it_says_how_to_get_one(tmp_path: Path) -> None:
    answer = woa("predict", "fleet", folder=tmp_path)

    assert answer.code == 1
    assert "there is no database" in answer.err


def test_an_empty_database_has_none(database_url: str, tmp_path: Path) -> None:
    env = {"WOA_DATABASE_URL": database_url}
    answer = woa("predict", "fleet", "--jobs", "1", folder=tmp_path, env=env)

    assert (answer.code, answer.out, answer.err) == (0, "No orchestrators\n", "")
