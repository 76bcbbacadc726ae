"""The one-time login link: trades its code for a session cookie."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.authentication import SESSION_COOKIE
from api.pages import page
from api.services import Services
from store.tokens import SESSION_LIFE

__all__ = ["router"]

router = APIRouter(tags=["login"])

REFUSED = (
    "<p>It was used before, is older than ten minutes, or was not copied whole.</p>"
    "<p>Run <code>woa login</code> for a new link.</p>"
)


@router.get("/login", include_in_schema=False)
async def login(request: Request, services: Services, code: str = "") -> Response:
    """A session for seven days and the dashboard, or a page that says how to get a new link."""
    secret = await services.tokens.redeem_login_code(code)
    if secret is None:
        response: Response = page("This login link does not work", REFUSED, 401)
    else:
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(
            SESSION_COOKIE,
            secret.get_secret_value(),
            max_age=int(SESSION_LIFE.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    response.headers["Cache-Control"] = "no-store"
    return response
