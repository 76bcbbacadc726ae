"""What travels and is stored: every record with its schema's name, and what is in them."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from contracts.alerts import Alert
from contracts.commands import ScaleCommand
from contracts.dead_letter import DeadLetterRecord
from contracts.live import LiveMessage, Subscription
from contracts.topics import READER_OF_TOPIC, Topic

__all__ = ["SCHEMAS", "meaning", "records"]


def _schema_name(topic: Topic) -> str:
    _, name, version = topic.value.split(".")
    return f"{name}.{version}"


SCHEMAS: dict[str, TypeAdapter[Any]] = {
    **{_schema_name(topic): reader for topic, reader in READER_OF_TOPIC.items()},
    _schema_name(Topic.COMMANDS): TypeAdapter(ScaleCommand),
    _schema_name(Topic.DEAD_LETTERS): TypeAdapter(DeadLetterRecord),
    "live-message.v1": TypeAdapter(LiveMessage),
    "live-subscription.v1": TypeAdapter(Subscription),
    "alert.v1": TypeAdapter(Alert),
}
"""The name of each schema, `<name>.v<major version>`, and what reads it."""


def records() -> tuple[type[BaseModel], ...]:
    """Every record there is, those inside others included, each after what first names it."""
    found: dict[type[BaseModel], None] = {}
    for reader in SCHEMAS.values():
        _collect(reader._type, found)
    return tuple(found)


def meaning(field: FieldInfo) -> str:
    """What a field says; where it has no words of its own, what its type says."""
    if field.description:
        return field.description
    words = (_first_paragraph(kind) for kind in _own_types(field.annotation))
    return next(words, "")


def _first_paragraph(kind: type) -> str:
    return re.split(r"\n\s*\n", (kind.__doc__ or "").strip())[0]


def _own_types(annotation: Any) -> Iterator[type]:
    """The records and enumerations in an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel | Enum):
        yield annotation
    for argument in get_args(annotation):
        yield from _own_types(argument)


def _collect(annotation: Any, found: dict[type[BaseModel], None]) -> None:
    for kind in _own_types(annotation):
        if issubclass(kind, BaseModel) and kind not in found:
            found[kind] = None
            for field in kind.model_fields.values():
                _collect(field.annotation, found)
