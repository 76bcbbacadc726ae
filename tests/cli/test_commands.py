"""The commands from outside: exit codes and clear errors."""

import json
from pathlib import Path

from agents.collector import CollectorConfig
from tests.cli.woa import config, woa


def test_a_wrong_setting_is_a_usage_error(tmp_path: Path) -> None:
    result = woa("up", folder=tmp_path, env={"WOA_API__PORT": "many"})

    assert result.code == 2
    assert "WOA_API__PORT" in result.err


def test_once_without_agents_says_how_to_configure_one(tmp_path: Path) -> None:
    result = woa("agent", "once", folder=tmp_path)

    assert result.code == 2
    assert "agents:" in result.err


def test_once_with_an_unknown_type_names_the_known_ones(tmp_path: Path) -> None:
    file = config(tmp_path, "agents: [{type: cron, instance_id: x}]")
    result = woa("agent", "once", "-c", file, folder=tmp_path)

    assert result.code == 2
    assert "temporal" in result.err


def test_once_with_a_wrong_setting_names_it(tmp_path: Path) -> None:
    file = config(tmp_path, "agents: [{type: temporal, instance_id: x, addres: y}]")
    result = woa("agent", "once", "-c", file, folder=tmp_path)

    assert result.code == 2
    assert "agents.temporal.addres" in result.err


def test_once_prints_the_outage_of_a_server_that_is_away(tmp_path: Path) -> None:
    file = config(
        tmp_path, "agents: [{type: temporal, instance_id: x, address: '127.0.0.1:1', timeout_s: 5}]"
    )
    result = woa("agent", "once", "--print", "-c", file, folder=tmp_path)
    record = json.loads(result.out.splitlines()[0])

    assert result.code == 3
    assert (record["health"]["status"], record["capacity"]) == ("critical", None)


def test_login_without_a_running_product_says_so(tmp_path: Path) -> None:
    result = woa("login", folder=tmp_path)

    assert result.code == 1
    assert "WOA_STATE_DIR" in result.err


def test_the_shared_settings_of_agents_are_described() -> None:
    missing = [n for n, field in CollectorConfig.model_fields.items() if not field.description]

    assert missing == []
