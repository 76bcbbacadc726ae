"""`woa config show`: values, where they come from, and no secret."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from cli.redaction import HIDDEN, hidden
from tests.cli.woa import Answer, config, invoke

SECRETS = {
    "WOA_DATABASE_URL": "postgresql://woa:s3cret@db.example.com/woa?sslpassword=s3cret",
    "WOA_API__ADMIN_TOKEN": "s3cret-admin-token",
}
AGENT = """
agents:
  - type: temporal
    instance_id: orders
    api_key: s3cret-key
    metrics_urls: ["http://me:s3cret@127.0.0.1:9090/metrics"]
"""


def show(folder: Path, *arguments: str, **env: str) -> Answer:
    return invoke("config", "show", *arguments, folder=folder, env=env)


def settings(folder: Path, *arguments: str, **env: str) -> dict[str, tuple[Any, str]]:
    answer = show(folder, *arguments, "-o", "json", **env)
    return {one["name"]: (one["value"], one["origin"]) for one in json.loads(answer.out)}


def test_every_value_says_its_origin(tmp_path: Path) -> None:
    file = config(tmp_path, "api: {port: 9000, host: 127.0.0.2}\nretention: {raw_days: 3}")
    shown = settings(tmp_path, "-c", file, WOA_API__PORT="9001", WOA_LOG='{"level": "debug"}')

    assert shown["api.port"] == (9001, "environment WOA_API__PORT")
    assert shown["api.host"] == ("127.0.0.2", f"file {file}")
    assert shown["retention.raw_days"] == (3, f"file {file}")
    assert shown["log.level"] == ("debug", "environment WOA_LOG")
    assert shown["log.format"] == ("console", "default")
    assert shown["database_url"] == (None, "default")


def test_the_table_says_the_same(tmp_path: Path) -> None:
    answer = show(tmp_path, WOA_API__PORT="9001")
    (line,) = [line for line in answer.out.splitlines() if line.startswith("api.port")]

    assert answer.code == 0
    assert line.split(maxsplit=2) == ["api.port", "9001", "environment WOA_API__PORT"]


def test_no_secret_is_shown(tmp_path: Path) -> None:
    file = config(tmp_path, AGENT)
    answers = [show(tmp_path, "-c", file, *kind, **SECRETS) for kind in ((), ("-o", "json"))]
    shown = settings(tmp_path, "-c", file, **SECRETS)

    assert [answer for answer in answers if "s3cret" in answer.out + answer.err] == []
    assert shown["database_url"][0].startswith(f"postgresql://woa:{HIDDEN}@db.example.com/woa")
    assert shown["api.admin_token"] == (HIDDEN, "environment WOA_API__ADMIN_TOKEN")
    assert shown["agents.0.api_key"] == (HIDDEN, f"file {file}")
    assert shown["agents.0.metrics_urls"][0] == [f"http://me:{HIDDEN}@127.0.0.1:9090/metrics"]
    assert shown["agents.0.timeout_s"] == (10.0, "default")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("api: {prot: 9000}", "api.prot (or WOA_API__PROT): there is no such setting; "
         "did you mean api.port?"),
        ("retentoin: {raw_days: 3}", "did you mean retention?"),
        ("xyzzy: 1", "there are: agents, api, database_url"),
        ("agents: [{type: temporal, instance_id: x, addres: y}]", "did you mean address?"),
        ("agents: [{type: cron}]", "temporal"),
        ("api: {port: many}", "WOA_API__PORT"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(text: str, said: str, tmp_path: Path) -> None:
    answer = show(tmp_path, "-c", config(tmp_path, text))

    assert answer.code == 2
    assert said in answer.err


def test_a_group_that_is_no_json_is_named_without_its_value(tmp_path: Path) -> None:
    answer = show(tmp_path, WOA_API="s3cret")

    assert answer.code == 2
    assert '"api"' in answer.err
    assert "s3cret" not in answer.err


def test_a_file_that_is_no_yaml_is_named_without_its_line(tmp_path: Path) -> None:
    answer = show(tmp_path, "-c", config(tmp_path, 'log: {level: info}\nkey: "s3cret" x'))

    assert answer.code == 2
    assert "line 2" in answer.err
    assert "s3cret" not in answer.err


def test_a_misspelt_variable_is_warned_of(tmp_path: Path) -> None:
    answer = show(tmp_path, WOA_DATABSE_URL="postgresql://x", WOA_CONTEXT="production")

    assert answer.code == 0
    assert answer.err == (
        "woa: nothing reads the environment variable WOA_DATABSE_URL; "
        "did you mean WOA_DATABASE_URL?\n"
    )


class Inner(BaseModel):
    key: SecretStr = SecretStr("s3cret")
    headers: dict[str, str] = {"Authorization": "Bearer s3cret", "Accept": "text/plain"}
    places: tuple[str, ...] = ("https://u:s3c@ret@host/x", "host=db password='s3 cret' user=woa")


def test_secrets_are_hidden_wherever_they_are() -> None:
    shown = hidden({"inner": Inner(), "password": "s3cret", "port": 1, "on": True, "none": None})

    assert shown == {
        "inner": {
            "key": HIDDEN,
            "headers": {"Authorization": HIDDEN, "Accept": "text/plain"},
            "places": [f"https://u:{HIDDEN}@host/x", f"host=db password={HIDDEN} user=woa"],
        },
        "password": HIDDEN,
        "port": 1,
        "on": True,
        "none": None,
    }
