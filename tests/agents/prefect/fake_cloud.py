"""A workspace of Prefect Cloud in memory, as far as it is publicly told how Cloud differs."""

import httpx

from tests.agents.prefect.fake import FakePrefect

__all__ = ["API_KEY", "CLOUD_URL", "FakeCloud"]

ACCOUNT = "9b649228-0419-40e1-9e0d-44954b5c0ab6"
WORKSPACE = "96bd3cf8-85c9-4545-9713-b4e3c3e03466"
BASE = f"/api/accounts/{ACCOUNT}/workspaces/{WORKSPACE}/"
CLOUD_URL = f"https://api.prefect.cloud{BASE.rstrip('/')}"
API_KEY = "pnu_s3cret"
NOT_THERE = ("admin/", "metrics", "csrf-token", "ready")
"""What only a server of one's own is known to have."""


class FakeCloud(httpx.AsyncBaseTransport):
    """A server below the path of its workspace, which takes nothing but the key."""

    def __init__(self, inner: FakePrefect) -> None:
        self.inner = inner
        self.forbidden: tuple[str, ...] = ()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if not path.startswith(BASE):
            return httpx.Response(404, json={"detail": "Not Found"})
        if request.headers.get("Authorization") != f"Bearer {API_KEY}":
            return httpx.Response(401, json={"detail": "Invalid authentication credentials"})
        asked = path.removeprefix(BASE)
        if asked.startswith(NOT_THERE):
            return httpx.Response(404, json={"detail": "Not Found"})
        if asked.startswith(self.forbidden):
            return httpx.Response(403, json={"detail": "Forbidden"})
        url = request.url.copy_with(path=f"/api/{asked}")
        return await self.inner.handle_async_request(
            httpx.Request(request.method, url, content=await request.aread())
        )
