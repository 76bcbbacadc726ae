"""Answers of a real server, kept as data and given again.

A case is a folder: `case.json` (server version, how and when it was recorded, settings, the
moments of the scrapes), `responses/N.json` (every call of scrape N with its answer),
`responses/N.metrics.txt` (the lines of the metrics that are read) and `expected.json`
(the records). `python -m tests.live.temporal.record` makes one.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from temporalio.api.workflowservice import v1 as wire
from temporalio.service import RPCError, RPCStatusCode

from agents.temporal import TemporalCollector, TemporalConfig
from agents.temporal.metrics import SERVER
from agents.temporal.rpcs import Connection, WorkflowRpcs
from tests.agents.contract import as_json

__all__ = ["CASES", "Case", "Entry", "Recorder", "replayed"]

CASES = Path(__file__).with_name("cases")
HEALTH = "Health.Check"

Entry = dict[str, Any]
"""`call`, `request`, and `response` or `error`."""


@dataclass
class Case:
    """What a folder holds."""

    about: dict[str, Any]
    scrapes: list[list[Entry]]
    metrics: list[str]

    @classmethod
    def load(cls, folder: Path) -> "Case":
        about = json.loads((folder / "case.json").read_text())
        numbers = range(len(about["scrapes"]))
        read = [json.loads((folder / f"responses/{number}.json").read_text()) for number in numbers]
        metrics = [(folder / f"responses/{number}.metrics.txt").read_text() for number in numbers]
        return cls(about, read, metrics)

    def save(self, folder: Path) -> None:
        (folder / "responses").mkdir(parents=True, exist_ok=True)
        _write(folder / "case.json", self.about)
        for number, (entries, text) in enumerate(zip(self.scrapes, self.metrics, strict=True)):
            _write(folder / f"responses/{number}.json", entries)
            (folder / f"responses/{number}.metrics.txt").write_text(text)

    @property
    def moments(self) -> list[datetime]:
        return [datetime.fromisoformat(each) for each in self.about["scrapes"]]


async def replayed(case: Case) -> list[dict[str, Any]]:
    """The batches a collector makes of a case, as on the wire."""
    replay = _Replay(case.moments[0])
    config = TemporalConfig.model_validate(case.about["settings"])
    collector = TemporalCollector(config, replay, replay.transport(), replay.seconds)
    batches = []
    async with collector:
        for moment, entries, text in zip(case.moments, case.scrapes, case.metrics, strict=True):
            replay.begin(moment, entries, text)
            batches.append(as_json(await collector.collect(moment)))
    return batches


@dataclass
class Recorder:
    """Stands between a collector and a real server and keeps what is said."""

    connection: Connection
    entries: list[Entry] = field(default_factory=list)
    metrics: str = ""

    @property
    def workflow_service(self) -> WorkflowRpcs:
        return cast(WorkflowRpcs, _Named(self._method))

    async def check_health(self, *, retry: bool, timeout: timedelta) -> bool:
        serving = await self.connection.check_health(retry=retry, timeout=timeout)
        self.entries.append({"call": HEALTH, "request": {}, "response": {"serving": serving}})
        return serving

    def transport(self) -> httpx.AsyncBaseTransport:
        """For the metrics."""
        return _KeepingTransport(self)

    def take(self) -> tuple[list[Entry], str]:
        """What was kept since the last time."""
        taken = self.entries, self.metrics
        self.entries, self.metrics = [], ""
        return taken

    def _method(self, name: str) -> Callable[..., Any]:
        rpc = getattr(self.connection.workflow_service, name)

        async def call(request: Message, /, *, retry: bool, timeout: timedelta) -> Message:
            entry: Entry = {"call": _call_of(request), "request": MessageToDict(request)}
            self.entries.append(entry)
            try:
                answer: Message = await rpc(request, retry=retry, timeout=timeout)
            except RPCError as error:
                entry["error"] = {"status": error.status.name, "message": error.message}
                raise
            entry["response"] = MessageToDict(answer)
            return answer

        return call


@dataclass
class _Replay:
    """Gives recorded answers; a question that was not recorded fails the test."""

    first: datetime
    now: datetime = field(init=False)
    _entries: list[Entry] = field(default_factory=list)
    _metrics: str = ""

    def begin(self, now: datetime, entries: list[Entry], metrics: str) -> None:
        self.now, self._entries, self._metrics = now, list(entries), metrics

    def seconds(self) -> float:
        """The collector's clock: it stands still during a scrape."""
        return (self.now - self.first).total_seconds()

    @property
    def workflow_service(self) -> WorkflowRpcs:
        return cast(WorkflowRpcs, _Named(self._method))

    async def check_health(self, *, retry: bool, timeout: timedelta) -> bool:
        return bool(self._answer(HEALTH, {})["response"]["serving"])

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(lambda _: httpx.Response(200, text=self._metrics))

    def _method(self, _: str) -> Callable[..., Any]:
        async def call(request: Message, /, *, retry: bool, timeout: timedelta) -> Message:
            name = _call_of(request)
            entry = self._answer(name, MessageToDict(request))
            if "error" in entry:
                status = RPCStatusCode[entry["error"]["status"]]
                raise RPCError(entry["error"]["message"], status, b"")
            response: Message = getattr(wire, f"{name}Response")()
            return ParseDict(entry["response"], response)

        return call

    def _answer(self, call: str, request: dict[str, Any]) -> Entry:
        for place, entry in enumerate(self._entries):
            if entry["call"] == call and entry["request"] == request:
                return self._entries.pop(place)
        raise AssertionError(f"the recording has no answer to {call} {request}")


@dataclass
class _Named:
    """An object all of whose attributes are made by a function of their name."""

    make: Callable[[str], Callable[..., Any]]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return self.make(name)


class _KeepingTransport(httpx.AsyncHTTPTransport):
    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        text = (await response.aread()).decode()
        await response.aclose()
        self._recorder.metrics = _trimmed(text)
        return httpx.Response(response.status_code, text=self._recorder.metrics)


def _trimmed(text: str) -> str:
    """The lines that are read, without those of the server's own namespace."""
    kept, probed = [], False
    for line in text.splitlines():
        name = line.partition("{")[0].encode()
        if name in SERVER.allowed and 'namespace="temporal_system"' not in line:
            kept.append(line)
        elif name == SERVER.unit_probe and not probed:
            kept.append(line)
            probed = True
    return "\n".join(kept) + "\n"


def _call_of(request: Message) -> str:
    return type(request).__name__.removesuffix("Request")


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
