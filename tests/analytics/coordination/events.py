"""Events as members write them down, seconds after noon."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID, uuid5

from contracts.events import CoordinationEvent
from tests.records import NOON

__all__ = ["event", "event_of"]

ORCHESTRATOR = UUID(int=1)


def event(at_s: float, member: str, kind: str, **details: object) -> CoordinationEvent:
    """An event whose id follows from all of it; `consensus_ms` is no detail."""
    return event_of(at_s, member, kind, details)


def event_of(
    at_s: float, member: str, kind: str, details: Mapping[str, object], number: int | None = None
) -> CoordinationEvent:
    """The same with any details, and with an id that others may have too."""
    name = f"{at_s}/{member}/{kind}/{sorted(details.items(), key=str)}"
    return CoordinationEvent.model_validate(
        {
            "id": uuid5(ORCHESTRATOR, name) if number is None else UUID(int=number),
            "orchestrator_id": ORCHESTRATOR,
            "event_type": kind,
            "event_time": NOON + timedelta(seconds=at_s),
            "participants": (member,) if member else (),
            "details": {key: it for key, it in details.items() if key != "consensus_ms"},
            "consensus_time": details.get("consensus_ms"),
        }
    )
