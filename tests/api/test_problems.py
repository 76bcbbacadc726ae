"""Every error is a problem document and gives nothing away."""

import re

import httpx

from tests.api.world import PREFIX, TOKEN, World
from tests.records import orchestrator_record

FIELDS = {"type", "title", "status", "detail", "instance", "code", "requestId"}

OWNED = "WyJkYjg3N2QwMi0xZGRlLTVkYTYtYmVmNC0xMDZkOWNjYmY0ZmEiLC"
"""How the cursor of a queue or pool begins."""

BAD_PARAMETERS = {
    "orchestrators?limit=0": "query.limit",
    "orchestrators?limit=1001": "query.limit",
    "orchestrators?limit=x": "query.limit",
    "orchestrators?offset=3": "query.offset",
    "orchestrators?cursor=": "query.cursor",
    "orchestrators?cursor=!": "query.cursor",
    "orchestrators?cursor=AAAA": "query.cursor",
    "orchestrators?cursor=WyJhIl0": "query.cursor",  # a cursor of another list
    "queues?cursor=WyJub3QtYS11dWlkIiwieCJd": "query.cursor",
    f"queues?cursor={OWNED}JcdTAwMDAiXQ": "query.cursor",  # U+0000
    f"queues?cursor={OWNED}JcdWQ4MDAiXQ": "query.cursor",  # a lone surrogate
    "queues?orchestrator_id=7": "query.orchestrator_id",
    "worker-pools?orchestrator_id=": "query.orchestrator_id",
    "worker-pools/7": "path.pool_id",
    "worker-pools/7/workers": "path.pool_id",
    "orchestrators/7/health": "path.orchestrator_id",
}


def check(response: httpx.Response, status: int, code: str) -> None:
    body = response.json()

    assert response.headers["content-type"] == "application/problem+json"
    assert body.keys() - {"errors"} == FIELDS
    assert (response.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"urn:woa:problem:{code}"
    assert body["requestId"] == response.headers["x-request-id"]
    assert body["instance"] == response.request.url.path


async def test_unknown_path(client: httpx.AsyncClient) -> None:
    check(await client.get(f"{PREFIX}/nothing"), 404, "not_found")


async def test_trailing_slash_is_an_unknown_path(client: httpx.AsyncClient) -> None:
    check(await client.get(f"{PREFIX}/orchestrators/"), 404, "not_found")


async def test_wrong_method_names_the_right_one(client: httpx.AsyncClient) -> None:
    response = await client.post(f"{PREFIX}/orchestrators")

    check(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET"


async def test_bad_parameters_are_named(client: httpx.AsyncClient) -> None:
    named = {}
    for path in BAD_PARAMETERS:
        response = await client.get(f"{PREFIX}/{path}")
        check(response, 422, "invalid_parameter")
        named[path] = [error["parameter"] for error in response.json()["errors"]]

    assert named == {path: [parameter] for path, parameter in BAD_PARAMETERS.items()}


async def test_bad_time_ranges_are_answered_with_the_grammar(
    world: World, client: httpx.AsyncClient
) -> None:
    record = orchestrator_record()
    await world.write(record)
    url = f"{PREFIX}/orchestrators/{record.orchestrator_id}/capacity"
    for value in ("", "1", "h", "0h", "-1h", "1.5h", "1y", "1 h", "\u0663h", "367d", "60000w"):
        response = await client.get(url, params={"time_range": value})
        check(response, 422, "invalid_parameter")
        [error] = response.json()["errors"]

        assert error["parameter"] == "query.time_range"
        assert re.search("15m|at most 366d", error["detail"])


async def test_bad_max_points_are_named(world: World, client: httpx.AsyncClient) -> None:
    record = orchestrator_record()
    await world.write(record)
    url = f"{PREFIX}/orchestrators/{record.orchestrator_id}/scheduling"
    for value in ("0", "2001", "x"):
        check(await client.get(url, params={"max_points": value}), 422, "invalid_parameter")


async def test_a_bug_tells_the_caller_nothing_about_itself(world: World) -> None:
    async def broken() -> None:
        raise RuntimeError("password=hunter2")

    world.app.add_api_route(f"{PREFIX}/broken", broken)
    async with world.client(authorization=f"Bearer {TOKEN}") as client:
        response = await client.get(f"{PREFIX}/broken")

    check(response, 500, "internal_error")
    assert "hunter2" not in response.text
    assert "Traceback" not in response.text


async def test_missing_credential(passerby: httpx.AsyncClient) -> None:
    check(await passerby.get(f"{PREFIX}/orchestrators"), 401, "unauthenticated")


async def test_foreign_host_names(passerby: httpx.AsyncClient) -> None:
    for host in ("evil.example", "evil.example:8650", "", "localhost.evil.example"):
        for path in ("/", "/healthz", f"{PREFIX}/orchestrators"):
            response = await passerby.get(path, headers={"host": host})

            check(response, 400, "host_not_allowed")


async def test_missing_asset(passerby: httpx.AsyncClient) -> None:
    check(await passerby.get("/assets/gone.js"), 404, "not_found")


async def test_page_with_the_wrong_method(passerby: httpx.AsyncClient) -> None:
    check(await passerby.post("/"), 405, "method_not_allowed")
