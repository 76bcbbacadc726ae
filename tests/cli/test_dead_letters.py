"""`woa dead-letters` on a database that holds some."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest

from agents.forwarder import message_of
from contracts.topics import Topic
from store.connection import open_pool
from store.write import DeadLetter, Writer
from tests.cli.woa import Answer, woa
from tests.records import orchestrator_record

TOPIC = Topic.ORCHESTRATOR_METRICS.value
READABLE = message_of(orchestrator_record()).value


def letter(payload: bytes, reason: str, offset: int) -> DeadLetter:
    return DeadLetter(TOPIC, 3, offset, reason, f"detail {offset}", {"woa-schema": "x"}, payload)


def bury(url: str, letters: Sequence[DeadLetter]) -> None:
    async def write() -> None:
        async with await open_pool(url, application_name="test") as pool:
            await Writer(pool).write([], letters)

    asyncio.run(write())


def count(url: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row
    return int(row[0])


@pytest.fixture
def buried(database_url: str) -> str:
    """One that can be read once its header is right, one that never can."""
    good = DeadLetter(
        TOPIC, 3, 8, "refused_by_database", "", {"woa-schema": "orchestrator-metrics/1.0"}, READABLE
    )
    bury(database_url, [letter(b'{"id": 1', "not_json", 7), good])
    return database_url


@pytest.fixture
def letters(buried: str, tmp_path: Path) -> "Letters":
    return Letters(buried, tmp_path)


class Letters:
    """The command on that database."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._folder = folder

    def __call__(self, *arguments: str) -> Answer:
        env = {"WOA_DATABASE_URL": self.url}
        return woa("dead-letters", *arguments, folder=self._folder, env=env)

    def listed(self, *arguments: str) -> list[dict[str, object]]:
        answer = self("list", "-o", "json", *arguments)
        assert answer.code == 0, answer.err
        found: list[dict[str, object]] = json.loads(answer.out)
        return found


def test_the_list_tells_place_and_reason(letters: Letters) -> None:
    table = letters("list")
    chosen = letters.listed("--reason", "not_json")

    assert [(each["topic"], each["partition"], each["offset"]) for each in chosen] == [
        (TOPIC, 3, 7)
    ]
    assert chosen[0]["payload_bytes"] == 8
    assert "not_json" in table.out
    assert "refused_by_database" in table.out
    assert "1 of 2" in letters("list", "--limit", "1").out
    assert letters("list", "--topic", "other").out == "No dead letters\n"


def test_one_is_shown_whole(letters: Letters) -> None:
    (known,) = letters.listed("--reason", "not_json")
    shown = letters("show", str(known["id"])[:8])
    payload = letters("show", str(known["id"]), "--payload")

    assert "detail 7" in shown.out
    assert "woa-schema: x" in shown.out
    assert payload.out == '{"id": 1'
    assert letters("show", "zzz").code == 1
    assert letters("show", "").code == letters("replay", "").code == 2  # fits both


def test_what_can_be_read_now_is_stored_once_and_no_letter_any_more(letters: Letters) -> None:
    tried = letters("replay", "--all", "--dry-run")
    before = count(letters.url, "dead_letters")
    replayed = letters("replay", "--all")
    again = letters("replay", "--reason", "refused_by_database")

    assert (tried.code, before) == (0, 2)
    assert (replayed.code, "Stored 1 of 2" in replayed.out) == (1, True)
    assert "still no record: unknown_schema" in replayed.out
    assert count(letters.url, "orchestrator_metrics") == 1
    assert [each["reason"] for each in letters.listed()] == ["not_json"]
    assert again.out == "Stored 0 of 0\n"


@pytest.mark.parametrize("arguments", [[], ["4f", "--all"]])
def test_which_ones_must_be_said(arguments: list[str], tmp_path: Path) -> None:
    told = woa("dead-letters", "replay", *arguments, folder=tmp_path)

    assert told.code == 2
    assert "--all" in told.err
