"""From documents to values: pointers, units, counters. Nothing unknown becomes 0."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import isfinite
from typing import Any

from pydantic import ValidationError

from agents.custom.config import ListSpec, ValueSpec
from agents.custom.targets import UNITS, Target, Targets
from agents.exposition import Exposition
from agents.missing import Missing

__all__ = ["Counters", "Documents", "Reader", "Row", "rows_of"]

Documents = Mapping[str, "object | Exposition | Missing"]
"""What each source said, or why it said nothing."""

FIRST = "needs two scrapes: it counts what happened since the one before"


@dataclass
class Counters:
    """Values of counters at the scrape before and at this one, by the place of their mapping."""

    at: datetime | None = None
    before: Mapping[str, float] = field(default_factory=dict)
    now: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None

    def next(self, at: datetime) -> "Counters":
        """Those of the scrape at `at`, which compares with this one."""
        passed = None if self.at is None else (at - self.at).total_seconds()
        # What could not be read this time is compared with what was read last.
        return Counters(at, {**self.before, **self.now}, {}, passed)

    def gain(self, place: str, value: float, *, per_second: bool) -> float | Missing:
        """What a counter gained since it was last read."""
        self.now[place] = value
        if place not in self.before or self.seconds is None:
            return Missing(FIRST)
        if self.seconds <= 0:
            return Missing("our clock went back since the scrape before")
        if value < self.before[place]:
            return Missing("the counter began anew: what it counts was restarted")
        gained = value - self.before[place]
        return gained / self.seconds if per_second else gained


@dataclass(frozen=True)
class Row:
    """An element of a list: a part of a document, or the series with one value of a label."""

    key: str
    value: object
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader:
    """Finds mapped values in what the sources said."""

    documents: Documents
    counters: Counters

    def values(
        self, fields: Mapping[str, ValueSpec], targets: Targets, place: str
    ) -> Mapping[str, dict[str, Any]]:
        """Section -> field -> its value, or why there is none."""
        found: dict[str, dict[str, Any]] = {}
        for name, spec in fields.items():
            target, document = targets.find(name), self.documents[spec.source or ""]
            value = self._value(target, spec, document, Row(place, document))
            found.setdefault(target.section, {})[target.name] = value
        return found

    def of_row(self, listed: ListSpec, row: Row, targets: Targets, place: str) -> dict[str, Any]:
        """Field -> value of one element of a list."""
        document = self.documents[listed.source]
        keyed = Row(f"{place}/{row.key}", row.value, row.labels)
        found = {}
        for name, spec in listed.fields.items():
            target = targets.find(name)
            of_list = spec.model_copy(update={"source": listed.source})
            found[target.name] = self._value(target, of_list, document, keyed)
        return found

    def _value(
        self, target: Target, spec: ValueSpec, source: object | Exposition | Missing, row: Row
    ) -> Any:
        if isinstance(source, Missing):
            return source
        where = f"{spec.source or 'its source'} {spec.pointer or spec.metric or ''}".strip()
        raw = (
            _series(source, spec, row)
            if isinstance(source, Exposition)
            else _pointed(row.value, spec.pointer or "")
        )
        value = raw
        if not isinstance(raw, Missing):
            place = f"{row.key}/{target.section}.{target.name}"
            value = _converted(target, spec, raw, place, self.counters)
        if isinstance(value, Missing):
            return Missing(f"{where}: {value.reason}")
        try:
            return target.adapter.validate_python(value)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]["msg"]
            return Missing(f"{where}: {value!r}: {problem}")


def rows_of(spec: ListSpec, source: object | Exposition | Missing) -> list[Row] | Missing:
    """The elements of a list; those of an object are its entries, with `/key` and `/value`."""
    if isinstance(source, Missing):
        return source
    if isinstance(source, Exposition):
        return _labelled(spec, source)
    found = _pointed(source, spec.each or "")
    if isinstance(found, Missing):
        return Missing(f"{spec.source} {spec.each}: {found.reason}")
    if isinstance(found, Mapping):
        return [Row(str(key), {"key": key, "value": value}) for key, value in found.items()]
    if isinstance(found, list):
        return [Row(str(number), value) for number, value in enumerate(found)]
    return Missing(f"{spec.source} {spec.each}: {_kind(found)}, not a list")


def _labelled(spec: ListSpec, source: Exposition) -> list[Row]:
    label = spec.each_label or ""
    names = {spec.metric} if spec.metric else {each.metric for each in spec.fields.values()}
    found = {
        dict(labels)[label]
        for name, series in source.values.items()
        if name in names
        for labels in series
        if label in dict(labels)
    }
    return [Row(value, None, {label: value}) for value in sorted(found)]


def _pointed(document: object, pointer: str) -> object | Missing:
    """RFC 6901. `null` says that there is nothing."""
    value = document
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return Missing(f"there is no {name!r}")
    return Missing("it is null") if value is None else value


def _series(source: Exposition, spec: ValueSpec, row: Row) -> float | str | Missing:
    wanted = {**row.labels, **spec.labels}
    if spec.metric in row.labels:
        return row.labels[spec.metric or ""]
    found = [
        value
        for labels, value in source.values.get(spec.metric or "", {}).items()
        if wanted.items() <= dict(labels).items()
    ]
    if not found:
        chosen = f" with {wanted}" if wanted else ""
        return Missing(f"there is no such series{chosen}")
    if spec.reduce == "sum":
        return sum(found)
    return max(found) if spec.reduce == "max" else min(found)


def _converted(target: Target, spec: ValueSpec, raw: object, place: str, counters: Counters) -> Any:
    if spec.values:
        said = f"{raw:g}" if isinstance(raw, float) else str(raw)
        if said not in spec.values:
            return Missing(f"{said!r} is not one of values: {', '.join(spec.values)}")
        raw = spec.values[said]
    if target.base in (int, float):
        return _number(target, spec, raw, place, counters)
    if target.base is datetime:
        return _moment(spec, raw)
    wanted = str if issubclass(target.base, StrEnum) else target.base
    if not isinstance(raw, wanted):
        return Missing(f"{_kind(raw)}, not {_name(target.base)}")
    return raw


def _number(
    target: Target, spec: ValueSpec, raw: object, place: str, counters: Counters
) -> float | int | Missing:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return Missing(f"{_kind(raw)}, not a number")
    if not isfinite(raw):
        return Missing("not a finite number")
    factor = spec.scale * (target.factor(spec.unit) if spec.unit else 1.0)
    value: float | Missing = raw if factor == 1 else raw * factor
    if spec.delta or spec.per_second:
        value = counters.gain(place, float(raw), per_second=spec.per_second)
        value = value if isinstance(value, Missing) else value * factor
    if isinstance(value, Missing) or target.base is float:
        return value
    whole = round(value)
    return whole if abs(value - whole) < WHOLE else Missing(f"{value:g} is no whole number")


WHOLE = 1e-6


def _moment(spec: ValueSpec, raw: object) -> datetime | Missing:
    """ISO 8601, or a number of seconds (or of `unit`) since 1970."""
    try:
        if isinstance(raw, str):
            moment = datetime.fromisoformat(raw)
            return moment if moment.tzinfo else Missing(f"{raw!r} tells no time zone")
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            unit = UNITS[spec.unit or "s"][1]
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=raw * unit * spec.scale)
    except (ValueError, OverflowError) as error:
        return Missing(f"{raw!r} is no time: {error}")
    return Missing(f"{_kind(raw)}, not a time")


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return names.get(type(value), f"a {type(value).__name__}")


def _name(base: type) -> str:
    return {str: "a text", bool: "true or false", dict: "an object"}.get(base, "a text")
