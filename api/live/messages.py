"""The envelope of every message (`contracts.live.LiveMessage`): made once, sent to all."""

import json
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from contracts.live import Acknowledged, Gap, LiveError, LiveType
from store.outbox import Cursor

__all__ = ["CONNECTION", "Message", "acknowledged", "data", "error", "gap"]

CONNECTION = "connection"
"""The topic of what is about no topic."""


@dataclass(frozen=True, slots=True)
class Message:
    """`rest` is the JSON behind the number, which each client counts for itself.

    `cursor` is where a client that comes back goes on, None where nowhere.
    """

    type: LiveType
    rest: str
    cursor: str | None = None

    def text(self, seq: int) -> str:
        """The message as it is sent, the `seq`-th of its client."""
        return f'{{"seq":{seq},{self.rest}'


def data(type_: LiveType, topic: str, at: tuple[Cursor, datetime], payload: str) -> Message:
    """About a topic. `payload` is JSON; `at` is where and when it was announced."""
    cursor, moment = at
    return _message(type_, topic, moment, payload, str(cursor))


def gap(topic: str, after: Cursor, until: Cursor, now: datetime) -> Message:
    """Events of a topic behind `after`, up to and with `until`, are not told here."""
    lost = Gap(after=str(after), before=str(until))
    return _message(LiveType.GAP, topic, now, _json(lost), str(until))


def acknowledged(topic: str, done: Acknowledged, now: datetime, cursor: Cursor | None) -> Message:
    """A subscription, or its end, took effect; of events from behind `cursor`."""
    place = None if cursor is None else str(cursor)
    return _message(LiveType.ACK, topic, now, _json(done), place)


def error(code: str, said: str, now: datetime, topic: str = CONNECTION) -> Message:
    """Something could not be done; the connection stays open."""
    return _message(LiveType.ERROR, topic, now, _json(LiveError(code=code, message=said)), None)


def _message(
    type_: LiveType, topic: str, moment: datetime, payload: str, cursor: str | None
) -> Message:
    head = {"type": type_.value, "topic": topic, "cursor": cursor, "ts": _time(moment)}
    text = json.dumps(head, separators=(",", ":"), ensure_ascii=False)
    return Message(type_, f'{text[1:-1]},"payload":{payload}}}', cursor)


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _json(payload: BaseModel) -> str:
    return payload.model_dump_json(by_alias=True)
