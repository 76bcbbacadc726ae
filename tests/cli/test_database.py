"""`woa db` against a database of the user's, and against the embedded one."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from store.migrate import SchemaFiles
from tests.cli.woa import Answer, woa
from tests.store.embedded_owner import open_folder, processes_below

NEWEST = SchemaFiles.shipped().newest


def db(*arguments: str, folder: Path, url: str) -> Answer:
    return woa("db", *arguments, folder=folder, env={"WOA_DATABASE_URL": url})


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """For the embedded PostgreSQL, which root runs as somebody else."""
    with open_folder() as folder:
        yield folder / "state"


def test_an_empty_database_is_brought_up_to_date_once(
    tmp_path: Path, empty_database_url: str
) -> None:
    answers = [
        db("migrate", *options, folder=tmp_path, url=empty_database_url)
        for options in (["--check"], [], [], ["--check"])
    ]

    assert [answer.code for answer in answers] == [1, 0, 0, 0]
    assert answers[0].out.startswith(f"To do: from an empty database to version {NEWEST}")
    assert f"from an empty database to version {NEWEST}" in answers[1].out
    assert answers[1].out.startswith("Done in ")
    assert answers[2].out == answers[3].out
    assert answers[2].out.startswith("Nothing to do")


def test_the_steps_that_are_missing_are_listed(tmp_path: Path, database_url: str) -> None:
    execute(database_url, f"DELETE FROM schema_migrations WHERE version = {NEWEST}")
    answer = db("migrate", "--check", folder=tmp_path, url=database_url)

    assert answer.code == 1
    assert f"from version {NEWEST - 1} to version {NEWEST}" in answer.out
    assert f"  {NEWEST:04} " in answer.out


def test_a_database_of_somebody_else_is_refused(tmp_path: Path, empty_database_url: str) -> None:
    execute(empty_database_url, "CREATE TABLE theirs (id INTEGER)")
    answer = db("migrate", folder=tmp_path, url=empty_database_url)

    assert answer.code == 1
    assert "it is not ours; nothing was changed" in answer.err


@pytest.mark.parametrize("command", ["migrate", "size"])
def test_a_server_that_is_away_is_named_without_its_password(command: str, tmp_path: Path) -> None:
    answer = db(command, folder=tmp_path, url="postgresql://woa:s3cret@127.0.0.1:1/x")

    assert answer.code == 1
    assert "WOA_DATABASE_URL" in answer.err
    assert "s3cret" not in answer.err


def test_the_size_of_each_table(tmp_path: Path, database_url: str) -> None:
    table = db("size", folder=tmp_path, url=database_url)
    document = json.loads(db("size", "-o", "json", folder=tmp_path, url=database_url).out)
    names = {line.split()[0] for line in table.out.partition("\n\n")[0].splitlines()[1:]}

    assert (table.code, table.err) == (0, "")
    assert names == {one["table"] for one in document["tables"]}
    assert "orchestrator_metrics" in names
    assert document["total_bytes"] == sum(one["total_bytes"] for one in document["tables"])
    assert (document["due"], document["next_drop"]) == ([], None)


def test_the_size_of_nothing_says_what_makes_it(tmp_path: Path, empty_database_url: str) -> None:
    answer = db("size", folder=tmp_path, url=empty_database_url)

    assert answer.code == 1
    assert "woa db migrate" in answer.err


def test_the_embedded_database_is_started_for_as_long_as_it_takes(state_dir: Path) -> None:
    missing = [
        woa("db", *command, folder=state_dir) for command in (("size",), ("migrate", "--check"))
    ]
    not_made = state_dir.exists()
    made = woa("db", "migrate", folder=state_dir)
    size = woa("db", "size", folder=state_dir)

    assert [answer.code for answer in missing] == [1, 1]
    assert all("woa db migrate" in answer.err for answer in missing)
    assert not not_made
    assert (made.code, made.out.startswith("Done in ")) == (0, True)
    assert (size.code, "orchestrator_metrics" in size.out) == (0, True)
    assert processes_below(state_dir) == []
