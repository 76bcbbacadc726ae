"""A served application, and clients of its live updates."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.api.world import PREFIX, TOKEN, World

PATIENCE_S = 120.0


@dataclass
class Client:
    """One that reads what it is told."""

    socket: ClientConnection

    async def say(self, **message: object) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self, *types: str) -> dict[str, Any]:
        """The next message, which must be one of these types."""
        async with asyncio.timeout(PATIENCE_S):
            message: dict[str, Any] = json.loads(await self.socket.recv())
        assert message["type"] in types, message
        return message

    async def closed(self) -> int:
        """Read until the server closes; its code."""
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionClosed):
                async for _ in self.socket:
                    pass
        assert self.socket.close_code is not None
        return self.socket.close_code

    async def subscribe(self, *topics: str, since: str | None = None) -> dict[str, Any]:
        """Returns the ack."""
        more = {"since": dict.fromkeys(topics, since)} if since else {}
        await self.say(op="subscribe", id=1, topics=topics, **more)
        return await self.hear("ack")


@dataclass
class Served:
    """The address of a running server."""

    url: str
    world: World

    @asynccontextmanager
    async def client(self, token: str = TOKEN) -> AsyncIterator[Client]:
        """Connected and greeted."""
        url = f"{self.url.replace('http', 'ws')}{PREFIX}/ws"
        headers = {"Authorization": f"Bearer {token}"}
        async with connect(url, additional_headers=headers, open_timeout=PATIENCE_S) as socket:
            client = Client(socket)
            hello = await client.hear("hello")
            assert (hello["v"], hello["user"]) == (1, "admin")
            yield client


@pytest.fixture
async def served(world: World) -> AsyncIterator[Served]:
    """One replica."""
    async with world.serving() as url:
        yield Served(url, world)
