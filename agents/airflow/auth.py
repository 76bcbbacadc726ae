"""How requests are signed: a token of the auth manager (v2), basic (v1), or one made elsewhere."""

import asyncio
from collections.abc import AsyncGenerator

import httpx
import msgspec

from agents.airflow.config import AirflowConfig

__all__ = ["AirflowAuth"]


class AirflowAuth(httpx.Auth):
    """Gets a token when there is none, and another when the one there is was refused."""

    def __init__(self, config: AirflowConfig) -> None:
        self._url = f"{str(config.base_url).rstrip('/')}/auth/token"
        self._username = config.username
        self._password = config.password.get_secret_value() if config.password else ""
        self._fixed = config.token.get_secret_value() if config.token else None
        self._token: str | None = None
        self._lock = asyncio.Lock()

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if self._fixed is not None:
            request.headers["Authorization"] = f"Bearer {self._fixed}"
            yield request
            return
        if self._username is None:
            yield request
            return
        if "/api/v1/" in request.url.path:
            yield next(httpx.BasicAuth(self._username, self._password).auth_flow(request))
            return
        if self._token is not None:
            response = yield self._signed(request)
            if response.status_code != httpx.codes.UNAUTHORIZED:
                return
        answer = yield self._sign_in()
        self._token = _token(await answer.aread()) if answer.is_success else None
        yield self._signed(request)

    def _sign_in(self) -> httpx.Request:
        body = {"username": self._username, "password": self._password}
        return httpx.Request("POST", self._url, json=body)

    def _signed(self, request: httpx.Request) -> httpx.Request:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Token(msgspec.Struct):
    access_token: str


def _token(body: bytes) -> str | None:
    try:
        return msgspec.json.decode(body, type=_Token).access_token
    except msgspec.DecodeError:
        return None
