"""`woa doctor`: what it finds, what it advises, and which fields a source does not give."""

import asyncio
import json
import os
from pathlib import Path

import psycopg
import pytest

from agents.collector import Batch
from cli.doctor_agents import gaps_of
from cli.running import RunningNote, noted
from contracts.orchestrator import Metadata
from tests.api.world import TOKEN
from tests.cli.conftest import Served
from tests.cli.woa import config, woa
from tests.records import orchestrator_record, pool_record

Checks = dict[str, dict[str, object]]


def doctor(folder: Path, *arguments: str, **env: str) -> tuple[int, Checks]:
    """The exit code, and the checks by name."""
    answer = woa(
        "doctor", "-o", "json", *arguments, folder=folder, env={"WOA_API__PORT": "0"} | env
    )
    return answer.code, {check["name"]: check for check in json.loads(answer.out)}


def test_everything_is_well_with_defaults(tmp_path: Path) -> None:
    code, checks = doctor(tmp_path)

    assert code == 0
    assert {"python", "packages", "settings", "state", "port", "dashboard", "demo"} <= set(checks)
    assert checks["database"]["state"] == "ok"
    assert (checks["agents"]["state"], checks["agents"]["gaps"]) == ("warn", None)


def test_json_has_two_spellings(tmp_path: Path) -> None:
    answer = woa("doctor", "--json", folder=tmp_path, env={"WOA_API__PORT": "0"})

    assert {check["name"] for check in json.loads(answer.out)} == set(doctor(tmp_path)[1])


def test_a_broken_database_fails_with_the_fix(tmp_path: Path) -> None:
    url = "postgresql://woa:s3cret@127.0.0.1:1/woa?connect_timeout=2"
    answer = woa("doctor", folder=tmp_path, env={"WOA_DATABASE_URL": url})

    assert answer.code == 1
    assert "fix: check WOA_DATABASE_URL" in answer.out
    assert "s3cret" not in answer.out


def test_a_good_database_is_looked_at_and_not_changed(
    tmp_path: Path, empty_database_url: str
) -> None:
    code, checks = doctor(tmp_path, WOA_DATABASE_URL=empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        left = tables.fetchone()

    assert code == 0
    assert (checks["database"]["state"], checks["clock"]["state"]) == ("ok", "ok")
    assert checks["schema"]["state"] == "warn"
    assert "woa db migrate" in str(checks["schema"]["fix"])
    assert left == (0,)


def test_a_database_of_somebody_else_fails(tmp_path: Path, empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    code, checks = doctor(tmp_path, WOA_DATABASE_URL=empty_database_url)

    assert (code, checks["schema"]["state"]) == (1, "fail")


def test_a_wrong_setting_fails_with_its_name(tmp_path: Path) -> None:
    code, checks = doctor(tmp_path, "-c", config(tmp_path, "api: {prot: 1}"))

    assert (code, checks["settings"]["state"]) == (1, "fail")
    assert "api.port" in str(checks["settings"]["found"])


@pytest.mark.parametrize(
    ("agent", "said", "fix"),
    [
        ("address: '127.0.0.1:1', timeout_s: 5", "127.0.0.1:1", "its address"),
        ("addres: y", "did you mean address?", "correct the setting"),
    ],
)
def test_an_agent_that_cannot_read_fails(agent: str, said: str, fix: str, tmp_path: Path) -> None:
    file = config(tmp_path, f"agents: [{{type: temporal, instance_id: x, {agent}}}]")
    code, checks = doctor(tmp_path, "-c", file)

    assert (code, checks["agent"]["state"], checks["agent"]["gaps"]) == (1, "fail", None)
    assert said in str(checks["agent"]["found"])
    assert fix in str(checks["agent"]["fix"])


async def asked(served: Served, token: str) -> Checks:
    env = {"WOA_URL": served.url, "WOA_TOKEN": token}
    return (await asyncio.to_thread(doctor, served.folder, **env))[1]


async def test_the_server_that_get_asks_is_asked(served: Served) -> None:
    await served.world.write(orchestrator_record(collected_at=served.world.clock.now))
    good = await asked(served, TOKEN)
    bad = await asked(served, "woa_pat_wrong")

    assert good["server"]["state"] == "ok"
    assert "1 orchestrators are known" in str(good["server"]["found"])
    assert (bad["server"]["state"], "WOA_TOKEN" in str(bad["server"]["found"])) == ("warn", True)


def test_a_port_that_our_own_product_has_is_well(tmp_path: Path, database_url: str) -> None:
    note = RunningNote(os.getpid(), "http://127.0.0.1:1", database_url, "token")
    with noted(tmp_path, note):
        _, checks = doctor(tmp_path)

    assert checks["port"]["state"] == "ok"
    assert str(os.getpid()) in str(checks["port"]["found"])
    assert checks["schema"]["state"] == "ok"
    assert checks["server"]["state"] == "warn"


def test_gaps_are_grouped_by_reason_over_all_records() -> None:
    def metadata(**unavailable: str) -> Metadata:
        return Metadata(unavailable={f"/{name}": reason for name, reason in unavailable.items()})

    batch = Batch(
        orchestrator_record(metadata=metadata(b="no metrics", a="no metrics", c="not told")),
        pools=(
            pool_record(pool_name="x", metadata=metadata(d="no metrics")),
            pool_record(pool_name="y", metadata=metadata(d="no metrics")),
        ),
    )

    assert [(gap.reason, gap.fields) for gap in gaps_of(batch)] == [
        ("no metrics", ("/a", "/b", "worker pool /d")),
        ("not told", ("/c",)),
    ]
