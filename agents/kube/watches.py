"""Everything that is watched of one cluster: what every cluster has, and what some have."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from agents.calls import CallFailure, CallLog
from agents.kube.follower import Follower
from agents.kube.informer import Informer, Kind
from agents.kube.wire import Watched
from agents.missing import Missing

__all__ = ["Extra", "Watches"]

DO_WITHOUT = ("HTTP 403", "HTTP 404")
"""Of an extra: whoever may not read it, and a group without this kind, or no longer there."""

NOT_BEGUN = Missing("it is not watched yet")


@dataclass(frozen=True)
class Extra:
    """A kind that not every cluster has. The first of `versions` that is offered is watched; of
    the core group, which is the empty text, every server offers all.

    Whoever must not read it goes without it. Of what is only `followed` nothing is kept: each
    change is told, and what there was before is not asked for.
    """

    name: str
    group: str
    versions: tuple[str, ...]
    resource: str
    type: type[Watched]
    keep: Callable[[Any], Any]
    on_change: Callable[[Any, Any], None] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    followed: bool = False

    def offered(self, versions: Set[str]) -> str | Missing:
        """The path of its list, by the group versions that the server offers."""
        if not self.group:
            return f"/api/{self.versions[0]}/{self.resource}"
        for version in self.versions:
            if f"{self.group}/{version}" in versions:
                return f"/apis/{self.group}/{version}/{self.resource}"
        return Missing(f"the server does not offer {self.group}/{self.versions[0]}")


class Watches:
    """Informers by name, and the tasks that run them."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.informers: dict[str, Informer[Any, Any]] = {}
        self._http = http
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._extras: dict[str, Missing] = {}
        self._past_calls = 0

    def begin(
        self,
        kind: Kind[Any, Any],
        on_change: Callable[[Any, Any], None] | None = None,
        *,
        followed: bool = False,
    ) -> None:
        """Watch a kind from now on."""
        informer = (Follower if followed else Informer)(self._http, kind, on_change)
        self.informers[kind.name] = informer
        self._tasks[kind.name] = asyncio.create_task(informer.run())

    async def adjust(self, extras: Iterable[Extra], versions: Set[str] | Missing) -> None:
        """Watch those that the server offers; while that is not known, those of before."""
        for extra in extras:
            path = versions if isinstance(versions, Missing) else extra.offered(versions)
            watched = self.informers.get(extra.name)
            if isinstance(path, Missing):
                self._extras[extra.name] = path
                if watched is not None and not isinstance(versions, Missing):
                    await self._end(extra.name)
                continue
            self._extras[extra.name] = NOT_BEGUN
            if watched is not None and watched.kind.path != path:
                await self._end(extra.name)
            if extra.name not in self.informers:
                kind = Kind(extra.name, path, extra.type, extra.keep, extra.params)
                self.begin(kind, extra.on_change, followed=extra.followed)

    def check(self) -> None:
        """Raise what ended a task: none ever should, and what it kept must not be believed."""
        for task in self._tasks.values():
            if task.done():
                task.result()

    async def settled(self, limit_s: float) -> None:
        """Wait for the first lists; what is not there in time is missing from this record."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await asyncio.gather(*(each.settled.wait() for each in self.informers.values()))

    def kept(self, name: str, log: CallLog) -> Sequence[Any] | Missing:
        """What is known of a kind; nothing while the server is not heard."""
        informer, source = self.informers.get(name), f"watch {name}"
        if informer is None:
            return self._extras.get(name, NOT_BEGUN)
        if informer.failure is not None:
            failure = CallFailure(*informer.failure, source)
            if name in self._extras and failure.message.startswith(DO_WITHOUT):
                log.unsupported[source] = failure.reason
                return Missing(failure.reason)
            return log.note(failure)
        if not informer.synced.is_set():
            return log.note(CallFailure("deadline", "not all is listed yet", source))
        log.answered.add(source)
        return list(informer.objects.values())

    @property
    def calls(self) -> int:
        return self._past_calls + sum(each.calls for each in self.informers.values())

    @property
    def relists(self) -> int:
        """Times that the server had forgotten what was listed."""
        return sum(max(0, each.lists - 1) for each in self.informers.values())

    async def aclose(self) -> None:
        """End all of them. Safe to call twice."""
        for task in self._tasks.values():
            task.cancel()
        for name in list(self._tasks):
            await self._end(name)

    async def _end(self, name: str) -> None:
        task = self._tasks.pop(name)
        self._past_calls += self.informers.pop(name).calls
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
