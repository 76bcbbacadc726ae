"""The envelope of every message: made once, sent to all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from store.outbox import Cursor

__all__ = ["Message", "data", "gap", "notice"]


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is JSON; `cursor` is where a client that comes back goes on, "" where nowhere."""

    type: str
    text: str
    cursor: str = ""


def data(
    type_: str, topic: str, at: tuple[Cursor, datetime], payload: str, *, snapshot: bool = False
) -> Message:
    """About a topic. `payload` is JSON; `at` is where and when it was announced."""
    cursor, moment = at
    head = {
        "type": type_,
        "topic": topic,
        **({"snapshot": True} if snapshot else {}),
        "seq": cursor.seq,
        "cursor": str(cursor),
        "ts": moment.isoformat().replace("+00:00", "Z"),
    }
    return Message(type_, f'{_json(head)[:-1]},"payload":{payload}}}', str(cursor))


def gap(topic: str, since: Cursor, until: Cursor) -> Message:
    """Events of a topic behind `since`, up to and with `until`, are not told here."""
    lost = {"from": str(since), "to": str(until)}
    head = {"type": "gap", "topic": topic, "cursor": str(until), "payload": lost}
    return Message("gap", _json(head), str(until))


def notice(type_: str, **more: object) -> Message:
    """About the connection itself."""
    return Message(type_, _json({"type": type_, **more}))


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
