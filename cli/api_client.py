"""Lists and analyses of a running woa's API; every failure is one line that names the fix."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx

from api.routes import PREFIX
from cli.contexts import ENVIRONMENT, LOCAL, Target, on_this_machine
from cli.exits import CommandError, UsageError
from cli.tables import printable

__all__ = ["ApiClient", "ConnectionLostError", "Item", "Listing"]

Item = dict[str, Any]

PAGE_ITEMS = 1000
TIMEOUT_S = 15.0
QUIET_S = 45.0
"""A stream without a sign of life is dead: the server gives one each 15 s."""


class ConnectionLostError(CommandError):
    """The server was there and is not now; it may come back."""


@dataclass(frozen=True)
class Listing:
    """A whole list, and the server's time when it answered: ages are told by one clock."""

    items: list[Item]
    now: datetime


class ApiClient:
    """Asks one server. Every method raises `CommandError`."""

    def __init__(self, target: Target, transport: httpx.BaseTransport | None = None) -> None:
        self._target = target
        if target.token is None:
            raise UsageError(f"{self._place} needs a token: {self._token_fix}")
        secret = target.token.get_secret_value()
        if not re.fullmatch(r"[!-~]+", secret):
            raise UsageError(f"what {self._place} has as its token is none: {self._token_fix}")
        self._http = httpx.Client(
            base_url=target.url + PREFIX,
            headers={"authorization": f"Bearer {secret}"},
            timeout=TIMEOUT_S,
            transport=transport,
            # A proxy of the surroundings is on the way to other machines only.
            trust_env=not on_this_machine(target.url),
        )

    def list(self, path: str, **parameters: str | None) -> Listing:
        """Every item below `path`, page after page."""
        query: dict[str, str | int] = {
            name: value for name, value in parameters.items() if value is not None
        }
        query["limit"] = PAGE_ITEMS
        items: list[Item] = []
        while True:
            response = self._send("GET", path, query)
            page = self._document(response)
            items += page["items"]
            cursor = page.get("nextCursor")
            if cursor is None:
                return Listing(items, _server_time(response))
            if cursor == query.get("cursor"):
                raise CommandError(f"{self._place} gave one page of {path} twice")
            query["cursor"] = cursor

    def look(self, path: str, **parameters: str | int | None) -> Item:
        """One thing: `GET path`."""
        query = {name: value for name, value in parameters.items() if value is not None}
        return self._object(self._send("GET", path, query))

    def ask(self, path: str, body: Item | None = None, **parameters: str | float) -> Item:
        """What an analysis answers: `POST path`."""
        return self._object(self._send("POST", path, parameters, body))

    def lines(self, path: str, **parameters: str) -> Iterator[str]:
        """A file, line by line, while it is written."""
        try:
            with self._http.stream("GET", path, params=parameters) as response:
                if response.status_code != HTTPStatus.OK:
                    response.read()
                    raise CommandError(self._refusal(response))
                yield from response.iter_lines()
        except httpx.TransportError as error:
            raise ConnectionLostError(
                f"lost {self._place}: {error}; what was written is not all"
            ) from error

    def follow(self, topics: Sequence[str], since: str | None) -> Iterator[Item]:
        """Live messages from behind a cursor, else from now, until the connection is lost.

        Raises `ConnectionLostError` then, and `CommandError` where the server refuses.
        """
        headers = {"accept": "text/event-stream"} | ({"last-event-id": since} if since else {})
        timeout = httpx.Timeout(TIMEOUT_S, read=QUIET_S)
        query = {"topic": list(topics)}
        try:
            with self._http.stream(
                "GET", "/stream", params=query, headers=headers, timeout=timeout
            ) as response:
                if response.status_code != HTTPStatus.OK:
                    response.read()
                    away = response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
                    raise (ConnectionLostError if away else CommandError)(self._refusal(response))
                for line in response.iter_lines():
                    if line.startswith("data: "):
                        yield json.loads(line.removeprefix("data: "))
        except (httpx.TransportError, ValueError) as error:
            raise ConnectionLostError(f"lost {self._place}: {error}") from error
        raise ConnectionLostError(f"{self._place} ended the stream")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    @property
    def _place(self) -> str:
        return f"{self._target.url} (context {self._target.name})"

    @property
    def _token_fix(self) -> str:
        name = self._target.name
        fixes = {ENVIRONMENT: "set WOA_TOKEN", LOCAL: "start `woa up` again"}
        return fixes.get(name, f"`woa context set {name} --token-file FILE`, or set WOA_TOKEN")

    def _send(
        self, method: str, path: str, query: Mapping[str, str | float], body: Item | None = None
    ) -> httpx.Response:
        try:
            response = self._http.request(method, path, params=query, json=body)
        except httpx.TimeoutException as error:
            raise CommandError(
                f"{self._place} did not answer within {TIMEOUT_S:g} s; try again, or look at its "
                "/readyz"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CommandError(
                f"cannot reach {self._place}: {error}; start it, or name another server with "
                "--context or WOA_URL"
            ) from error
        if response.status_code != HTTPStatus.OK:
            raise CommandError(self._refusal(response))
        return response

    def _refusal(self, response: httpx.Response) -> str:
        problem = _problem(response)
        detail = printable(
            str(problem.get("detail") or f"it answered with status {response.status_code}")
        )
        match response.status_code:
            case HTTPStatus.UNAUTHORIZED:
                return f"{self._place} does not accept the token: {detail} Fix: {self._token_fix}"
            case HTTPStatus.FORBIDDEN:
                return (
                    f"{self._place} refused: {detail} Fix: use a token that may do this, or an "
                    "address whose host is in the server's WOA_API__ALLOWED_HOSTS"
                )
            case HTTPStatus.NOT_FOUND if not problem:
                return f"{self._place} is no woa: it has no {response.request.url.path}"
            case _:
                request_id = problem.get("requestId")
                known = f" (request {request_id})" if request_id else ""
                return f"{self._place}: {detail}{known}"

    def _document(self, response: httpx.Response) -> Item:
        document = self._object(response)
        if not isinstance(document.get("items"), list):
            raise CommandError(f"{self._place} is no woa: it answered something else than a list")
        return document

    def _object(self, response: httpx.Response) -> Item:
        try:
            document = response.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise CommandError(f"{self._place} is no woa: it answered something else than JSON")
        return document


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _server_time(response: httpx.Response) -> datetime:
    try:
        return parsedate_to_datetime(response.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC)
