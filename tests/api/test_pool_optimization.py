"""What a stored pool could do better."""

from datetime import timedelta

import httpx
import pytest

from contracts.worker_pool import AutoScalingMetrics
from tests.api.world import PREFIX, World
from tests.records import NOON, pool_record, worker

MINUTES = 120


async def write_minutes(world: World, **fields: object) -> str:
    """Two hours of a pool of 4 workers of 10 slots, all but two of them used; its URL."""
    common: dict[str, object] = {
        "total_workers": 4,
        "resource_usage": {"total_slots": 40, "used_slots": 38},
        "scaling": AutoScalingMetrics(),
        "workers": tuple(worker(f"{number}@one-host") for number in range(4)),
    }
    records = [
        pool_record(collected_at=NOON - timedelta(minutes=MINUTES - minute), **(common | fields))
        for minute in range(MINUTES)
    ]
    await world.write(*records)
    world.clock.now = NOON
    return f"{PREFIX}/worker-pools/{records[0].pool_id}/optimize"


async def test_each_side_is_recommended_or_has_its_reason(
    world: World, client: httpx.AsyncClient
) -> None:
    answer = await client.post(await write_minutes(world), params={"time_range": "3h"})
    found = answer.json()
    sides = found["optimizations"]

    assert answer.status_code == 200
    assert found["current_efficiency"] == pytest.approx(0.95)
    assert sides["size_optimization"]["recommended"] == 5  # 3.8 workers' worth at 0.8
    assert sides["worker_placement"]["recommended"] == {"hosts": 2, "most_workers_per_host": 2}
    for name in ("resource_allocation", "scaling_policy", "health_checks"):
        assert sides[name]["recommended"] is None
        assert sides[name]["reason"]
    actions = [each["action"] for each in found["implementation_steps"]]
    assert actions == [
        "Spread the workers: hosts 2, most workers per host 2.",
        "Set the pool to 5 workers.",
    ]
    assert found["cost_impact"]["change_worker_hours_per_day"] == pytest.approx(24)


async def test_workers_that_are_not_known_have_no_sides(
    world: World, client: httpx.AsyncClient
) -> None:
    found = (await client.post(await write_minutes(world, workers=None))).json()

    for name in ("resource_allocation", "worker_placement", "health_checks"):
        assert "not known" in found["optimizations"][name]["reason"] or (
            "are known of 0 workers" in found["optimizations"][name]["reason"]
        )


async def test_what_is_asked_wrongly_is_refused(world: World, client: httpx.AsyncClient) -> None:
    url = await write_minutes(world)
    nobody = f"{PREFIX}/worker-pools/00000000-0000-0000-0000-00000000abcd/optimize"

    assert (await client.post(nobody)).status_code == 404
    for wrong in ({"time_range": "32d"}, {"delay_s": "0"}, {"pool": "x"}):
        assert (await client.post(url, params=wrong)).status_code == 422
