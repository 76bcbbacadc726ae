"""The scorecard of what is stored."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from contracts.orchestrator import CapacityMetrics
from tests.api.world import PREFIX, World
from tests.records import (
    NOON,
    load_balancing_record,
    orchestrator_record,
    outage_record,
    pool_record,
)

URL = f"{PREFIX}/scorecard"


def metrics(item: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in item["scorecard"]["metrics"]}


async def test_metrics_are_of_what_was_recorded(world: World, client: httpx.AsyncClient) -> None:
    minutes = [NOON - timedelta(minutes=each) for each in range(1, 9)]
    good = [
        orchestrator_record(
            collected_at=at, capacity=CapacityMetrics(capacity_utilization=0.5 + 0.1 * number)
        )
        for number, at in enumerate(minutes[:4])
    ]
    down = [outage_record(collected_at=at) for at in minutes[4:]]
    await world.write(*good, *down, pool_record(collected_at=minutes[0]), load_balancing_record())
    world.clock.now = NOON
    body = (await client.get(URL)).json()
    (item,) = body["items"]
    told = metrics(item)

    assert body["since"] == "2026-03-07T12:00:00Z"
    assert (told["uptime_ratio"]["value"], told["uptime_ratio"]["met"]) == (0.5, False)
    assert told["uptime_ratio"]["samples"] == 8
    assert told["capacity_utilization_ratio"]["value"] == pytest.approx(0.65)
    assert told["worker_utilization_ratio"]["value"] == pytest.approx(0.47)
    assert told["load_variation_ratio"]["value"] == pytest.approx(0.881)
    assert told["scaling_accuracy_ratio"]["value"] is None
    assert told["scaling_accuracy_ratio"]["reason"]
    assert body["together"] == item["scorecard"]


async def test_what_is_older_does_not_count(world: World, client: httpx.AsyncClient) -> None:
    await world.write(orchestrator_record(collected_at=NOON - timedelta(days=2)))
    world.clock.now = NOON
    (item,) = (await client.get(URL, params={"time_range": "1d"})).json()["items"]

    assert item["scorecard"]["known"] == 0
    assert metrics(item)["health_score"]["reason"]


async def test_a_range_out_of_reason_is_refused(client: httpx.AsyncClient) -> None:
    for wrong in ("32d", "a week"):
        answer = await client.get(URL, params={"time_range": wrong})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == "query.time_range"


async def test_without_orchestrators_there_is_nothing(client: httpx.AsyncClient) -> None:
    body = (await client.get(URL)).json()

    assert body["items"] == []
    assert body["together"]["known"] == 0
