"""Events as files."""

import csv
import io
import json
from datetime import timedelta

import httpx
import pytest

from api.routes import records
from tests.api.world import PREFIX, World
from tests.records import (
    NOON,
    ORCHESTRATOR,
    coordination_event,
    orchestrator_record,
    scheduling_decision,
)

EXPORT = f"{PREFIX}/orchestrators/{ORCHESTRATOR}/events/export"


async def write(world: World, number: int) -> list[str]:
    """Decisions a second apart; their ids, the newest first."""
    events = [
        scheduling_decision(f"run-{each}", decision_time=NOON - timedelta(seconds=each))
        for each in range(number)
    ]
    await world.write(*events)
    return [str(each.id) for each in events]


async def test_a_line_is_an_event_page_after_page(
    world: World, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "EXPORTED_AT_ONCE", 2)
    ids = await write(world, 5)
    answer = await client.get(EXPORT)
    listed = (await client.get(f"{PREFIX}/orchestrators/{ORCHESTRATOR}/events")).json()["items"]
    found = [json.loads(line) for line in answer.text.splitlines()]

    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert answer.headers["content-disposition"].endswith(f'{ORCHESTRATOR}.ndjson"')
    assert [each["id"] for each in found] == ids
    assert found == listed


async def test_csv_has_a_column_for_each_field(world: World, client: httpx.AsyncClient) -> None:
    event = coordination_event(outcome=None, participants=("=1+1", "node-2"), details={"a": [1]})
    odd = coordination_event("odd", event_type='=cmd|"x"', event_time=NOON - timedelta(seconds=1))
    await world.write(event, odd)
    answer = await client.get(EXPORT, params={"format": "csv", "kind": "coordination_event"})
    first, second = csv.DictReader(io.StringIO(answer.text))

    assert answer.headers["content-type"].startswith("text/csv")
    assert first["id"] == str(event.id)
    assert first["eventTime"] == "2026-03-14T12:00:00Z"
    assert first["outcome"] == ""
    assert json.loads(first["participants"]) == ["=1+1", "node-2"]
    assert json.loads(first["details"]) == {"a": [1]}
    assert second["eventType"] == '\'=cmd|"x"'


async def test_only_those_of_the_range(world: World, client: httpx.AsyncClient) -> None:
    ids = await write(world, 5)
    answer = await client.get(EXPORT, params={"time_range": "2s"})

    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == ids[:3]


async def test_of_nothing_there_is_an_empty_file(world: World, client: httpx.AsyncClient) -> None:
    await world.write(orchestrator_record())
    nothing = await client.get(EXPORT)
    heads = await client.get(EXPORT, params={"format": "csv"})

    assert (nothing.status_code, nothing.text) == (200, "")
    assert heads.text.startswith("kind,id,orchestratorId,")


async def test_bad_requests_are_problems(client: httpx.AsyncClient) -> None:
    for params in ({"format": "xml"}, {"time_range": "soon"}, {"kind": "x"}, {"limit": 1}):
        answer = await client.get(EXPORT, params=params)
        assert answer.status_code == 422, params
    nobody = EXPORT.replace(str(ORCHESTRATOR), "00000000-0000-0000-0000-00000000abcd")

    assert (await client.get(nobody)).status_code == 404
