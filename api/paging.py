"""Cursors: the sort key of the last item of a page, opaque to whoever carries it."""

import base64
import binascii
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from api.problems import bad_parameter
from store.queries import After
from store.records import Before

__all__ = [
    "ByName",
    "ByOwner",
    "ByTime",
    "ByTriple",
    "OwnedPageQuery",
    "PageQuery",
    "decode_cursor",
    "encode_cursor",
]

CURSOR_PATTERN = "^[A-Za-z0-9_-]+$"


class PageQuery(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=100, ge=1, le=1000, description="Items at most.")
    cursor: str | None = Field(
        default=None,
        pattern=CURSOR_PATTERN,
        max_length=4096,
        description="`nextCursor` of the page before; without it the first page.",
    )


class OwnedPageQuery(PageQuery):
    """The same of what belongs to an orchestrator."""

    orchestrator_id: UUID | None = Field(default=None, description="Only what belongs to it.")


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("PostgreSQL cannot hold U+0000, so this is no key of ours")
    return value


K = TypeVar("K")
KEY: TypeAdapter[After | Before] = TypeAdapter(After | Before)
Name = Annotated[str, AfterValidator(_storable)]
ByName: TypeAdapter[After] = TypeAdapter(tuple[Name])
ByOwner: TypeAdapter[After] = TypeAdapter(tuple[UUID, Name])
ByTime: TypeAdapter[Before] = TypeAdapter(tuple[AwareDatetime, UUID])
ByTriple: TypeAdapter[After] = TypeAdapter(tuple[Name, Name, Name])


def encode_cursor(after: After | Before | None) -> str | None:
    """The cursor of a key; null at the end of a list."""
    if after is None:
        return None
    document = KEY.dump_json(after)
    return base64.urlsafe_b64encode(document).rstrip(b"=").decode()


def decode_cursor(cursor: str | None, shape: TypeAdapter[K]) -> K | None:
    """The key in a cursor. Raises `ApiError` (422) for what was never a cursor of this list."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return shape.validate_json(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValidationError, ValueError) as error:
        raise bad_parameter("cursor", "expected the `nextCursor` of a page of this list") from error
