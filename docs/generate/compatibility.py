"""Whether one version of a schema may take the place of another.

A record is read by newer and by older readers than its writer. A newer reader must accept every
record of the past: nothing may be narrowed, nothing new may be required. An older reader must
accept every record of the future: nothing may be widened that it checks, nothing that it needs
may go. What is left are new optional properties, which older readers ignore, and words.
"""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["incompatibilities", "losses"]

Schema = Mapping[str, Any]

WORDS = {"title", "description", "default", "examples", "$schema", "$id", "$defs", "$comment"}
"""Keywords that no reader checks."""
DESCRIPTIVE = {*WORDS, "info", "summary"}
PROPERTIES = {"properties", "required"}
ALTERNATIVES = ("anyOf", "oneOf", "allOf")


def incompatibilities(old: Schema, new: Schema) -> list[str]:
    """Each change that is more than an addition, as `place: what changed`."""
    return list(_Comparison(old, new).changes(old, new, "record", frozenset()))


def losses(old: Any, new: Any, place: str = "") -> list[str]:
    """What a description (an AsyncAPI document) said and says no more, as `place: what`.

    Words may change, and anything may be added to an object.
    """
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return [] if old == new else [f"{place}: {old!r} became {new!r}"]
    found: list[str] = []
    for name in sorted(old.keys() - DESCRIPTIVE):
        inner = f"{place}.{name}".lstrip(".")
        found += losses(old[name], new[name], inner) if name in new else [f"{inner}: is gone"]
    return found


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._old_definitions: Schema = old.get("$defs", {})
        self._new_definitions: Schema = new.get("$defs", {})

    def changes(
        self, old: Any, new: Any, place: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[str]:
        if not isinstance(old, Mapping) or not isinstance(new, Mapping):
            if old != new:
                yield f"{place}: {old!r} became {new!r}"
            return
        names = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if all(names):
            if names in seen:  # a record inside itself
                return
            seen |= {names}
        old = _resolved(old, self._old_definitions)
        new = _resolved(new, self._new_definitions)
        yield from self._of_properties(old, new, place, seen)
        for keyword in sorted((old.keys() | new.keys()) - WORDS - PROPERTIES):
            yield from self._of_keyword(keyword, old, new, place, seen)

    def _of_properties(
        self, old: Schema, new: Schema, place: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before.keys() - after.keys():
            yield f"{place}.{name}: is gone"
        for name in set(new.get("required", ())) - set(old.get("required", ())):
            yield f"{place}.{name}: is required now"
        for name in (set(old.get("required", ())) - set(new.get("required", ()))) & after.keys():
            yield f"{place}.{name}: is not required any more"
        for name in before.keys() & after.keys():
            yield from self.changes(before[name], after[name], f"{place}.{name}", seen)

    def _of_keyword(
        self, keyword: str, old: Schema, new: Schema, place: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[str]:
        before, after = old.get(keyword), new.get(keyword)
        if keyword == "enum" and isinstance(before, list) and isinstance(after, list):
            yield from (f"{place}: the value {v!r} is gone" for v in before if v not in after)
            yield from (f"{place}: the value {v!r} is new" for v in after if v not in before)
        elif keyword in ALTERNATIVES and before is not None and after is not None:
            yield from self._of_alternatives(before, after, place, seen)
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self.changes(before, after, place, seen)
        elif before != after:
            yield f"{place}: {keyword} was {before!r} and is {after!r}"

    def _of_alternatives(
        self, old: list[Any], new: list[Any], place: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[str]:
        if len(old) != len(new):
            yield f"{place}: had {len(old)} alternatives and has {len(new)}"
            return
        for before, after in zip(old, new, strict=True):
            yield from self.changes(before, after, place, seen)


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    beside = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
    return {**definitions[name], **beside} if name else schema
