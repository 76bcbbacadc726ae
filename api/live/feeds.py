"""The newest state of a topic, and what changed in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from api.live.messages import Message, data
from store.outbox import Cursor

__all__ = ["Feed", "Value"]


@dataclass(frozen=True)
class Value:
    """A state as it is told. `head` is JSON.

    A state of parts has these in `parts`, each JSON, by id; its head is then an object.
    """

    type: str
    head: str
    parts: Mapping[str, str] | None = None
    part_name: str = ""

    def whole(self) -> str:
        """The payload that says all."""
        return self.head if self.parts is None else self._with(self.parts)

    def since(self, before: "Value") -> str:
        """The payload for who knows `before`: of the parts only those that are not the same."""
        if self.parts is None or before.parts is None:
            return self.whole()
        changed = {key: it for key, it in self.parts.items() if before.parts.get(key) != it}
        removed = sorted(before.parts.keys() - self.parts.keys())
        return self._with(changed, f',"removed":{json.dumps(removed)}')

    def _with(self, parts: Mapping[str, str], more: str = "") -> str:
        return f'{self.head[:-1]},"{self.part_name}":[{",".join(parts.values())}]{more}}}'


@dataclass
class Feed:
    """What is told of one topic: each message is made once, for all who listen."""

    topic: str
    value: Value
    at: tuple[Cursor, datetime]
    version: int = 1
    _before: Value | None = None
    _messages: dict[bool, Message] = field(default_factory=dict)

    def update(self, value: Value, at: tuple[Cursor, datetime]) -> None:
        """The state as it is now."""
        self._before, self.value, self.at = self.value, value, at
        self.version += 1
        self._messages = {}

    def message(self, known: int | None) -> Message:
        """The message for a client that was last told the version `known`; None: nothing yet."""
        snapshot = self._before is None or known != self.version - 1
        if snapshot not in self._messages:
            payload = self.value.whole() if snapshot else self.value.since(self._before_it())
            self._messages[snapshot] = data(
                self.value.type, self.topic, self.at, payload, snapshot=snapshot
            )
        return self._messages[snapshot]

    def _before_it(self) -> Value:
        assert self._before is not None
        return self._before
