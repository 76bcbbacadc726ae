"""Scaling policies replayed over a stored pool."""

from datetime import timedelta

import httpx

from tests.api.world import PREFIX, World
from tests.records import NOON, pool_record

MINUTES = 120


async def write_minutes(world: World) -> str:
    """A pool of 4 workers of 10 slots, of which 16 are used in each of 120 minutes; its id."""
    records = [
        pool_record(
            collected_at=NOON - timedelta(minutes=MINUTES - minute),
            total_workers=4,
            resource_usage={"total_slots": 40, "used_slots": 16},
        )
        for minute in range(MINUTES)
    ]
    await world.write(*records)
    world.clock.now = NOON
    return str(records[0].pool_id)


async def test_policies_stand_beside_one_another(world: World, client: httpx.AsyncClient) -> None:
    pool = await write_minutes(world)
    body = {"policies": [{"kind": "keda"}, {"kind": "hpa"}], "time_range": "3h", "delay_s": 60}
    answer = await client.post(f"{PREFIX}/worker-pools/{pool}/what-if", json=body)
    found = answer.json()

    assert answer.status_code == 200
    assert [each["policy"]["kind"] for each in found["outcomes"]] == ["keda", "hpa"]
    for each in found["outcomes"]:  # 1.6 workers' worth: two are needed at 0.8
        assert each["replay"]["worker_hours"] == 4
        assert each["replay"]["under_provisioned"] == 0
    assert found["evidence"][0] == "Load: 1.6 workers' worth on average, 1.6 at most."


async def test_without_policies_the_two_of_the_house_are_asked(
    world: World, client: httpx.AsyncClient
) -> None:
    pool = await write_minutes(world)
    answer = await client.post(f"{PREFIX}/worker-pools/{pool}/what-if", json={})

    assert [each["policy"]["kind"] for each in answer.json()["outcomes"]] == ["spec", "default"]


async def test_settings_that_are_none_are_named(world: World, client: httpx.AsyncClient) -> None:
    pool = await write_minutes(world)
    url = f"{PREFIX}/worker-pools/{pool}/what-if"
    wrong = [
        ({"policies": [{"kind": "keda", "hold": 5}]}, "body.policies.0.keda.hold"),
        ({"policies": [{"kind": "magic"}]}, "body.policies.0"),
        ({"time_range": "32d"}, "query.time_range"),
    ]
    for body, place in wrong:
        answer = await client.post(url, json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == place
    for body in ({"policies": []}, {"delay_s": "300"}, {"pool": 1}):
        assert (await client.post(url, json=body)).status_code == 422


async def test_a_pool_that_is_not_there(client: httpx.AsyncClient) -> None:
    nobody = "00000000-0000-0000-0000-00000000abcd"
    answer = await client.post(f"{PREFIX}/worker-pools/{nobody}/what-if", json={})

    assert answer.status_code == 404
