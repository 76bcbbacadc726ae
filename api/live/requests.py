"""What a client may say on the WebSocket."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from store.outbox import Cursor

__all__ = ["MOST_TOPICS", "Ping", "Subscribe", "Unsubscribe", "cursors", "parse"]

MOST_TOPICS = 200
"""Topics of one client."""

Topics = Annotated[list[str], Field(min_length=1, max_length=MOST_TOPICS)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: int | None = None
    """Comes back in the answer."""


class Subscribe(_Request):
    """Hear of topics; of events from behind a cursor in `since`, else from now."""

    op: Literal["subscribe"]
    topics: Topics
    since: dict[str, str] = {}


class Unsubscribe(_Request):
    """Hear no more of topics."""

    op: Literal["unsubscribe"]
    topics: Topics


class Ping(_Request):
    """Are you there?"""

    op: Literal["ping"]


ANY: TypeAdapter[Subscribe | Unsubscribe | Ping] = TypeAdapter(
    Annotated[Subscribe | Unsubscribe | Ping, Field(discriminator="op")]
)


def parse(text: str) -> Subscribe | Unsubscribe | Ping:
    """Raises `pydantic.ValidationError`, a `ValueError`, for what is none of these."""
    return ANY.validate_json(text)


def cursors(topics: list[str], since: dict[str, str]) -> dict[str, Cursor | None]:
    """Each topic and where to go on. Raises `ValueError` for what is no cursor."""
    return {
        name: Cursor.parse(since[name]) if name in since else None for name in dict.fromkeys(topics)
    }
