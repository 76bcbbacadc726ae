"""Answers that a client can ask for again cheaply."""

from hashlib import sha256
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from api.problems import PROBLEM_TYPE, Problem

__all__ = ["PROBLEMS", "conditional"]

HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}


def conditional(request: Request, body: BaseModel) -> Response:
    """`body` as JSON under a strong ETag of its bytes, or 304 if the client has just that."""
    content = body.model_dump_json(by_alias=True).encode()
    etag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {**HEADERS, "ETag": etag}
    if _has(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="application/json")


def _has(if_none_match: str, etag: str) -> bool:
    given = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return any(tag in {etag, "*"} for tag in given)


def _problem(description: str) -> dict[str, Any]:
    schema = {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}
    return {"description": description, "content": {PROBLEM_TYPE: schema}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    304: {"description": "What `If-None-Match` names is still current."},
    401: _problem("No valid token."),
    404: _problem("No such thing."),
    422: _problem("A parameter is wrong."),
    503: _problem("The database does not answer now."),
}
"""Answers of every route beside the good one, for the OpenAPI document."""
