"""What is only followed: told from now on, none of it kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest

from agents.kube.follower import Follower
from agents.kube.informer import Kind
from agents.kube.wire import Watched
from tests.agents.http_faults import FAULTS, FaultyTransport
from tests.agents.kube.fake import FakeKube

PODS = "/api/v1/pods"


@dataclass
class Following:
    wire: FaultyTransport
    follower: Follower[Watched, str]
    told: list[str] = field(default_factory=list)

    async def heard(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)


@asynccontextmanager
async def following(server: FakeKube, fault: str = "") -> AsyncIterator[Following]:
    wire = FaultyTransport(server)
    if fault:
        wire.fail(PODS, FAULTS[fault])
    async with httpx.AsyncClient(base_url="http://kube", transport=wire, timeout=5) as http:
        told: list[str] = []
        kind = Kind("pods", PODS, Watched, lambda each: each.metadata.name)
        follower = Follower(http, kind, lambda _, after: told.append(str(after)), pause)
        task = asyncio.create_task(follower.run())
        try:
            await follower.settled.wait()
            it = Following(wire, follower, told)
            await it.heard()
            yield it
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def pause(_: float) -> None:
    await asyncio.sleep(0)


def put(server: FakeKube, name: str) -> None:
    server.put(PODS, {"metadata": {"name": name}})


async def test_it_is_told_what_comes_and_changes_and_keeps_nothing() -> None:
    server = FakeKube()
    put(server, "before")
    async with following(server) as it:
        put(server, "a")
        put(server, "a")
        put(server, "b")
        server.delete(PODS, "/b")
        await it.heard()

        assert it.told == ["a", "a", "b"]
        assert it.follower.objects == {}
        assert server.lists == 1


async def test_it_goes_on_where_it_was() -> None:
    server = FakeKube()
    async with following(server) as it:
        it.wire.fail(PODS, FAULTS["refused"])
        server.cut()
        await it.heard()
        put(server, "meanwhile")
        it.wire.heal()
        await it.heard()

        assert it.told == ["meanwhile"]


async def test_after_what_the_server_forgot_it_goes_on_from_the_newest() -> None:
    server = FakeKube()
    async with following(server) as it:
        it.wire.fail(PODS, FAULTS["refused"])
        server.cut()
        await it.heard()
        put(server, "lost")
        server.forget()
        it.wire.heal()
        await it.heard()
        put(server, "after")
        await it.heard()

        assert it.told == ["after"]
        assert it.follower.lists == 2


@pytest.mark.parametrize("fault", ["refused", "401", "403", "500", "429", "half a JSON", "HTML"])
async def test_each_failure_is_told(fault: str) -> None:
    async with following(FakeKube(), fault) as it:
        assert it.follower.failure is not None
        assert not it.follower.synced.is_set()
