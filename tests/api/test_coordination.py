"""Coordination as it was reported, and what its events say went wrong."""

from datetime import timedelta

import httpx

from tests.api.world import PREFIX, World
from tests.records import (
    NOON,
    ORCHESTRATOR,
    coordination_event,
    coordination_record,
    orchestrator_record,
)

URL = f"{PREFIX}/orchestrators/{ORCHESTRATOR}/coordination"


async def test_the_record_is_analyzed(world: World, client: httpx.AsyncClient) -> None:
    await world.write(orchestrator_record(), coordination_record())
    world.clock.now = NOON
    body = (await client.get(URL)).json()

    assert body["coordination"] is not None
    assert {"consensus_health", "leader_election"} <= body["analysis"].keys()
    assert body["analysis"]["evidence"]


async def test_nothing_reported_has_no_analysis(world: World, client: httpx.AsyncClient) -> None:
    await world.write(orchestrator_record())
    body = (await client.get(URL)).json()

    assert (body["coordination"], body["analysis"]) == (None, None)


async def test_two_leaders_at_once_are_an_issue(world: World, client: httpx.AsyncClient) -> None:
    events = [
        coordination_event(
            f"{member}-{kind}-{seconds}",
            event_type=kind,
            event_time=NOON + timedelta(seconds=seconds),
            participants=(member,),
            details={"election": "main"},
        )
        for member, begin, end in (("a", 0, 100), ("b", 90, 200))
        for kind, seconds in (("leader_elected", begin), ("leader_lost", end))
    ]
    await world.write(orchestrator_record(), *events)
    world.clock.now = NOON + timedelta(minutes=10)
    body = (await client.get(f"{URL}/issues")).json()
    (issue,) = body["items"]

    assert (body["events"], body["truncated"]) == (4, False)
    assert (issue["type"], issue["severity"]) == ("split_brain", "critical")
    assert issue["occurrences"][0]["participants"] == ["a", "b"]
    skewed = (await client.get(f"{URL}/issues", params={"max_clock_skew_s": 20})).json()
    assert skewed["items"] == []


async def test_what_is_asked_wrongly_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{URL}/issues")).status_code == 404
    for wrong in ({"time_range": "x"}, {"max_clock_skew_s": "-1"}, {"skew": "1"}):
        assert (await client.get(f"{URL}/issues", params=wrong)).status_code == 422
