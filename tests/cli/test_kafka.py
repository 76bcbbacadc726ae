"""What is told where Kafka is not set up, or nobody answers."""

from pathlib import Path

import pytest

from tests.cli.woa import config, woa

AGENTS = "agents: [{type: temporal, instance_id: orders, address: '127.0.0.1:1'}]"
NOBODY = {"WOA_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1", "WOA_KAFKA__REQUEST_TIMEOUT_S": "1"}


def test_without_servers_the_setting_is_named(tmp_path: Path) -> None:
    told = woa("kafka", "topics", folder=tmp_path)

    assert told.code == 2
    assert "WOA_KAFKA__BOOTSTRAP_SERVERS" in told.err


def test_a_cluster_that_does_not_answer_is_named(tmp_path: Path) -> None:
    told = woa("kafka", "topics", folder=tmp_path, env=NOBODY)

    assert told.code == 1
    assert "127.0.0.1:1" in told.err


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({}, "WOA_DATABASE_URL"),
        ({"WOA_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "WOA_KAFKA__BOOTSTRAP_SERVERS"),
    ],
)
def test_ingest_names_what_it_lacks(env: dict[str, str], named: str, tmp_path: Path) -> None:
    told = woa("ingest", "run", folder=tmp_path, env=env)

    assert told.code == 2
    assert named in told.err


def test_half_a_login_is_refused_before_anything_starts(tmp_path: Path) -> None:
    env = NOBODY | {"WOA_KAFKA__SECURITY_PROTOCOL": "SASL_SSL"}
    told = woa("agent", "run", "-c", config(tmp_path, AGENTS), folder=tmp_path, env=env)

    assert told.code == 2
    assert "needs username and password" in told.err


@pytest.mark.parametrize(
    ("to", "named"), [("soon", "6h"), ("2200-01-01T00:00:00Z", "future"), ("15d", "raw_days")]
)
def test_rewind_refuses_a_time_that_makes_no_sense(to: str, named: str, tmp_path: Path) -> None:
    told = woa("ingest", "rewind", "--to", to, folder=tmp_path, env=NOBODY)

    assert told.code == 2
    assert named in told.err
