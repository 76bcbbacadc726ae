"""A small HTTP server in the API's place: the built page with its headers, and fixed answers."""

import json
import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

from tests.dashboard.answers import everything
from tests.dashboard.documents import API, Json, problem

__all__ = ["CSP", "EVERY_PATH", "STATIC", "Stub", "running"]

STATIC = Path(__file__).parents[2] / "api" / "static"
HELD_AT_MOST_S = 60.0
EVERY_PATH = ""
WEBSOCKET = "/ws"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; font-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)


@dataclass
class Stub:
    """What the server answers now, and what it was asked. Tests change `answers` as they go."""

    url: str
    answers: dict[str, Json]
    failures: dict[str, Json] = field(default_factory=dict)
    """Path -> problem that is answered in place of the body; `EVERY_PATH` stands for all."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    handshakes: int = 0
    """How often the page wanted to be told of changes; it is always refused, and asks instead."""
    answering: Event = field(default_factory=Event)
    """Cleared, the API takes requests and does not answer them."""

    def answer(self, path: str, cursor: str | None) -> tuple[int, Json]:
        """Status and body for a path under the API's prefix, and a later page of a list."""
        failure = self.failures.get(path, self.failures.get(EVERY_PATH))
        if failure is not None:
            return int(str(failure["status"])), failure
        key = path if cursor is None else f"{path}?cursor={cursor}"
        if key in self.answers:
            return 200, self.answers[key]
        return 404, problem(404, "not_found", "There is no such thing")

    def queries(self, path: str) -> list[dict[str, str]]:
        """The query parameters of every request for a path, oldest first."""
        return [query for asked, query in self.asked if asked == path]


@contextmanager
def running() -> Iterator[Stub]:
    """A stub on a free port of the loopback interface, with every panel filled."""
    server = _Server(("127.0.0.1", 0), _Handler)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    server.stub = Stub(url, everything(datetime.now(UTC)))
    server.stub.answering.set()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.stub
    finally:
        server.stub.answering.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    stub: Stub


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Answers under the prefix come from the stub, anything else from the built page."""
        parts = urlsplit(self.path)
        if parts.path.startswith(API):
            self._api(parts.path.removeprefix(API), parts.query)
        else:
            self._page(parts.path.lstrip("/"))

    def _api(self, path: str, query: str) -> None:
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        if path == WEBSOCKET:
            self.server.stub.handshakes += 1
        else:
            self.server.stub.asked.append((path, asked))
        self.server.stub.answering.wait(HELD_AT_MOST_S)
        status, body = self.server.stub.answer(path, asked.get("cursor"))
        kind = "application/json" if status == 200 else "application/problem+json"
        self._send(status, kind, json.dumps(body).encode())

    def _page(self, name: str) -> None:
        file = STATIC / name
        file = file if name and file.is_file() else STATIC / "index.html"
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self._send(200, kind, file.read_bytes())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", CSP)
        self.end_headers()
        # A page that has moved on closes its connections; nobody is left to be told.
        with suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests look at `Stub.asked`; a log of their traffic helps nobody."""
