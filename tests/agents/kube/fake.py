"""A Kubernetes API server in memory: lists by pages, watches from a version, forgets old ones.

`tests/agents/kube/behaviour.py` holds it and the real server to the same behaviour.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import httpx

__all__ = ["FakeKube"]

Json = dict[str, Any]
NAMES = UUID(int=13)
KINDS = {
    "/api/v1/nodes": "Node",
    "/api/v1/pods": "Pod",
    "/apis/batch/v1/jobs": "Job",
    "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases": "Lease",
}


@dataclass
class FakeKube(httpx.AsyncBaseTransport):
    """Objects by the path of their list. `watch_list`: a watch may begin with all there is."""

    watch_list: bool = True
    version: str = "v1.37.2"
    ready: bool = True
    usage: Json | None = None
    metrics: dict[str, str] = field(default_factory=dict)
    objects: dict[str, dict[str, Json]] = field(
        default_factory=lambda: {path: {} for path in KINDS}
    )
    forbidden: set[str] = field(default_factory=set)
    watches: int = 0
    lists: int = 0
    _version: int = 100
    _oldest: int = 0
    _log: list[tuple[int, str, str, Json]] = field(default_factory=list)
    _cuts: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def serve(self, *paths: str) -> None:
        """Offer these kinds as well, of which there are no objects yet."""
        self.objects |= {path: {} for path in paths}

    def put(self, path: str, body: Json) -> Json:
        """Create or replace an object; its version and uid are the server's."""
        meta = body["metadata"]
        key = f"{meta.get('namespace', '')}/{meta['name']}"
        known = self.objects[path].get(key)
        meta.setdefault("uid", str(uuid5(NAMES, f"{path}{key}")))
        meta["resourceVersion"] = str(self._next())
        self.objects[path][key] = body
        self._tell(path, "ADDED" if known is None else "MODIFIED", body)
        return body

    def delete(self, path: str, key: str) -> None:
        body = self.objects[path].pop(key)
        body["metadata"]["resourceVersion"] = str(self._next())
        self._tell(path, "DELETED", body)

    def forget(self) -> None:
        """Compact: whoever asks for what came before now is told that it is gone."""
        self._oldest = self._next()
        self._log.clear()

    def cut(self) -> None:
        """Break every watch off in the middle."""
        self._cuts += 1
        self._wake()

    def _next(self) -> int:
        self._version += 1
        return self._version

    def _tell(self, path: str, kind: str, body: Json) -> None:
        self._log.append((self._version, path, kind, deepcopy(body)))
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path, params = request.url.path, request.url.params
        if path in self.forbidden:
            return _status(403, "Forbidden", f"cannot list {path}")
        if path in self.objects and "watch" in params:
            return self._watch(path, params)
        if path in self.objects:
            return self._list(path, params)
        if path.endswith("/metrics"):
            return self._metrics(f"{request.url.host}{path}")
        return self._other(path)

    def _metrics(self, address: str) -> httpx.Response:
        """Those of this address; else what a server of any kind tells."""
        text = self.metrics.get(address, "process_start_time_seconds 1.7e9\n")
        return httpx.Response(200, text=text)

    def _other(self, path: str) -> httpx.Response:
        if path == "/readyz":
            text = "[+]ping ok\n" + ("[+]etcd ok\n" if self.ready else "[-]etcd failed: withheld\n")
            return httpx.Response(200 if self.ready else 500, text=text)
        if path == "/version":
            return httpx.Response(200, json={"gitVersion": self.version})
        if path == "/apis":
            named = [each.split("/")[2:4] for each in self.objects if each.startswith("/apis/")]
            versions = [{"groupVersion": "/".join(each)} for each in named]
            return httpx.Response(200, json={"groups": [{"versions": versions}]})
        if path == "/api/v1/namespaces/kube-system":
            return httpx.Response(200, json={"metadata": {"uid": str(NAMES)}})
        if path == "/apis/metrics.k8s.io/v1beta1/nodes" and self.usage is not None:
            return httpx.Response(200, json=self.usage)
        return httpx.Response(404, text="404 page not found\n")

    def _list(self, path: str, params: httpx.QueryParams) -> httpx.Response:
        self.lists += 1
        limit = int(params.get("limit", 10**9))
        version, begin = self._version, 0
        if "continue" in params:
            version, begin = map(int, params["continue"].split("-"))
            if version < self._oldest:
                return _status(410, "Expired", "the continue parameter is too old")
        items = [each for each in self.objects[path].values() if _chosen(each, params)]
        more = begin + limit < len(items)
        meta: Json = {"resourceVersion": str(version)}
        if more:
            meta["continue"] = f"{version}-{begin + limit}"
        return httpx.Response(200, json={"metadata": meta, "items": items[begin : begin + limit]})

    def _watch(self, path: str, params: httpx.QueryParams) -> httpx.Response:
        if "sendInitialEvents" in params and not self.watch_list:
            return _status(422, "Invalid", "sendInitialEvents is forbidden")
        self.watches += 1
        initial = "sendInitialEvents" in params
        since = self._version if initial else int(params.get("resourceVersion", self._version))
        events = self._lines(path, since, initial)
        return httpx.Response(200, stream=_Lines(events, lambda body: _chosen(body, params)))

    async def _lines(self, path: str, since: int, initial: bool) -> AsyncIterator[Json]:
        cuts = self._cuts
        if since < self._oldest:
            yield {"type": "ERROR", "object": {"code": 410, "reason": "Expired"}}
            return
        if initial:
            for each in list(self.objects[path].values()):
                yield {"type": "ADDED", "object": each}
            yield self._bookmark(path, since, {"k8s.io/initial-events-end": "true"})
        while True:
            changed = self._changed
            for version, where, kind, body in list(self._log):
                if version > since and where == path:
                    since = version
                    yield {"type": kind, "object": body}
            if self._cuts != cuts:
                raise httpx.ReadError("connection reset by peer")
            await changed.wait()

    def _bookmark(self, path: str, version: int, notes: dict[str, str]) -> Json:
        meta = {"resourceVersion": str(version), "annotations": notes, "creationTimestamp": None}
        body: Json = {
            "kind": KINDS.get(path, "Other"),
            "metadata": meta,
            "spec": {"containers": None},
        }
        return {"type": "BOOKMARK", "object": body}


class _Lines(httpx.AsyncByteStream):
    def __init__(self, events: AsyncIterator[Json], chosen: Callable[[Json], bool]) -> None:
        self._events = events
        self._chosen = chosen

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for event in self._events:
            if event["type"] not in ("ERROR", "BOOKMARK") and not self._chosen(event["object"]):
                continue
            yield json.dumps(event).encode() + b"\n"

    async def aclose(self) -> None:
        await self._events.aclose()  # type: ignore[attr-defined]


def _chosen(body: Json, params: httpx.QueryParams) -> bool:
    """Whether selectors pick an object: fields by `name=value`, labels by `name`, `!name` too."""
    fields = {name: value for name, value in body.items() if isinstance(value, str)}
    fields |= {"metadata.name": body["metadata"]["name"]}
    labels = body["metadata"].get("labels", {})
    asked = [(fields, each) for each in params.get("fieldSelector", "").split(",")]
    asked += [(labels, each) for each in params.get("labelSelector", "").split(",")]
    return all(_fits(values, selector) for values, selector in asked if selector)


def _fits(values: dict[str, str], selector: str) -> bool:
    name, equals, value = selector.partition("=")
    if name.startswith("!"):
        return name[1:] not in values
    return values.get(name) == value if equals else name in values


def _status(code: int, reason: str, message: str) -> httpx.Response:
    return httpx.Response(code, json={"code": code, "reason": reason, "message": message})
