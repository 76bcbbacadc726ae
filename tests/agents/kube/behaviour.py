"""What the agents rely on. The server in memory and the real one are held to the same."""

import asyncio
import json
from abc import ABC, abstractmethod
from typing import Any

import httpx

__all__ = ["KubeBehaviour"]

PODS = "/api/v1/pods"


class KubeBehaviour(ABC):
    """Inherit, and give a fixture `http`, a client of the API, and ways to make and end pods."""

    @abstractmethod
    async def make(self, http: httpx.AsyncClient, name: str) -> None:
        """A pod of this name in `default`."""

    @abstractmethod
    async def end(self, http: httpx.AsyncClient, name: str) -> None:
        """Delete it at once."""

    async def test_pages_are_of_one_moment(self, http: httpx.AsyncClient) -> None:
        for name in ("page-a", "page-b", "page-c"):
            await self.make(http, name)
        first = (await http.get(PODS, params={"limit": "1"})).json()
        token = first["metadata"]["continue"]
        await self.make(http, "page-late")
        second = (await http.get(PODS, params={"limit": "1", "continue": token})).json()

        assert len(first["items"]) == len(second["items"]) == 1
        assert names(first["items"]).isdisjoint(names(second["items"]))
        assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]

    async def test_a_watch_tells_what_came_after_a_version(self, http: httpx.AsyncClient) -> None:
        await self.make(http, "watch-before")
        listed = (await http.get(PODS)).json()
        await self.make(http, "watch-after")
        await self.end(http, "watch-after")

        params = {"resourceVersion": listed["metadata"]["resourceVersion"], "watch": "true"}
        events = await watched(http, params, until="watch-after DELETED")
        assert "watch-before ADDED" not in events
        assert events.index("watch-after ADDED") < events.index("watch-after DELETED")

    async def test_a_watch_may_begin_with_all_there_is(self, http: httpx.AsyncClient) -> None:
        await self.make(http, "initial-one")
        params = {
            "watch": "true",
            "sendInitialEvents": "true",
            "resourceVersionMatch": "NotOlderThan",
            "allowWatchBookmarks": "true",
        }

        events = await watched(http, params, until=" BOOKMARK")
        assert "initial-one ADDED" in events

    async def test_what_is_not_there_is_not_found(self, http: httpx.AsyncClient) -> None:
        assert (await http.get("/apis/metrics.k8s.io/v1beta1/nodes")).status_code == 404

    async def test_readiness_is_a_text_by_checks(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/readyz", params={"verbose": "true"})

        assert answer.status_code == 200
        assert "[+]etcd ok" in answer.text


def names(items: list[Any]) -> set[str]:
    return {each["metadata"]["name"] for each in items}


async def watched(http: httpx.AsyncClient, params: dict[str, str], until: str) -> list[str]:
    events: list[str] = []
    plain = {"Accept-Encoding": "identity"}
    asked = http.stream("GET", PODS, params=params, headers=plain)
    async with asyncio.timeout(60), asked as response:
        async for line in response.aiter_lines():
            event = json.loads(line)
            events.append(f"{event['object']['metadata'].get('name', '')} {event['type']}")
            if events[-1].endswith(until):
                return events
    return events
