"""The built dashboard, or a page that says how to build it."""

from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

__all__ = ["Pages", "page"]

IMMUTABLE = "public, max-age=31536000, immutable"
ASSETS = "assets/"


class Pages(StaticFiles):
    """Serves the files of a folder, and its index.html for every path that is no file.

    Files under assets/ carry a hash of their content in their name and never change; a missing
    one is an error rather than a page.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)

    async def check_config(self) -> None:
        """Nothing to check: the folder may come and go."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, the index or the page that says how to build it."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != HTTPStatus.NOT_FOUND or path.startswith(ASSETS):
                raise
            response = await self._index_or_hint(scope)
        is_asset = path.startswith(ASSETS)
        response.headers["Cache-Control"] = IMMUTABLE if is_asset else "no-cache"
        return response

    async def _index_or_hint(self, scope: Scope) -> Response:
        try:
            return await super().get_response("index.html", scope)
        except HTTPException as error:
            if error.status_code != HTTPStatus.NOT_FOUND:
                raise
            return page("The dashboard is not built", NOT_BUILT, HTTPStatus.OK)


def page(title: str, body: str, status: int) -> HTMLResponse:
    """A short page without style or script, which the content policy would refuse."""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"</head><body><main><h1>{title}</h1>{body}</main></body></html>",
        status_code=status,
    )


NOT_BUILT = (
    "<p>Run <code>make dashboard</code> (needs Node 20) and load this page again.</p>"
    "<p>The API works without it.</p>"
)
