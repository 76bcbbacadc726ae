"""How requests are signed: basic, bearer, and the token against forged requests where it is on."""

from collections.abc import AsyncGenerator, Generator
from uuid import uuid4

import httpx
import msgspec

from agents.prefect.config import PrefectConfig

__all__ = ["PrefectAuth"]


class PrefectAuth(httpx.Auth):
    """Adds the credentials, and asks for a CSRF token when a search is refused for lack of one."""

    def __init__(self, config: PrefectConfig) -> None:
        self._csrf_url = f"{str(config.api_url).rstrip('/')}/csrf-token"
        self._cloud = config.cloud
        self._client = str(uuid4())
        self._token: str | None = None
        self._basic: httpx.BasicAuth | None = None
        self._bearer = config.api_key.get_secret_value() if config.api_key else None
        if config.auth_string is not None:
            user, _, password = config.auth_string.get_secret_value().partition(":")
            self._basic = httpx.BasicAuth(user, password)

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        response = yield self._signed(request)
        if response.status_code != httpx.codes.FORBIDDEN or not self._may_lack_token(request):
            return
        asked = httpx.Request("GET", self._csrf_url, params={"client": self._client})
        answer = yield self._signed(asked)
        if answer.is_success and (token := _token(await answer.aread())) is not None:
            self._token = token
            yield self._signed(request)

    def _may_lack_token(self, request: httpx.Request) -> bool:
        """Cloud has none: whoever is refused there lacks a right."""
        return request.method != "GET" and not self._cloud

    def _signed(self, request: httpx.Request) -> httpx.Request:
        if self._bearer is not None:
            request.headers["Authorization"] = f"Bearer {self._bearer}"
        if self._basic is not None:
            signing: Generator[httpx.Request, httpx.Response, None] = self._basic.auth_flow(request)
            next(signing)
        if self._token is not None:
            request.headers["Prefect-Csrf-Token"] = self._token
            request.headers["Prefect-Csrf-Client"] = self._client
        return request


class _CsrfToken(msgspec.Struct):
    token: str


def _token(body: bytes) -> str | None:
    try:
        return msgspec.json.decode(body, type=_CsrfToken).token
    except msgspec.DecodeError:
        return None
