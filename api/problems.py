"""Errors as RFC 9457 problem documents: one shape, one place that makes them."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from store.errors import StoreUnavailableError

__all__ = [
    "PROBLEM_TYPE",
    "ApiError",
    "ErrorBoundary",
    "Problem",
    "ProblemPart",
    "bad_parameter",
    "not_found",
    "problem_response",
    "request_id_of",
]

log = structlog.get_logger(__name__)

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
POLICY_VIOLATION = 1008


class ProblemPart(BaseModel):
    """One thing that is wrong with the request."""

    parameter: str = Field(description="Where, e.g. `query.time_range`.")
    detail: str


class Problem(BaseModel):
    """What every error answers with (RFC 9457)."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    type: str = Field(description="A URN made of the code.")
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was asked for.")
    code: str = Field(description="Stable identifier, for programs.")
    request_id: str = Field(description="Also in the header `X-Request-Id` and in the logs.")
    errors: list[ProblemPart] | None = None


class ApiError(Exception):
    """Answers the request with a problem document. The detail is for the caller to read."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[ProblemPart] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = list(errors)


def not_found(kind: str, identity: object) -> ApiError:
    """No such thing; the code is e.g. `orchestrator_not_found`."""
    words = kind.replace("_", " ")
    return ApiError(404, f"{kind}_not_found", f"There is no {words} with the id {identity}.")


def bad_parameter(name: str, detail: str) -> ApiError:
    """A query parameter that cannot be understood."""
    part = ProblemPart(parameter=f"query.{name}", detail=detail)
    return ApiError(422, "invalid_parameter", f"{part.parameter}: {detail}", errors=[part])


def as_api_error(error: Exception) -> ApiError:
    """The answer to any exception. What nobody expected tells the caller nothing about itself."""
    match error:
        case ApiError():
            return error
        case RequestValidationError():
            return _invalid(error)
        case StoreUnavailableError():
            log.warning("store_unavailable", reason=str(error))
            return ApiError(
                503,
                "store_unavailable",
                "The database does not answer now. Try again in a moment.",
                headers={"Retry-After": str(RETRY_AFTER_S)},
            )
        case HTTPException():
            return _of_status(error)
        case _:
            log.error("request_failed", exc_info=error)
            return ApiError(500, "internal_error", "Something went wrong inside the server.")


def problem_response(scope: Scope, error: Exception) -> Response:
    """The problem document for `error`."""
    answer = as_api_error(error)
    problem = Problem(
        type=f"urn:woa:problem:{answer.code}",
        title=HTTPStatus(answer.status).phrase,
        status=answer.status,
        detail=answer.detail,
        instance=scope["path"],
        code=answer.code,
        request_id=request_id_of(scope),
        errors=answer.errors or None,
    )
    return Response(
        problem.model_dump_json(by_alias=True, exclude_none=True),
        status_code=answer.status,
        headers={"Cache-Control": "no-store", **answer.headers},
        media_type=PROBLEM_TYPE,
    )


async def handle(request: Request, error: Exception) -> Response:
    """The handler for what FastAPI would answer in a form of its own."""
    return problem_response(request.scope, error)


def request_id_of(scope: Scope) -> str:
    """The id of the request, given by the outermost layer."""
    return str(scope.get("state", {}).get("request_id", ""))


class ErrorBoundary:
    """Turns whatever comes up from the layers below into a problem document.

    An answer that has begun cannot be taken back: then the error goes on to the server, which
    closes the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watching(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watching)
        except Exception as error:
            if begun:
                raise
            if scope["type"] == "websocket":
                reason = as_api_error(error).code
                await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason})
            else:
                await problem_response(scope, error)(scope, receive, send)


def _invalid(error: RequestValidationError) -> ApiError:
    parts = [
        ProblemPart(parameter=".".join(str(step) for step in problem["loc"]), detail=problem["msg"])
        for problem in error.errors()
    ]
    detail = "; ".join(f"{part.parameter}: {part.detail}" for part in parts)
    return ApiError(422, "invalid_parameter", detail, errors=parts)


def _of_status(error: HTTPException) -> ApiError:
    status = HTTPStatus(error.status_code)
    detail = {
        HTTPStatus.NOT_FOUND: "There is nothing at this path.",
        HTTPStatus.METHOD_NOT_ALLOWED: "This path does not take this method.",
    }.get(status, status.description or status.phrase)
    code = status.name.lower()
    return ApiError(status.value, code, detail, headers=error.headers)
