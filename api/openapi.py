"""What FastAPI cannot know about the OpenAPI document: problem documents and credentials."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from api.authentication import OPEN_PATHS, SESSION_COOKIE
from api.problems import Problem

__all__ = ["describe"]

REF_TEMPLATE = "#/components/schemas/{model}"


def describe(app: FastAPI) -> None:
    """Complete the document that `app` generates."""
    generate = app.openapi

    def completed() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(generate())
        return generate()

    # The way FastAPI documents for extending its document.
    app.openapi = completed  # type: ignore[method-assign]


def _complete(document: dict[str, Any]) -> None:
    """`document` is the one that FastAPI keeps and serves."""
    _, problems = models_json_schema([(Problem, "serialization")], ref_template=REF_TEMPLATE)
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(problems["$defs"])
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
    }
    document["security"] = [{"token": []}, {"session": []}]
    for path in OPEN_PATHS & document["paths"].keys():
        for operation in document["paths"][path].values():
            operation["security"] = []
