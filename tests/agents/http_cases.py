"""Answers of a real HTTP server, kept as data and given again.

A case is a folder: `case.json` (server version, how and when it was recorded, settings, the
moments of the scrapes), `responses/N.json` (each request of scrape N with its answer, in their
order) and `expected.json` (the records).
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from agents.collector import Collector
from contracts.coordination import CoordinationMetrics
from contracts.load_balancing import LoadBalancingMetrics
from contracts.orchestrator import OrchestratorMetrics
from contracts.worker_pool import WorkerPoolMetrics
from tests.agents.contract import Explained, as_json, unexplained_nulls

__all__ = ["CaseContract", "HttpCase", "Recorder", "replayed", "shape_differences"]

ENCODED = ("content-encoding", "content-length", "transfer-encoding")
"""Headers that are not true of a body that was read."""

Entry = dict[str, Any]
"""`request` (method and path), `status`, and `json` or `text`."""


@dataclass
class HttpCase:
    """What a folder holds."""

    about: dict[str, Any]
    scrapes: list[list[Entry]]

    @classmethod
    def load(cls, folder: Path) -> "HttpCase":
        about = json.loads((folder / "case.json").read_text())
        numbers = range(len(about["scrapes"]))
        return cls(about, [_read(folder / f"responses/{number}.json") for number in numbers])

    def save(self, folder: Path) -> None:
        (folder / "responses").mkdir(parents=True, exist_ok=True)
        _write(folder / "case.json", self.about)
        for number, entries in enumerate(self.scrapes):
            _write(folder / f"responses/{number}.json", entries)


@dataclass
class Recorder(httpx.AsyncBaseTransport):
    """Stands between a collector and a real server and keeps what is said.

    `keep` shortens a decoded answer to what may be kept: no secrets, and not too much.
    """

    inner: httpx.AsyncBaseTransport
    keep: Callable[[Any], Any] = lambda answer: answer
    entries: list[Entry] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.inner.handle_async_request(request)
        body = await response.aread()
        await response.aclose()
        plain = [each for each in response.headers.items() if each[0] not in ENCODED]
        decoded = httpx.Response(response.status_code, headers=plain, content=body)
        entry: Entry = {"request": _line(request), "status": response.status_code}
        try:
            entry["json"] = self.keep(decoded.json())
        except ValueError:
            entry["text"] = self.keep(decoded.text)
        self.entries.append(entry)
        return decoded

    async def aclose(self) -> None:
        await self.inner.aclose()

    def take(self) -> list[Entry]:
        """What was kept since the last time."""
        taken, self.entries = self.entries, []
        return taken


async def replayed(
    case: HttpCase, collector: Callable[[httpx.AsyncBaseTransport], Collector[Any]]
) -> list[dict[str, Any]]:
    """The batches that a collector makes of a case, as on the wire. No time passes in it."""
    replay = _Replay()
    batches = []
    async with collector(replay) as reader:
        for moment, entries in zip(case.about["scrapes"], case.scrapes, strict=True):
            replay.begin(entries)
            batches.append(as_json(await reader.collect(datetime.fromisoformat(moment))))
    return batches


class _Replay(httpx.AsyncBaseTransport):
    """Gives the answers to equal requests in the order in which they were recorded."""

    def __init__(self) -> None:
        self._answers: dict[str, list[Entry]] = {}

    def begin(self, entries: Iterable[Entry]) -> None:
        self._answers = {}
        for entry in entries:
            self._answers.setdefault(entry["request"], []).append(entry)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        entry = self._answers[_line(request)].pop(0)
        if "json" in entry:
            return httpx.Response(entry["status"], json=entry["json"])
        return httpx.Response(entry["status"], text=entry["text"])


def _line(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"


def _read(path: Path) -> list[Entry]:
    entries = json.loads(path.read_text())
    assert isinstance(entries, list)
    return entries


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


class CaseContract(ABC):
    """What holds for every case; inherit, and give a fixture `folder` and how to replay it."""

    @abstractmethod
    async def replay(self, case: HttpCase) -> list[dict[str, Any]]:
        """The batches that the agent makes of it."""

    async def test_the_records_of_a_case(self, folder: Path) -> None:
        records = await self.replay(HttpCase.load(folder))

        assert records == json.loads((folder / "expected.json").read_text())

    def test_a_case_tells_where_it_comes_from(self, folder: Path) -> None:
        about = HttpCase.load(folder).about

        assert {"server", "command", "recorded", "settings", "scrapes"} <= about.keys()

    def test_every_null_of_a_case_has_a_reason(self, folder: Path) -> None:
        for batch in json.loads((folder / "expected.json").read_text()):
            coordination = batch["coordination"]
            records: list[Explained] = [
                OrchestratorMetrics.model_validate(batch["orchestrator"]),
                *map(WorkerPoolMetrics.model_validate, batch["pools"]),
                *map(LoadBalancingMetrics.model_validate, batch["loadBalancing"]),
                *([CoordinationMetrics.model_validate(coordination)] if coordination else []),
            ]
            assert [unexplained_nulls(record) for record in records] == [[]] * len(records)


def shape_differences(fresh: HttpCase, kept: HttpCase) -> dict[str, object]:
    """What a fresh recording has otherwise than a kept one: requests, places and kinds of values.

    A value that one of them has as null says nothing of its kind.
    """
    ours, theirs = _kinds(fresh), _kinds(kept)
    changed = {
        place: (sorted(ours[place]), sorted(theirs[place]))
        for place in ours.keys() & theirs.keys()
        if ours[place] and theirs[place] and ours[place] != theirs[place]
    }
    found: dict[str, object] = {"places": ours.keys() ^ theirs.keys(), "kinds": changed}
    return {name: value for name, value in found.items() if value}


def _kinds(case: HttpCase) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for entries in case.scrapes:
        for entry in entries:
            name = re.sub(r"[0-9a-f-]{36}", "*", entry["request"])
            for place, value in _places(entry.get("json"), name):
                known = kinds.setdefault(place, set())
                if value is not None:
                    known.add("number" if isinstance(value, int | float) else type(value).__name__)
    return kinds


def _places(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    yield place, value
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _places(part, f"{place}/{name}")
    elif isinstance(value, list):
        for part in value:
            yield from _places(part, f"{place}/*")
