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

from contracts.live import LiveMessage
from tests.api.world import PREFIX, TOKEN, World

PATIENCE_S = 120.0


@dataclass
class Client:
    """One that reads what it is told."""

    socket: ClientConnection
    heard: int = 0

    async def say(self, **message: object) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next message, which must be of this kind, as the contract has it."""
        async with asyncio.timeout(PATIENCE_S):
            text = await self.socket.recv()
        message: dict[str, Any] = json.loads(text)
        assert message["type"] == kind, message
        LiveMessage.model_validate_json(text)
        self.heard += 1
        assert message["seq"] == self.heard
        return message

    async def closed(self) -> int:
        """Read until the server closes; its code."""
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionClosed):
                async for _ in self.socket:
                    pass
        assert self.socket.close_code is not None
        return self.socket.close_code

    async def subscribe(self, *topics: str, since: str | None = None) -> list[dict[str, Any]]:
        """Returns the acks."""
        more = {"cursor": since} if since else {}
        await self.say(action="subscribe", topics=topics, **more)
        return [await self.hear("ack") for _ in topics]

    async def unsubscribe(self, *topics: str) -> None:
        """Until it took effect."""
        await self.say(action="unsubscribe", topics=topics)
        for topic in topics:
            ack = await self.hear("ack")
            assert (ack["topic"], ack["payload"]) == (topic, {"action": "unsubscribe"})


@dataclass
class Served:
    """The address of a running server."""

    url: str
    world: World

    @asynccontextmanager
    async def client(self, token: str = TOKEN) -> AsyncIterator[Client]:
        """Connected."""
        url = f"{self.url.replace('http', 'ws')}{PREFIX}/ws"
        headers = {"Authorization": f"Bearer {token}"}
        async with connect(url, additional_headers=headers, open_timeout=PATIENCE_S) as socket:
            yield Client(socket)


@pytest.fixture
async def served(world: World) -> AsyncIterator[Served]:
    """One replica."""
    async with world.serving() as url:
        yield Served(url, world)
