"""One WebSocket client: what it says is read, what is told to it is written, side by side."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.live.fanout import Live, TooManySessionsError
from api.live.messages import notice
from api.live.requests import MOST_TOPICS, Ping, Subscribe, Unsubscribe, cursors, parse
from api.live.session import Session, SessionOverError
from store.errors import StoreUnavailableError

__all__ = ["CREDENTIAL_OVER", "TOO_SLOW", "TRY_LATER", "serve_client"]

DRAIN_S = 30.0
"""A client that takes in nothing for so long is let go."""

CREDENTIAL_EVERY_S = 30.0
CREDENTIAL_OVER = 4401
TRY_LATER = TOO_SLOW = 1013
INTERNAL_ERROR = 1011
CLOSE_S = 5.0


class _ClosingError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


async def serve_client(
    socket: WebSocket, live: Live, name: str, still_valid: Callable[[], Awaitable[bool]]
) -> None:
    """Serve a client until it goes, or its credential is over."""
    await socket.accept()
    try:
        async with live.session() as session:
            hello = {"v": 1, "maxTopics": MOST_TOPICS, "user": name}
            session.tell(notice("hello", **hello))
            await _until_one_ends(
                _read(socket, live, session),
                _write(socket, session),
                _check_credential(still_valid),
            )
    except TooManySessionsError as error:
        await _close(socket, TRY_LATER, str(error))
    except _ClosingError as error:
        await _close(socket, error.code, error.reason)
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
        except SessionOverError as error:
            raise _ClosingError(INTERNAL_ERROR, str(error)) from error
        try:
            async with asyncio.timeout(DRAIN_S):
                await socket.send_text(message.text)
        except TimeoutError as error:
            raise _ClosingError(TOO_SLOW, f"nothing was taken in for {DRAIN_S:g} s") from error


async def _check_credential(still_valid: Callable[[], Awaitable[bool]]) -> None:
    while True:
        await asyncio.sleep(CREDENTIAL_EVERY_S)
        with suppress(StoreUnavailableError):  # it is asked again
            if not await still_valid():
                raise _ClosingError(CREDENTIAL_OVER, "the token or session is over")


async def _read(socket: WebSocket, live: Live, session: Session) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        number = None
        try:
            request = parse(message.get("text") or "")
            number = request.id
            await _do(request, live, session)
        except ValueError as error:
            session.tell(notice("error", id=number, code="invalid_message", detail=_told(error)))
        except StoreUnavailableError:
            session.tell(notice("error", id=number, code="store_unavailable"))


async def _do(request: Subscribe | Unsubscribe | Ping, live: Live, session: Session) -> None:
    match request:
        case Ping():
            session.tell(notice("pong", id=request.id))
        case Unsubscribe():
            for topic in request.topics:
                live.unsubscribe(session, topic)
            session.tell(notice("ack", id=request.id, topics=dict.fromkeys(request.topics, "off")))
        case Subscribe():
            topics = cursors(request.topics, request.since)
            if len(session.topics.keys() | topics.keys()) > MOST_TOPICS:
                raise ValueError(f"at most {MOST_TOPICS} topics for one client")
            await live.subscribe(session, topics, request.id)


def _told(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(each) for each in first['loc'])}: {first['msg']}".lstrip(": ")
    return str(error)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    with suppress(RuntimeError, TimeoutError, WebSocketDisconnect):
        async with asyncio.timeout(CLOSE_S):
            await socket.close(code, reason)
