"""Hears of every change of a kind from now on and keeps none of the objects: for events."""

from typing import TypeVar

import msgspec

from agents.kube.informer import Informer
from agents.kube.wire import ObjectList, Watched

__all__ = ["Follower"]

W = TypeVar("W", bound=Watched)
K = TypeVar("K")


class Follower(Informer[W, K]):
    """`on_change` is told of each object that came or changed, as (None, object).

    What was there before the first call is not asked for. A server that has forgotten where it
    was (410) is followed from its newest version: what happened in between is not told.
    """

    async def _follow(self) -> None:
        if self.version is not None:
            await self._watch({"resourceVersion": self.version})
            return
        params = {**self.kind.params, "limit": "1"}
        response = await self._http.get(self.kind.path, params=params)
        self.calls += 1
        self._check(response, response.content)
        page = msgspec.json.decode(response.content, type=ObjectList[Watched])
        self._replaced({}, page.metadata.resource_version)

    def _apply(self, key: str, each: K | None, version: str = "") -> None:
        if each is not None and self._on_change is not None:
            self._on_change(None, each)
