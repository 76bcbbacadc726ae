"""Predictions from what is stored."""

from datetime import timedelta
from math import cos, pi

import httpx

from contracts.orchestrator import CapacityMetrics
from tests.api.world import PREFIX, World
from tests.records import NOON, orchestrator_record

HOURS = 5 * 24
HOUR = timedelta(hours=1)
BEGIN = NOON - HOURS * HOUR


def used_at(hour: int) -> int:
    """A day with its peak at noon."""
    return round(50 + 40 * cos(2 * pi * hour / 24))


async def write_days(world: World, hours: int = HOURS, **unknown: None) -> str:
    """Two records in each hour, whose mean is `used_at`; ten workflows wait. The id."""
    records = [
        orchestrator_record(
            collected_at=BEGIN + hour * HOUR + timedelta(minutes=minute),
            capacity=CapacityMetrics.model_validate(
                {"used_slots": used_at(hour) + more, "pending_workflows": 10, "total_slots": 120}
                | unknown
            ),
        )
        for hour in range(hours)
        for minute, more in ((10, -5), (50, 5))
    ]
    await world.write(*records)
    return str(records[0].orchestrator_id)


async def test_the_demand_of_the_hours_ahead_is_that_of_the_days_before(
    world: World, client: httpx.AsyncClient
) -> None:
    found = await write_days(world)
    world.clock.now = NOON + timedelta(minutes=30)
    answer = await client.post(
        f"{PREFIX}/orchestrators/{found}/predict-capacity", params={"forecast_window": 24}
    )
    body = answer.json()

    assert answer.status_code == 200
    assert body["reason"] is None
    expected = [used_at(hour) + 10 for hour in range(24)]
    assert max(abs(a - b) for a, b in zip(body["predicted_demand"], expected, strict=True)) < 1
    assert body["confidence_intervals"][0]["at"] == "2026-03-14T12:00:00Z"
    assert {each["at"] for each in body["peak_times"]} >= {"2026-03-14T12:00:00Z"}
    assert body["recommended_capacity"] >= 100
    assert body["evidence"]


async def test_a_short_history_gives_the_reason_and_no_number(
    world: World, client: httpx.AsyncClient
) -> None:
    found = await write_days(world, hours=30)
    world.clock.now = BEGIN + 30 * HOUR
    body = (await client.post(f"{PREFIX}/orchestrators/{found}/predict-capacity")).json()

    assert body["reason"].startswith("Not enough history: 30 hours")
    assert body["recommended_capacity"] is None
    assert body["predicted_demand"] == []


async def test_what_ended_long_ago_is_not_continued_as_if_it_were_now(
    world: World, client: httpx.AsyncClient
) -> None:
    found = await write_days(world)
    url = f"{PREFIX}/orchestrators/{found}/predict-capacity"
    world.clock.now = NOON + 6 * HOUR
    still = (await client.post(url)).json()
    world.clock.now = NOON + 7 * HOUR
    gone = (await client.post(url)).json()

    assert still["reason"] is None
    assert gone["predicted_demand"] == []
    assert gone["reason"].endswith("ended at 2026-03-14 12:00 UTC, more than 6 h ago.")


async def test_what_was_never_known_is_not_predicted(
    world: World, client: httpx.AsyncClient
) -> None:
    found = await write_days(world, pending_workflows=None)
    world.clock.now = NOON
    body = (await client.post(f"{PREFIX}/orchestrators/{found}/predict-capacity")).json()

    assert body["reason"] == "No hour of the history has a known demand."


async def test_a_window_out_of_reason_is_refused(world: World, client: httpx.AsyncClient) -> None:
    record = orchestrator_record()
    await world.write(record)
    url = f"{PREFIX}/orchestrators/{record.orchestrator_id}/predict-capacity"
    for window in ("0", "169", "a day"):
        answer = await client.post(url, params={"forecast_window": window})
        assert answer.status_code == 422, window
        assert answer.json()["errors"][0]["parameter"] == "query.forecast_window"


async def test_an_orchestrator_that_is_not_there(client: httpx.AsyncClient) -> None:
    nobody = "00000000-0000-0000-0000-00000000abcd"
    answer = await client.post(f"{PREFIX}/orchestrators/{nobody}/predict-capacity")

    assert answer.status_code == 404
