"""A copy of all objects of one kind, kept up to date by the server's watch.

First everything is listed: by a watch that begins with what there is (WatchList), where the
server offers that, else page by page. Then every change is watched; the server closes a watch
after some minutes, and it goes on from the last version that was heard of. Only a server that
has forgotten that version (410 Gone) is listed anew.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Generic, TypeVar

import httpx
import msgspec

from agents.calls import one_line
from agents.collector import CollectorError
from agents.kube.wire import Event, Meta, ObjectList, Status, Watched

__all__ = ["Informer", "Kind"]

PAGE = 500
WATCH_S = 290.0
QUIET_S = 60.0
"""The server sends a bookmark about once a minute; the watch's own end comes after WATCH_S."""

SHORT_WATCH_S = 1.0
"""As client-go's reflector: a shorter watch without an event is a failure."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 30.0
PLAIN = {"Accept-Encoding": "identity"}
"""A compressed line may wait for the next one before it can be read."""

BEGINS = {
    kind: f'{{"type":"{kind}","object":'.encode() for kind in ("ADDED", "MODIFIED", "DELETED")
}

INITIAL_END = "k8s.io/initial-events-end"
NO_WATCH_LIST = frozenset({400, 403, 404, 405, 422})

W = TypeVar("W", bound=Watched)
K = TypeVar("K")


@dataclass(frozen=True)
class Kind(Generic[W, K]):
    """One kind of objects: where it is listed, what is read of each, and what is kept of that."""

    name: str
    path: str
    type: type[W]
    keep: Callable[[W], K]
    params: Mapping[str, str] = field(default_factory=dict)


class _GoneError(Exception):
    """The server has forgotten the version that was asked for."""


class _RefusedError(Exception):
    def __init__(
        self, code: str, message: str, status: int = 0, pause_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.pause_s = pause_s


Change = Callable[[K | None, K | None], None]
"""Called with an object as it was and as it is: None before it was there, and after."""


class Informer(Generic[W, K]):
    """Keeps `objects`, by namespace and name, while `run` runs.

    `on_change` is told of all that happens after the first list. `synced` is set by that list,
    `settled` by it or by the first failure.

    `version` is the newest that was heard of, None before the first list. `failure` is what is
    wrong at the moment, None while the server is heard.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        kind: Kind[W, K],
        on_change: Change[K] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.kind = kind
        self.objects: dict[str, K] = {}
        self.failure: tuple[str, str] | None = None
        self.synced = asyncio.Event()
        self.settled = asyncio.Event()
        self.calls = 0
        self.lists = 0
        self._http = http
        self._on_change = on_change
        self._sleep = sleep
        self._random = Random()
        self._versions: dict[str, str] = {}
        self.version: str | None = None
        self._watch_list = True
        self._failures = 0

    async def run(self) -> None:
        """Follow the server until cancelled."""
        while True:
            try:
                await self._follow()
            except _GoneError as error:
                # Whoever forgets at once what he listed would be asked for all of it without end.
                self.version = None
                await self._failed("expired", str(error))
            except _RefusedError as error:
                await self._failed(error.code, str(error), error.pause_s)
            except (TimeoutError, httpx.TimeoutException):
                await self._failed("timeout", f"nothing was heard for {QUIET_S * 2:g} s")
            except httpx.HTTPError as error:
                await self._failed("unreachable", one_line(str(error)) or type(error).__name__)
            except (msgspec.DecodeError, ValueError) as error:  # the latter of what is kept
                await self._failed("bad_response", one_line(str(error)))
            except CollectorError as error:
                await self._failed(error.code, str(error))

    async def _follow(self) -> None:
        """One list, or one watch until the server ends it."""
        if self.version is not None:
            await self._watch({"resourceVersion": self.version})
        elif self._watch_list:
            await self._begin_by_watch()
        else:
            await self._list()

    async def _list(self) -> None:
        found: dict[str, tuple[str, K]] = {}
        version, token = "", None
        decoder = msgspec.json.Decoder(ObjectList[self.kind.type])  # type: ignore[name-defined]
        while True:
            more = {"limit": str(PAGE)} | ({"continue": token} if token else {})
            response = await self._http.get(self.kind.path, params={**self.kind.params, **more})
            self.calls += 1
            self._check(response, response.content)
            with _gc_paused():
                page = decoder.decode(response.content)
                found.update((each.key, self._kept(each)) for each in page.items)
            version, token = page.metadata.resource_version, page.metadata.continue_
            if not token:
                break
        self._replaced(found, version)

    def _replaced(self, found: Mapping[str, tuple[str, K]], version: str) -> None:
        """A list says all: what it does not name is gone."""
        for key in self.objects.keys() - found.keys():
            self._apply(key, None)
        for key, (of_it, each) in found.items():
            if self._versions.get(key) != of_it:
                self._apply(key, each, of_it)
        self.lists += 1
        self._heard(version)
        self.synced.set()
        self.settled.set()

    async def _begin_by_watch(self) -> None:
        """All there is and, in the same stream, what changes after it."""
        found: dict[str, tuple[str, K]] = {}
        asked = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        try:
            async for kind, each, meta in self._events(asked):
                if self.version is not None:
                    self._change(kind, each, meta)
                elif kind == "BOOKMARK" and INITIAL_END in meta.annotations:
                    self._replaced(found, meta.resource_version)
                elif each is not None:
                    found[each.key] = self._kept(each)
        except _RefusedError as error:
            if error.status not in NO_WATCH_LIST:
                raise
        if self.version is None:
            # A server that does not know what was asked for lists page by page.
            self._watch_list = False

    async def _watch(self, more: Mapping[str, str]) -> None:
        """A watch that ends well is begun again at once, unless it ended before it began."""
        begun_s, heard = self._clock_s(), False
        async for kind, each, meta in self._events(more):
            self._change(kind, each, meta)
            heard = True
        if not heard and self._clock_s() - begun_s < SHORT_WATCH_S:
            raise _RefusedError("closed", "the server ends the watch at once and tells nothing")

    @staticmethod
    def _clock_s() -> float:
        return asyncio.get_running_loop().time()

    def _change(self, kind: str, each: W | None, meta: Meta) -> None:
        if each is not None and kind == "DELETED":
            self._apply(each.key, None)
        elif each is not None:
            of_it, kept = self._kept(each)
            self._apply(each.key, kept, of_it)
        self._heard(meta.resource_version)
        self._failures = 0

    def _kept(self, each: W) -> tuple[str, K]:
        return each.metadata.resource_version, self.kind.keep(each)

    async def _events(self, more: Mapping[str, str]) -> AsyncIterator[tuple[str, W | None, Meta]]:
        """Lines of a watch: its kind, the object that it is about, the object's metadata."""
        limit_s = WATCH_S * self._random.uniform(1, 1.2)
        params = {
            **self.kind.params,
            **more,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": f"{limit_s:.0f}",
        }
        timeout = httpx.Timeout(self._http.timeout.connect, read=QUIET_S * 2)
        of_kind, bookmark = msgspec.json.Decoder(self.kind.type), msgspec.json.Decoder(Watched)
        self.calls += 1
        async with self._http.stream(
            "GET", self.kind.path, params=params, timeout=timeout, headers=PLAIN
        ) as response:
            if not response.is_success:
                self._check(response, await response.aread())
            self.failure = None  # it is heard again, even where nothing happens
            async for line in _lines(response):
                event = _event(line)
                if event.type == "ERROR":
                    self._raise_error(msgspec.json.decode(event.object, type=Status))
                if event.type == "BOOKMARK":  # of the object it has no more than the version
                    yield event.type, None, bookmark.decode(event.object).metadata
                    continue
                each = of_kind.decode(event.object)
                yield event.type, each, each.metadata

    def _check(self, response: httpx.Response, body: bytes) -> None:
        if response.is_success:
            return
        try:
            status = msgspec.json.decode(body, type=Status)
            message = status.message or status.reason
        except msgspec.DecodeError:
            message = one_line(body[:500].decode(errors="replace"))
        code = response.status_code
        said = one_line(f"HTTP {code} {message}")
        if code == httpx.codes.GONE:
            raise _GoneError(said)
        if code in (429, 503):
            after = response.headers.get("Retry-After", "")
            pause_s = float(after) if after.isdecimal() else None
            raise _RefusedError("throttled", said, code, pause_s)
        names = {401: "unauthorized", 403: "unauthorized"}
        raise _RefusedError(names.get(code, f"http_{code}"), said, code)

    @staticmethod
    def _raise_error(status: Status) -> None:
        if status.code == httpx.codes.GONE or status.reason in ("Expired", "Gone"):
            raise _GoneError(status.message)
        if status.code == httpx.codes.TOO_MANY_REQUESTS:
            raise _RefusedError("throttled", status.message)
        raise _RefusedError(f"http_{status.code}", status.message)

    def _apply(self, key: str, each: K | None, version: str = "") -> None:
        before = self.objects.pop(key, None)
        self._versions.pop(key, None)
        if each is not None:
            self.objects[key] = each
            self._versions[key] = version
        if self._on_change is not None and self.synced.is_set():
            self._on_change(before, each)

    def _heard(self, version: str) -> None:
        if version:
            self.version = version
        self.failure = None

    async def _failed(self, code: str, message: str, pause_s: float | None = None) -> None:
        self.failure = (code, message)
        self.settled.set()
        doubled_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        await self._sleep(
            pause_s if pause_s is not None else doubled_s * self._random.uniform(0.5, 1)
        )


def _event(line: bytes) -> Event:
    """Servers write the kind first: the object is read once. Written otherwise it is read twice."""
    for kind, begin in BEGINS.items():
        if line.startswith(begin) and line.endswith(b"}"):
            return Event(kind, msgspec.Raw(line[len(begin) : -1]))
    return msgspec.json.decode(line, type=Event)


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    """As bytes: to make text of them first, as `aiter_lines` does, costs more than to read them."""
    rest = b""
    async for piece in response.aiter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line
    if rest:
        yield rest


@contextmanager
def _gc_paused() -> Iterator[None]:
    """Thousands of new objects would make the garbage collector look at all, again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
