"""Who may reach what. Refusing is the default, for http and for websockets alike."""

from functools import partial
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import ApiError
from store.tokens import Tokens

__all__ = ["OPEN_PATHS", "PROTECTED_PATHS", "SESSION_COOKIE", "Authentication"]

SESSION_COOKIE = "woa_session"

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/login"})
"""Routes that anybody may ask for."""

PROTECTED_PATHS = ("/api", "/metrics")
"""What needs a credential, with everything below it."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Authentication:
    """Lets a request on to the application only if its path is open or its credential valid.

    Every other path outside `PROTECTED_PATHS` gets `pages`, which can serve files and nothing
    else: a route that somebody adds and forgets to protect cannot be reached at all.
    The principal is left in the request's state, with `credential_is_valid`, which asks again
    for those who stay connected.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens, pages: ASGIApp) -> None:
        self._app = app
        self._tokens = tokens
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "lifespan" or (scope["type"] == "http" and path in OPEN_PATHS):
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and not _is_protected(path):
            await self._pages(scope, receive, send)
        else:
            await self._authenticate(scope)
            await self._app(scope, receive, send)

    async def _authenticate(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        bearer, cookie = _bearer(headers), _session(headers)
        secret = bearer or cookie
        if not secret:
            raise _unauthenticated("Send a token as `Authorization: Bearer ...`, or log in.")
        if not bearer:
            _refuse_foreign_pages(scope, headers)
        principal = await self._tokens.verify(secret)
        if principal is None:
            raise _unauthenticated("The token or session is unknown, expired or revoked.")
        state = scope.setdefault("state", {})
        state["principal"] = principal
        state["credential_is_valid"] = partial(self._is_valid, secret)

    async def _is_valid(self, secret: str) -> bool:
        return await self._tokens.verify(secret) is not None


def _is_protected(path: str) -> bool:
    return any(path == root or path.startswith(f"{root}/") for root in PROTECTED_PATHS)


def _bearer(headers: Headers) -> str:
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _session(headers: Headers) -> str:
    return cookie_parser(headers.get("cookie", "")).get(SESSION_COOKIE, "")


def _refuse_foreign_pages(scope: Scope, headers: Headers) -> None:
    """A browser sends the cookie along with what another site's page asks of us.

    It also says where the page is from. Reading is safe, because that page cannot see the
    answer; a websocket it could.
    """
    if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
        return
    if urlsplit(headers.get("origin", "")).netloc != headers.get("host", ""):
        raise ApiError(403, "origin_not_allowed", "This page may not act in your name here.")


def _unauthenticated(detail: str) -> ApiError:
    return ApiError(
        401, "unauthenticated", detail, headers={"WWW-Authenticate": 'Bearer realm="woa"'}
    )
