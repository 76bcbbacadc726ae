"""Live updates, by WebSocket and by server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, WebSocket
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.live import Session, SessionOverError, TooManySessionsError
from api.live.websocket import serve_client
from api.problems import ApiError, bad_parameter
from api.responses import PROBLEMS
from api.routes import PREFIX
from api.services import Services, services_of
from contracts.live import MOST_TOPICS
from store.outbox import Cursor

__all__ = ["router"]

router = APIRouter(prefix=PREFIX, tags=["live"])

HEARTBEAT_S = 15.0
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
}


class StreamQuery(BaseModel):
    """What to hear of."""

    model_config = ConfigDict(extra="forbid")

    topic: list[str] = Field(
        min_length=1,
        max_length=MOST_TOPICS,
        description="orchestrator:ID, worker-pool:ID, coordination:ID, coordination-events, "
        "scaling-events or alerts; as often as wanted.",
    )
    since: str | None = Field(
        default=None,
        description="The cursor of the last message that was read: events behind it are told "
        "first. `Last-Event-ID` says the same.",
    )


@router.websocket("/ws")
async def live_updates(socket: WebSocket) -> None:
    """Subscribe to topics: see docs/reference/api.md."""
    services = services_of(socket)
    await serve_client(socket, services.live, socket.state.credential_is_valid, services.clock)


@router.get("/stream", response_class=StreamingResponse, responses=PROBLEMS | STREAM)
async def stream_updates(
    request: Request,
    services: Services,
    query: Annotated[StreamQuery, Query()],
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """The same messages as server-sent events, until the client goes."""
    said = last_event_id or query.since
    try:
        since = Cursor.parse(said) if said else None
    except ValueError as error:
        raise bad_parameter("since", str(error)) from error
    async with AsyncExitStack() as stack:
        try:
            session = await stack.enter_async_context(services.live.session())
        except TooManySessionsError as error:
            raise ApiError(503, "too_many_clients", str(error)) from error
        unknown = await services.live.subscribe(session, dict.fromkeys(query.topic), since)
        if unknown:
            raise ApiError(404, "topic_not_found", f"There is no topic {unknown[0]!r}.")
        kept = stack.pop_all()
    return _EventStream(session, kept)


class _EventStream(StreamingResponse):
    """Ends the session with the answer."""

    def __init__(self, session: Session, kept: AsyncExitStack) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(_lines(session), media_type="text/event-stream", headers=headers)
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._kept:
            await super().__call__(scope, receive, send)


async def _lines(session: Session) -> AsyncIterator[str]:
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                message = await session.next()
        except TimeoutError:
            yield ":\n\n"
        except SessionOverError:
            return
        else:
            place = f"id: {message.cursor}\n" if message.cursor else ""
            yield f"event: {message.type}\n{place}data: {message.text(session.told)}\n\n"
