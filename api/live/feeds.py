"""The newest state of a topic, and what changed in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from api.live.messages import Message, data
from contracts.live import LiveType
from store.outbox import Cursor

__all__ = ["Feed", "Value"]


@dataclass(frozen=True)
class Value:
    """A state as it is told. `head` is a JSON object; a pool's workers are JSON by their id."""

    type: LiveType
    head: str
    workers: Mapping[str, str] | None = None

    def payload(self, before: "Value | None") -> str:
        """All of it, or of the workers only what is not the same as `before`."""
        known = None if before is None else before.workers
        more = ""
        if self.workers is not None:
            old = known or {}
            changed = [it for key, it in self.workers.items() if old.get(key) != it]
            gone = json.dumps(sorted(old.keys() - self.workers.keys()))
            more = f',"workers":[{",".join(changed)}],"goneWorkers":{gone}'
        return f'{{"snapshot":{json.dumps(before is None)},{self.head[1:-1]}{more}}}'


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
        snapshot = known != self.version - 1
        if snapshot not in self._messages:
            payload = self.value.payload(None if snapshot else self._before)
            self._messages[snapshot] = data(self.value.type, self.topic, self.at, payload)
        return self._messages[snapshot]
