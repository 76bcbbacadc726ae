"""JSON documents and how tests look into them and change them."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import cast

__all__ = [
    "API",
    "PAYMENTS",
    "REPORTS",
    "SIMULATED",
    "TEMPORAL",
    "Json",
    "at",
    "changed",
    "column",
    "iso",
    "problem",
    "seen",
]

Json = dict[str, object]

API = "/api/v1/orchestration-analytics"
TEMPORAL = "5f0c7c1e-0d5e-5a57-9d3b-0d3a5a1c7e01"
SIMULATED = "77e0a3c2-8f67-5a0e-8c1e-4d2b6f9a1c02"
PAYMENTS = "0b9c4ad0-2f0e-5c6b-8a52-1f6f0f1f7b11"
REPORTS = "3d1f6c52-6b8f-5d1e-9a77-7c2e9d4b8a12"


def changed(body: Json, pointer: str, value: object) -> Json:
    """A copy of `body` with `value` at a dotted path; list places are numbers."""
    copy = deepcopy(body)
    *way, last = pointer.split(".")
    place: object = copy
    for name in way:
        place = _step(place, name)
    if isinstance(place, list):
        place[int(last)] = value
    else:
        cast(Json, place)[last] = value
    return copy


def at(body: Json, pointer: str) -> object:
    """What stands at a dotted path."""
    place: object = body
    for name in pointer.split("."):
        place = _step(place, name)
    return place


def column(body: Json, name: str) -> list[float | None]:
    """One column of a series."""
    return cast(list[float | None], at(body, f"series.{name}"))


def problem(status: int, code: str, title: str, request_id: str = "req-4711") -> Json:
    """An RFC 9457 body as the API writes it."""
    return {
        "type": f"urn:woa:problem:{code}",
        "title": title,
        "status": status,
        "detail": "The database did not answer within 5 s.",
        "instance": f"{API}/orchestrators",
        "code": code,
        "requestId": request_id,
    }


def _step(place: object, name: str) -> object:
    if isinstance(place, list):
        return place[int(name)]
    return cast(Mapping[str, object], place)[name]


def iso(moment: datetime) -> str:
    """The moment as the API writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def seen(now: datetime) -> Json:
    """The frame of what was observed just before `now`."""
    return {"observedAt": iso(now - timedelta(seconds=2)), "state": "ok", "reason": None}
