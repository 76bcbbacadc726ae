"""The server inside somebody else's loop: starts, stops, refuses."""

import asyncio
import signal
import socket

import httpx
import pytest
from fastapi import FastAPI

from api.server import PortTakenError, RemoteBindRefusedError, ServerError, bind, serve
from api.settings import ApiSettings

EPHEMERAL = ApiSettings(port=0)
START_DEADLINE_S = 60


def greeting_app() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def greet() -> str:
        return "hello"

    return app


async def test_serves_until_cancelled_and_leaves_nothing_behind() -> None:
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(greeting_app(), EPHEMERAL, address.set_result))
    url = await asyncio.wait_for(address, START_DEADLINE_S)
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
    serving.cancel()
    await asyncio.wait([serving])

    assert answer.json() == "hello"
    assert "server" not in answer.headers
    assert serving.cancelled()
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(url)


async def test_an_event_says_when_it_answers() -> None:
    ready = asyncio.Event()
    with bind(EPHEMERAL) as listener:
        port = listener.getsockname()[1]
        serving = asyncio.create_task(serve(greeting_app(), EPHEMERAL, ready, listener=listener))
        await asyncio.wait_for(ready.wait(), START_DEADLINE_S)
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{port}")
        serving.cancel()
        await asyncio.wait([serving])

    assert answer.status_code == 200


async def test_signal_handlers_stay_the_process_s_own() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    ready = asyncio.Event()
    serving = asyncio.create_task(serve(greeting_app(), EPHEMERAL, ready))
    await asyncio.wait_for(ready.wait(), START_DEADLINE_S)
    during = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    serving.cancel()
    await asyncio.wait([serving])

    assert during == before


async def test_an_answer_that_has_begun_is_finished() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()
    app = FastAPI()

    @app.get("/")
    async def slow() -> str:
        entered.set()
        await leave.wait()
        return "done"

    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(app, EPHEMERAL, address.set_result))
    url = await asyncio.wait_for(address, START_DEADLINE_S)
    async with httpx.AsyncClient(timeout=START_DEADLINE_S) as client:
        asking = asyncio.create_task(client.get(url))
        await asyncio.wait_for(entered.wait(), START_DEADLINE_S)
        serving.cancel()
        leave.set()
        answer = await asking
    await asyncio.wait([serving])

    assert answer.json() == "done"


async def test_a_taken_port_names_the_port_and_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError) as caught:
            await serve(greeting_app(), ApiSettings(port=port))

    assert str(port) in str(caught.value)
    assert "WOA_API__PORT" in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
async def test_an_address_that_others_reach_needs_permission(host: str) -> None:
    with pytest.raises(RemoteBindRefusedError) as caught:
        await serve(greeting_app(), ApiSettings(host=host, port=0))

    assert "WOA_API__ALLOW_REMOTE=true" in str(caught.value)


def test_permission_can_be_given() -> None:
    with bind(ApiSettings(host="0.0.0.0", port=0, allow_remote=True)) as listener:
        assert listener.getsockname()[0] == "0.0.0.0"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_loopback_needs_none(host: str) -> None:
    with bind(ApiSettings(host=host, port=0)) as listener:
        assert listener.getsockname()[1] > 0


def test_an_address_that_is_not_ours_is_explained() -> None:
    with pytest.raises(ServerError, match="WOA_API__HOST"):
        bind(ApiSettings(host="192.0.2.1", port=0, allow_remote=True))
