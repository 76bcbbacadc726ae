"""What surrounds every request, written straight against ASGI.

Layers made with `BaseHTTPMiddleware` see no websocket and cost twice as much.
"""

import re
from collections.abc import Callable, Iterable
from time import perf_counter
from uuid import uuid4

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import ApiError

__all__ = [
    "LOOPBACK_NAMES",
    "HostCheck",
    "RequestIds",
    "RequestMetrics",
    "SecurityHeaders",
    "host_of",
]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class RequestIds:
    """Names each request: in its answer, in its problem document and in the logs.

    A caller's own `X-Request-Id` is kept when it is short and harmless.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if SANE_REQUEST_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, _adding({"X-Request-Id": request_id}, send))


class SecurityHeaders:
    """Adds to every answer what tells a browser how little it may do with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, _adding(SECURITY_HEADERS, send))


class HostCheck:
    """Refuses requests under a name that is not ours.

    A page on the Internet can let its own name resolve to 127.0.0.1; the browser then sends
    that page's requests to us, but with that name in the Host header.
    """

    def __init__(self, app: ASGIApp, allowed: Iterable[str]) -> None:
        self._app = app
        self._allowed = LOOPBACK_NAMES | {name.lower() for name in allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            host = host_of(Headers(scope=scope).get("host", ""))
            if host not in self._allowed:
                raise ApiError(
                    400,
                    "host_not_allowed",
                    "This server does not answer under this name; add it to "
                    "WOA_API__ALLOWED_HOSTS.",
                )
        await self._app(scope, receive, send)


class RequestMetrics:
    """Counts and times requests by the template of their route, never by their path."""

    def __init__(
        self, app: ASGIApp, registry: CollectorRegistry, timer: Callable[[], float] = perf_counter
    ) -> None:
        self._app = app
        self._timer = timer
        self._requests = Counter(
            "woa_api_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "woa_api_request_duration_seconds",
            "Time from the first byte of a request to the last byte of its answer.",
            ("method", "route"),
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        started_s = self._timer()

        async def watching(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watching)
        finally:
            method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
            route = getattr(scope.get("route"), "path", "none")
            self._requests.labels(method, route, str(status)).inc()
            self._seconds.labels(method, route).observe(self._timer() - started_s)


KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def host_of(value: str) -> str:
    """The name in a Host header or an origin's authority, without port and brackets."""
    if value.startswith("["):
        return value[1:].partition("]")[0].lower()
    return value.partition(":")[0].lower()


def _adding(headers: dict[str, str], send: Send) -> Send:
    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = MutableHeaders(scope=message)
            for name, value in headers.items():
                present[name] = value
        await send(message)

    return adding
