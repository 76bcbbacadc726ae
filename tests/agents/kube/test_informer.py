import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from agents.kube.informer import Informer, Kind
from agents.kube.wire import Watched
from tests.agents.http_faults import FAULTS, FaultyTransport
from tests.agents.kube.fake import FakeKube

PODS = "/api/v1/pods"


@dataclass
class Following:
    """An informer that runs, and what it told."""

    server: FakeKube
    wire: FaultyTransport
    informer: Informer[Watched, str]
    told: list[tuple[str | None, str | None]] = field(default_factory=list)
    paused_s: list[float] = field(default_factory=list)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0)

    def names(self) -> set[str]:
        return set(self.informer.objects)


@asynccontextmanager
async def following(server: FakeKube) -> AsyncIterator[Following]:
    wire = FaultyTransport(server)
    async with httpx.AsyncClient(base_url="http://kube", transport=wire, timeout=5) as http:
        it = Following(server, wire, None)  # type: ignore[arg-type]

        async def sleep(seconds: float) -> None:
            it.paused_s.append(seconds)
            await asyncio.sleep(0)

        kind = Kind("pods", PODS, Watched, lambda each: each.metadata.resource_version)
        changed = lambda before, after: it.told.append((before, after))  # noqa: E731
        it.informer = Informer(http, kind, changed, sleep)
        task = asyncio.create_task(it.informer.run())
        try:
            await it.informer.settled.wait()
            yield it
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def pod(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}}


def server_with(count: int, **settings: Any) -> FakeKube:
    server = FakeKube(**settings)
    for number in range(count):
        server.put(PODS, pod(f"p{number}"))
    return server


async def test_what_is_there_is_known_and_is_no_change() -> None:
    async with following(server_with(3)) as it:
        assert it.names() == {"shop/p0", "shop/p1", "shop/p2"}
        assert it.told == []
        assert it.server.lists == 0  # the watch began with it


async def test_a_server_without_watch_list_is_listed_by_pages() -> None:
    async with following(server_with(1200, watch_list=False)) as it:
        assert len(it.names()) == 1200
        assert it.server.lists == 3


@pytest.mark.parametrize(
    "line",
    [
        '{"type":"ADDED","object":OBJECT}',
        '{"type":"ADDED","object":OBJECT} ',
        '{"type": "ADDED", "object": OBJECT}',
        '{"object":OBJECT,"type":"ADDED"}',
    ],
)
async def test_a_line_may_be_written_in_any_way(line: str) -> None:
    known = json.dumps(pod("p0") | {"more": {"object": "}"}})
    end = {"resourceVersion": "7", "annotations": {"k8s.io/initial-events-end": "true"}}
    bookmark = json.dumps({"type": "BOOKMARK", "object": {"metadata": end}})
    body = "\n".join([line.replace("OBJECT", known), bookmark, ""])
    lists = iter([httpx.Response(200, text=body)])

    async def answer(_: httpx.Request) -> httpx.Response:
        response = next(lists, None)
        if response is None:  # nothing happens any more
            await asyncio.Event().wait()
        assert response is not None
        return response

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(base_url="http://kube", transport=transport) as http:
        informer = Informer(http, Kind("pods", PODS, Watched, lambda each: each.key))
        task = asyncio.create_task(informer.run())
        await informer.synced.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    assert set(informer.objects) == {"shop/p0"}


async def test_changes_are_told_once() -> None:
    async with following(server_with(1)) as it:
        first = it.server.objects[PODS]["shop/p0"]["metadata"]["resourceVersion"]
        it.server.put(PODS, pod("p1"))
        changed = it.server.put(PODS, pod("p0"))["metadata"]["resourceVersion"]
        it.server.delete(PODS, "shop/p1")
        await it.until(lambda: len(it.told) == 3)

        added = it.told[0][1]
        assert it.told == [(None, added), (first, changed), (added, None)]
        assert it.names() == {"shop/p0"}


async def test_a_watch_that_breaks_off_goes_on_where_it_was() -> None:
    async with following(server_with(2)) as it:
        it.server.put(PODS, pod("p2"))
        await it.until(lambda: len(it.told) == 1)
        it.server.cut()
        it.server.put(PODS, pod("p3"))
        await it.until(lambda: len(it.told) == 2)

        assert it.names() == {"shop/p0", "shop/p1", "shop/p2", "shop/p3"}
        assert it.informer.lists == 1


async def test_what_a_server_forgot_is_listed_again_and_told_as_changes() -> None:
    async with following(server_with(2)) as it:
        it.wire.fail(PODS, FAULTS["refused"])
        it.server.cut()
        await it.until(lambda: it.informer.failure)
        it.server.delete(PODS, "shop/p0")
        it.server.put(PODS, pod("p9"))
        it.server.forget()
        it.wire.heal()
        await it.until(lambda: it.informer.lists == 2)

        assert it.names() == {"shop/p1", "shop/p9"}
        assert len(it.told) == 2
        assert it.informer.failure is None


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("refused", "unreachable"),
        ("401", "unauthorized"),
        ("403", "unauthorized"),
        ("500", "http_500"),
        ("429", "throttled"),
        ("half a JSON", "bad_response"),
        ("HTML", "bad_response"),
        ("another shape", "bad_response"),
        ("null", "bad_response"),
        ("not UTF-8", "bad_response"),
    ],
)
async def test_a_server_that_answers_badly_is_told_and_asked_again(fault: str, code: str) -> None:
    server = server_with(2)
    async with following(server) as it:
        it.wire.fail(PODS, FAULTS[fault])
        it.server.cut()
        await it.until(lambda: it.informer.failure and it.informer.failure[0] == code)
        it.wire.heal()
        await it.until(lambda: it.informer.failure is None and len(it.names()) == 2)

        assert it.paused_s


async def test_a_busy_server_is_left_alone_for_as_long_as_it_says() -> None:
    async with following(server_with(1)) as it:
        it.wire.fail(PODS, FAULTS["429"])
        it.server.cut()
        await it.until(lambda: len(it.paused_s) > 1)

        assert it.paused_s[-1] == 30


async def test_a_server_that_forgets_all_it_lists_is_asked_ever_less_often() -> None:
    class Forgetful(FakeKube):
        def _list(self, path: str, params: httpx.QueryParams) -> httpx.Response:
            listed = super()._list(path, params)
            self.forget()
            return listed

    async with following(Forgetful(watch_list=False)) as it:
        await it.until(lambda: len(it.paused_s) > 5)

        assert it.paused_s[5] > 4 * it.paused_s[0]


async def test_a_page_that_expires_in_the_middle_is_begun_again() -> None:
    server = server_with(1100, watch_list=False)
    expired = httpx.Response(410, json={"code": 410, "reason": "Expired"})
    wire = FaultyTransport(server)
    wire.fail_nth(f"GET {PODS}", 2, lambda _: expired)
    async with httpx.AsyncClient(base_url="http://kube", transport=wire, timeout=5) as http:
        kind = Kind("pods", PODS, Watched, lambda each: each.metadata.name)
        informer = Informer(http, kind)
        task = asyncio.create_task(informer.run())
        async with asyncio.timeout(30):
            await informer.synced.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    assert len(informer.objects) == 1100
    assert informer.lists == 1


async def test_a_server_that_ends_every_watch_at_once_is_asked_ever_less_often() -> None:
    async with following(FakeKube()) as it:
        it.wire.fail(f"GET {PODS}$", FAULTS["nothing"])
        it.server.cut()
        await it.until(lambda: len(it.paused_s) > 8)
        told = it.informer.failure
        it.wire.heal()
        await it.until(lambda: it.informer.failure is None)

    assert told is not None
    assert told[0] == "closed"
    assert max(it.paused_s) > 8 * min(it.paused_s)
