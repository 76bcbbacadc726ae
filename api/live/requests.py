"""What a client may say on the WebSocket: `contracts.live.Subscription`, and its limits."""

from pydantic import ValidationError

from contracts.live import MOST_TOPICS, Subscription
from store.outbox import Cursor

__all__ = ["parse"]


def parse(text: str) -> tuple[Subscription, Cursor | None]:
    """The request and its cursor. Raises `ValueError` that says what is wrong."""
    try:
        request = Subscription.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(each) for each in first["loc"])
        raise ValueError(f"{place}: {first['msg']}".removeprefix(": ")) from error
    if len(request.topics) > MOST_TOPICS:
        raise ValueError(f"topics: at most {MOST_TOPICS} for one client")
    return request, None if request.cursor is None else Cursor.parse(request.cursor)
