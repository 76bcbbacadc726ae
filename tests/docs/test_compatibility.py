"""Changes that break a reader of any age are found, and additions are none."""

from copy import deepcopy
from typing import Any

import pytest

from docs.generate.compatibility import incompatibilities, losses

OLD: dict[str, Any] = {
    "title": "Sample",
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid", "description": "Names it."},
        "size": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
        "status": {"$ref": "#/$defs/Status"},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "kind": {"const": "sample", "type": "string"},
    },
    "required": ["id", "status"],
    "$defs": {
        "Status": {"type": "string", "enum": ["good", "bad"]},
        "Part": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "maxLength": 50},
                "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
            },
        },
    },
}


def changed(place: str, value: Any) -> dict[str, Any]:
    """OLD with the value at a path of keys; None takes the key away."""
    new = deepcopy(OLD)
    *path, last = place.split("/")
    inner: Any = new
    for key in path:
        inner = inner[int(key)] if isinstance(inner, list) else inner[key]
    if value is None:
        del inner[last]
    elif isinstance(inner, list):
        inner[int(last)] = value
    else:
        inner[last] = value
    return new


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("properties/labels", None, "record.labels: is gone"),
        ("required", ["id", "status", "size"], "record.size: is required now"),
        ("required", ["id"], "record.status: is not required any more"),
        ("properties/id/type", "integer", "record.id: type was 'string' and is 'integer'"),
        ("properties/id/format", None, "record.id: format was 'uuid' and is None"),
        ("properties/size/anyOf/0/minimum", 1, "record.size: minimum was 0 and is 1"),
        (
            "properties/size/anyOf",
            [{"type": "integer", "minimum": 0}],
            "record.size: had 2 alternatives and has 1",
        ),
        ("$defs/Status/enum", ["good"], "record.status: the value 'bad' is gone"),
        ("$defs/Status/enum", ["good", "bad", "ugly"], "record.status: the value 'ugly' is new"),
        ("$defs/Part/properties/name/maxLength", 40, "record.parts.name: maxLength was 50"),
        ("$defs/Part/required", ["name"], "record.parts.name: is required now"),
        ("properties/labels/additionalProperties/type", "integer", "record.labels: type was"),
        ("properties/kind/const", "other", "record.kind: const was 'sample' and is 'other'"),
        ("additionalProperties", False, "record: additionalProperties was None and is False"),
    ],
)
def test_a_breaking_change_is_told(place: str, value: Any, told: str) -> None:
    found = incompatibilities(OLD, changed(place, value))

    assert len(found) == 1
    assert found[0].startswith(told)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("properties/extra", {"type": "integer"}),
        ("$defs/Part/properties/extra", {"anyOf": [{"type": "number"}, {"type": "null"}]}),
        ("properties/id/description", "Names the sample."),
        ("title", "Measured"),
    ],
)
def test_an_addition_is_none(place: str, value: Any) -> None:
    new = changed(place, value)
    new["$defs"]["Unused"] = {"type": "null"}

    assert incompatibilities(OLD, new) == []


CONTRACT: dict[str, Any] = {
    "info": {"version": "1.0"},
    "channels": {
        "one": {"address": "woa.one.v1", "description": "One.", "messages": {"a": {"$ref": "#/a"}}}
    },
    "headers": {"required": ["schema"], "properties": {"schema": {"type": "string"}}},
}


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (["channels", "one"], None, "channels.one: is gone"),
        (["channels", "one", "address"], "x", "channels.one.address: 'woa.one.v1' became 'x'"),
        (["channels", "one", "messages", "a"], None, "channels.one.messages.a: is gone"),
        (["headers", "required"], ["schema", "id"], "headers.required: ['schema'] became"),
        (["headers", "properties", "schema"], None, "headers.properties.schema: is gone"),
    ],
)
def test_what_a_contract_says_no_more_is_told(path: list[str], value: Any, told: str) -> None:
    found = losses(CONTRACT, altered(path, value))

    assert len(found) == 1
    assert found[0].startswith(told)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["channels", "two"], {"address": "woa.two.v1"}),
        (["channels", "one", "description"], "The first."),
        (["info", "version"], "1.1"),
        (["headers", "properties", "id"], {"type": "string"}),
    ],
)
def test_a_contract_may_say_more(path: list[str], value: Any) -> None:
    assert losses(CONTRACT, altered(path, value)) == []


def altered(path: list[str], value: Any) -> dict[str, Any]:
    """CONTRACT with the value at a path; None takes the key away."""
    new = deepcopy(CONTRACT)
    inner = new
    for key in path[:-1]:
        inner = inner[key]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return new
