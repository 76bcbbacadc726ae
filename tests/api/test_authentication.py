"""Nobody gets in who may not: every route, http and websocket."""

import re
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI, WebSocket
from starlette.types import Message, Scope

from api.authentication import OPEN_PATHS
from store.tokens import SESSION_LIFE
from tests.api.routes_of import paths_of
from tests.api.world import PREFIX, TOKEN, World

CLOSED = [
    "/metrics",
    f"{PREFIX}/load-balancing/analysis",
    f"{PREFIX}/load-balancing/optimize",
    f"{PREFIX}/openapi.json",
    f"{PREFIX}/orchestrators",
    f"{PREFIX}/orchestrators/{{orchestrator_id}}",
    f"{PREFIX}/orchestrators/{{orchestrator_id}}/capacity",
    f"{PREFIX}/orchestrators/{{orchestrator_id}}/coordination",
    f"{PREFIX}/orchestrators/{{orchestrator_id}}/coordination/issues",
    f"{PREFIX}/orchestrators/{{orchestrator_id}}/events",
    f"{PREFIX}/orchestrators/{{orchestrator_id}}/events/export",
    f"{PREFIX}/orchestrators/{{orchestrator_id}}/health",
    f"{PREFIX}/orchestrators/{{orchestrator_id}}/load-balancing",
    f"{PREFIX}/orchestrators/{{orchestrator_id}}/optimize-scheduling",
    f"{PREFIX}/orchestrators/{{orchestrator_id}}/predict-capacity",
    f"{PREFIX}/orchestrators/{{orchestrator_id}}/scheduling",
    f"{PREFIX}/orchestrators/{{orchestrator_id}}/waiting-causes",
    f"{PREFIX}/queues",
    f"{PREFIX}/queues/{{queue_id}}/analysis",
    f"{PREFIX}/queues/{{queue_id}}/metrics",
    f"{PREFIX}/queues/{{queue_id}}/optimize",
    f"{PREFIX}/queues/{{queue_id}}/waiting-causes",
    f"{PREFIX}/scorecard",
    f"{PREFIX}/stream",
    f"{PREFIX}/worker-pools",
    f"{PREFIX}/worker-pools/{{pool_id}}",
    f"{PREFIX}/worker-pools/{{pool_id}}/anomalies",
    f"{PREFIX}/worker-pools/{{pool_id}}/optimize",
    f"{PREFIX}/worker-pools/{{pool_id}}/predict-scaling-needs",
    f"{PREFIX}/worker-pools/{{pool_id}}/scaling-events",
    f"{PREFIX}/worker-pools/{{pool_id}}/what-if",
    f"{PREFIX}/worker-pools/{{pool_id}}/workers",
]
WEBSOCKET = f"{PREFIX}/ws"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def test_the_list_above_and_the_open_paths_are_all_there_is(apart: World) -> None:
    assert paths_of(apart.app) == {*CLOSED, WEBSOCKET, *OPEN_PATHS}


@pytest.mark.parametrize("method", METHODS)
async def test_every_closed_route_refuses_strangers(
    method: str, passerby: httpx.AsyncClient
) -> None:
    for path in CLOSED:
        response = await passerby.request(method, re.sub(r"\{.*?\}", str(uuid4()), path))

        assert response.status_code == 401
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["www-authenticate"] == 'Bearer realm="woa"'


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v2/x", "/metrics/x"])
async def test_paths_that_do_not_exist_refuse_strangers_too(
    path: str, passerby: httpx.AsyncClient
) -> None:
    response = await passerby.get(path)

    assert response.status_code == 401
    assert response.json()["code"] == "unauthenticated"


@pytest.mark.parametrize("path", ["/" + CLOSED[3], "/./metrics", "/API/v1", "/metrics%2f"])
async def test_paths_spelled_otherwise_reach_no_route(
    path: str, passerby: httpx.AsyncClient
) -> None:
    response = await passerby.get(f"http://localhost{path}")

    assert response.status_code in {200, 401}
    assert response.headers["content-type"] != "application/json"
    assert "woa_build_info" not in response.text


async def test_open_routes_ask_for_nothing(stranger: httpx.AsyncClient) -> None:
    answers = {path: (await stranger.get(path)).status_code for path in OPEN_PATHS}

    assert answers == {"/healthz": 200, "/readyz": 200, "/login": 401}


async def test_wrong_credentials_open_nothing(stranger: httpx.AsyncClient) -> None:
    wrong = ("Bearer wrong", "Bearer", "Bearer ", "Basic YTpi", TOKEN, f"Bearer {TOKEN}x")
    for credential in (*wrong, "Bearer \xfc"):
        headers = httpx.Headers({b"authorization": credential.encode("latin-1")})
        response = await stranger.get(f"{PREFIX}/orchestrators", headers=headers)

        assert response.status_code == 401
        assert TOKEN not in response.text


async def test_token_opens(stranger: httpx.AsyncClient) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"authorization": f"{scheme} {TOKEN}"}

        assert (await stranger.get(f"{PREFIX}/queues", headers=headers)).status_code == 200


async def test_session_cookie_opens_until_it_is_over(world: World) -> None:
    session = await new_session(world)
    async with world.client(cookie=f'junk="; woa_session={session}; other=1') as client:
        before = await client.get(f"{PREFIX}/orchestrators")
        world.clock.advance(seconds=SESSION_LIFE.total_seconds())
        after = await client.get(f"{PREFIX}/orchestrators")

    assert (before.status_code, after.status_code) == (200, 401)


async def test_a_cookie_does_not_act_for_another_site_s_page(world: World) -> None:
    session = await new_session(world)
    foreign = {"cookie": f"woa_session={session}", "origin": "http://evil.example"}
    own = {"cookie": f"woa_session={session}", "origin": "http://localhost:8650"}
    path = f"{PREFIX}/orchestrators"
    async with world.client() as client:
        answers = [await client.post(path, headers=headers) for headers in (foreign, own)]

    assert [answer.status_code for answer in answers] == [403, 405]
    assert answers[0].json()["code"] == "origin_not_allowed"


async def test_a_route_that_somebody_forgot_to_protect_cannot_be_reached(apart: World) -> None:
    async def secret() -> str:
        return "the secret"

    apart.app.add_api_route("/forgotten", secret)
    async with apart.client() as client:
        response = await client.get("/forgotten")

    assert "the secret" not in response.text


@pytest.mark.parametrize("path", [WEBSOCKET, f"{PREFIX}/other", "/ws", "/healthz", "/"])
async def test_websocket_without_a_token_is_refused(path: str, apart: World) -> None:
    app = with_websocket(apart, path)

    assert await handshake(app, path, {}) == "websocket.close"


async def test_websocket_with_a_token_is_accepted(world: World) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}

    assert await handshake(world.app, WEBSOCKET, headers) == "websocket.accept"


async def test_websocket_with_a_cookie_needs_our_own_origin(world: World) -> None:
    cookie = f"woa_session={await new_session(world)}"
    foreign = ("http://localhost:3000", "http://evil.example", "null", "")
    answers = [
        await handshake(world.app, WEBSOCKET, {"cookie": cookie, "origin": origin})
        for origin in ("http://localhost:8650", *foreign)
    ]

    assert answers == ["websocket.accept", *["websocket.close"] * len(foreign)]


async def new_session(world: World) -> str:
    code = await world.tokens.create_login_code()
    secret = await world.tokens.redeem_login_code(code.get_secret_value())
    assert secret is not None
    return secret.get_secret_value()


def with_websocket(world: World, path: str) -> FastAPI:
    app = world.make_app()

    async def accept(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    app.add_api_websocket_route(path, accept)
    return app


async def handshake(app: FastAPI, path: str, headers: dict[str, str]) -> str:
    """The first thing that the server answers to a websocket handshake."""
    given = {"host": "localhost:8650", **headers}
    scope: Scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8650),
        "subprotocols": [],
    }
    answers: list[Message] = []
    said: list[Message] = [{"type": "websocket.disconnect"}, {"type": "websocket.connect"}]

    async def receive() -> Message:
        return said.pop()

    async def send(message: Message) -> None:
        answers.append(message)

    await app(scope, receive, send)
    return str(answers[0]["type"])
