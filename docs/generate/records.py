"""records.md: every record, field by field."""

import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.generate.text import NOTE, cell, code, table
from docs.generate.vocabulary import SCHEMAS, meaning, records

__all__ = ["records_page", "undocumented_fields"]

HEAD = Path(__file__).with_name("records_head.md")


def records_page() -> str:
    """Every record with its fields."""
    lines = [NOTE, *HEAD.read_text().splitlines(), ""]
    lines += ["## On the wire", ""]
    lines += table(
        ("schema", "record"),
        (
            (f"[{name}](schemas/{name}.json)", _type_name(reader._type))
            for name, reader in SCHEMAS.items()
        ),
    )
    for record in records():
        lines += ["", f"## {record.__name__}", "", _paragraphs(record), ""]
        lines += table(("field", "type", "null", "meaning"), _rows(record))
    return "\n".join(lines) + "\n"


def undocumented_fields(kinds: tuple[type[BaseModel], ...]) -> list[str]:
    """Fields that say nothing, as `Record.field`."""
    return [
        f"{kind.__name__}.{name}"
        for kind in kinds
        for name, field in kind.model_fields.items()
        if not meaning(field)
    ]


def _rows(record: type[BaseModel]) -> Iterator[tuple[str, str, str, str]]:
    for name, field in record.model_fields.items():
        nullable = "yes" if types.NoneType in get_args(field.annotation) else ""
        yield code(field.alias or name), _linked(field), nullable, cell(meaning(field))


def _linked(field: FieldInfo) -> str:
    text = cell(_type_name(field.annotation))
    return text + _limits(field)


def _limits(field: FieldInfo) -> str:
    """Bounds that are part of the meaning: those of a ratio."""
    bounds = {
        name: getattr(limit, name)
        for limit in field.metadata
        for name in ("ge", "le")
        if getattr(limit, name, None) is not None
    }
    return ", 0 to 1" if bounds == {"ge": 0, "le": 1} else ""


def _type_name(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _type_name(arguments[0])
    if origin in {Union, types.UnionType}:
        return " or ".join(_type_name(each) for each in arguments if each is not types.NoneType)
    if origin in COLLECTIONS:
        word, position = COLLECTIONS[origin]
        return f"{word} of {_type_name(arguments[position])}"
    if origin is Literal:
        return " or ".join(f"`{getattr(each, 'value', each)}`" for each in arguments)
    return _plain_name(annotation)


def _plain_name(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " ".join(f"`{each.value}`" for each in kind)
    return WORDS[getattr(kind, "__name__", str(kind))]


COLLECTIONS = {tuple: ("list", 0), dict: ("map", 1)}
WORDS = {
    "str": "text",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "datetime": "time",
    "AwareDatetime": "time",
    "UUID": "UUID",
    "bytes": "base64",
    "JsonValue": "any JSON",
}


def _paragraphs(record: type[BaseModel]) -> str:
    return "\n".join(line.strip() for line in (record.__doc__ or "").strip().splitlines())
