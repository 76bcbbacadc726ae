"""Coordination events as the detectors read them.

| event types | `details` read | what it says |
|---|---|---|
| `leader_elected`, `lease_acquired` | `election`, `term`, `leaseDurationS` | a member leads |
| `lease_renewed` | `election`, `leaseDurationS` | it still does |
| `leader_lost`, `lease_released`, `lease_expired` | `election` | it leads no more |
| `write_accepted` | `resource`, `fencingToken`, `revision` | the store took a write |
| `lock_waiting` | `lock`, `mode` | a member waits for a lock |
| `lock_acquired` | `lock`, `mode`, `waitMs` | it holds it |
| `lock_timeout` | `lock` | it gave up waiting |
| `lock_released`, `lock_expired` | `lock` | it holds it no more |
| `member_joined`, `scheduler_joined` | | a member has begun |
| `member_left`, `scheduler_left` | | it is gone |

The first of `participants` is the member that acts. `mode` is `shared` or `exclusive`. Events of
other types, and those without what their type needs, are left out and counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Final

from contracts.events import CoordinationEvent

__all__ = [
    "ELECTED",
    "JOINED",
    "LEFT",
    "LOCK_ENDED",
    "READ",
    "STOOD_DOWN",
    "Moment",
    "moments",
]

ELECTED: Final = frozenset({"leader_elected", "lease_acquired"})
STOOD_DOWN: Final = frozenset({"leader_lost", "lease_released", "lease_expired"})
LOCK_ENDED: Final = frozenset({"lock_released", "lock_expired"})
LEADING: Final = ELECTED | STOOD_DOWN | {"lease_renewed"}
LOCKING: Final = LOCK_ENDED | {"lock_waiting", "lock_acquired", "lock_timeout"}
JOINED: Final = frozenset({"member_joined", "scheduler_joined"})
LEFT: Final = frozenset({"member_left", "scheduler_left"})
READ: Final = LEADING | LOCKING | JOINED | LEFT | {"write_accepted"}


@dataclass(frozen=True)
class Moment:
    """One event with what its type needs. Times are seconds since 1970 by the member's clock."""

    at_s: float
    kind: str
    member: str
    subject: str
    details: dict[str, object]

    def number(self, name: str) -> float | None:
        """A detail as a finite number of at least 0; otherwise it is not known."""
        value = self.details.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        # An integer too large for a float is no count, term or time of any source.
        return float(value) if 0 <= value < 2**63 and isfinite(value) else None


def moments(events: Iterable[CoordinationEvent]) -> tuple[Moment, ...]:
    """What can be read, each event once, in the order of its times."""
    found = {event.id: moment for event in events if (moment := _moment(event)) is not None}
    return tuple(sorted(found.values(), key=lambda it: (it.at_s, it.subject, it.member, it.kind)))


def _moment(event: CoordinationEvent) -> Moment | None:
    if event.event_type not in READ or not event.participants:
        return None
    name: object
    if event.event_type in LEADING:
        name = event.details.get("election", "leader")
    elif event.event_type in JOINED | LEFT:
        name = "members"
    else:
        name = event.details.get("resource" if event.event_type == "write_accepted" else "lock")
    if not isinstance(name, str):
        return None
    return Moment(
        at_s=event.event_time.timestamp(),
        kind=event.event_type,
        member=event.participants[0],
        subject=name,
        details=dict(event.details),
    )
