"""The commands from outside: help, versions, exit codes, clear errors."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agents.collector import CollectorConfig

COMMANDS = (("up",), ("agent", "once"), ("doctor",), ("login",))


def woa(
    *arguments: str, folder: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WOA_")}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env={**clean, "WOA_STATE_DIR": str(folder), **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def config(folder: Path, text: str) -> str:
    path = folder / "woa.yaml"
    path.write_text(text)
    return str(path)


def test_version(tmp_path: Path) -> None:
    result = woa("--version", folder=tmp_path)

    assert (result.returncode, result.stdout.split()[0]) == (0, "woa")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_has_an_example(command: tuple[str, ...], tmp_path: Path) -> None:
    result = woa(*command, "--help", folder=tmp_path)

    assert result.returncode == 0
    assert "Example" in result.stdout


def test_a_wrong_setting_is_a_usage_error(tmp_path: Path) -> None:
    result = woa("up", folder=tmp_path, env={"WOA_API__PORT": "many"})

    assert result.returncode == 2
    assert "WOA_API__PORT" in result.stderr


def test_once_without_agents_says_how_to_configure_one(tmp_path: Path) -> None:
    result = woa("agent", "once", folder=tmp_path)

    assert result.returncode == 2
    assert "agents:" in result.stderr


def test_once_with_an_unknown_type_names_the_known_ones(tmp_path: Path) -> None:
    file = config(tmp_path, "agents: [{type: cron, instance_id: x}]")
    result = woa("agent", "once", "-c", file, folder=tmp_path)

    assert result.returncode == 2
    assert "temporal" in result.stderr


def test_once_with_a_wrong_setting_names_it(tmp_path: Path) -> None:
    file = config(tmp_path, "agents: [{type: temporal, instance_id: x, addres: y}]")
    result = woa("agent", "once", "-c", file, folder=tmp_path)

    assert result.returncode == 2
    assert "agents.temporal.addres" in result.stderr


def test_once_prints_the_outage_of_a_server_that_is_away(tmp_path: Path) -> None:
    file = config(
        tmp_path, "agents: [{type: temporal, instance_id: x, address: '127.0.0.1:1', timeout_s: 5}]"
    )
    result = woa("agent", "once", "--print", "-c", file, folder=tmp_path)
    record = json.loads(result.stdout.splitlines()[0])

    assert result.returncode == 3
    assert (record["health"]["status"], record["capacity"]) == ("critical", None)


def test_doctor_says_what_is_there_as_json(tmp_path: Path) -> None:
    result = woa("doctor", "--json", folder=tmp_path, env={"WOA_API__PORT": "0"})
    checks = {check["name"]: check for check in json.loads(result.stdout)}

    assert result.returncode == 0
    assert checks["database"]["state"] == "ok"
    assert {"python", "packages", "settings", "state", "port", "dashboard", "demo"} <= set(checks)


def test_doctor_fails_with_the_fix(tmp_path: Path) -> None:
    url = "postgresql://woa:s3cret@127.0.0.1:1/woa?connect_timeout=2"
    result = woa("doctor", folder=tmp_path, env={"WOA_DATABASE_URL": url})

    assert result.returncode == 1
    assert "fix: check WOA_DATABASE_URL" in result.stdout
    assert "s3cret" not in result.stdout


def test_login_without_a_running_product_says_so(tmp_path: Path) -> None:
    result = woa("login", folder=tmp_path)

    assert result.returncode == 1
    assert "WOA_STATE_DIR" in result.stderr


def test_the_shared_settings_of_agents_are_described() -> None:
    missing = [n for n, field in CollectorConfig.model_fields.items() if not field.description]

    assert missing == []
