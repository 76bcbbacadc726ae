"""One WebSocket client: what it says is read, what is told to it is written, side by side."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from starlette.websockets import WebSocket, WebSocketDisconnect

from api.live.fanout import Live, TooManySessionsError
from api.live.messages import acknowledged, error
from api.live.requests import parse
from api.live.session import Session, SessionOverError
from contracts.live import MOST_TOPICS, Acknowledged, Subscription
from store.errors import StoreUnavailableError
from store.outbox import Cursor

__all__ = ["CREDENTIAL_OVER", "TOO_SLOW", "TRY_LATER", "serve_client"]

DRAIN_S = 30.0
"""A client that takes in nothing for so long is let go."""

CREDENTIAL_EVERY_S = 30.0
CREDENTIAL_OVER = 4401
TRY_LATER = TOO_SLOW = 1013
INTERNAL_ERROR = 1011
CLOSE_S = 5.0


Clock = Callable[[], datetime]


class _ClosingError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


async def serve_client(
    socket: WebSocket, live: Live, still_valid: Callable[[], Awaitable[bool]], clock: Clock
) -> None:
    """Serve a client until it goes, or its credential is over."""
    await socket.accept()
    try:
        async with live.session() as session:
            await _until_one_ends(
                _read(socket, live, session, clock),
                _write(socket, session),
                _check_credential(still_valid),
            )
    except TooManySessionsError as many:
        await _close(socket, TRY_LATER, str(many))
    except _ClosingError as closing:
        await _close(socket, closing.code, closing.reason)
    except WebSocketDisconnect:
        return


async def _until_one_ends(*parts: Awaitable[None]) -> None:
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _write(socket: WebSocket, session: Session) -> None:
    while True:
        try:
            message = await session.next()
        except SessionOverError as over:
            raise _ClosingError(INTERNAL_ERROR, str(over)) from over
        try:
            async with asyncio.timeout(DRAIN_S):
                await socket.send_text(message.text(session.told))
        except TimeoutError as late:
            raise _ClosingError(TOO_SLOW, f"nothing was taken in for {DRAIN_S:g} s") from late


async def _check_credential(still_valid: Callable[[], Awaitable[bool]]) -> None:
    while True:
        await asyncio.sleep(CREDENTIAL_EVERY_S)
        with suppress(StoreUnavailableError):  # it is asked again
            if not await still_valid():
                raise _ClosingError(CREDENTIAL_OVER, "the token or session is over")


async def _read(socket: WebSocket, live: Live, session: Session, clock: Clock) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        try:
            request, since = parse(message.get("text") or "")
            await _do(request, since, live, session, clock())
        except ValueError as wrong:
            session.tell(error("invalid_message", str(wrong), clock()))
        except StoreUnavailableError:
            session.tell(error("store_unavailable", "Subscribe again in a moment.", clock()))


async def _do(
    request: Subscription, since: Cursor | None, live: Live, session: Session, now: datetime
) -> None:
    if request.action == "unsubscribe":
        done = Acknowledged(action="unsubscribe")
        for topic in request.topics:
            live.unsubscribe(session, topic)
            session.tell(acknowledged(topic, done, now, None))
        return
    if len(session.topics.keys() | set(request.topics)) > MOST_TOPICS:
        raise ValueError(f"topics: at most {MOST_TOPICS} for one client")
    await live.subscribe(session, dict.fromkeys(request.topics), since)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    with suppress(RuntimeError, TimeoutError, WebSocketDisconnect):
        async with asyncio.timeout(CLOSE_S):
            await socket.close(code, reason)
