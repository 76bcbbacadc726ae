"""A value or the reason why there is none: how unknown stays unknown on its way to a record.

Arithmetic over a `Missing` gives a `Missing`: a sum with one unknown addend is unknown.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic.alias_generators import to_camel

from contracts.base import Record

__all__ = [
    "CLOCK_WENT_BACK",
    "FIRST",
    "Estimated",
    "Gaps",
    "Missing",
    "combine",
    "estimated",
    "known_or",
    "over",
    "share",
    "total",
]

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
Number = TypeVar("Number", int, float)
V_co = TypeVar("V_co", covariant=True)
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Missing:
    """There is no value, and this is why; shown to whoever looks for the value."""

    reason: str


FIRST = Missing("needs two scrapes: it counts what happened since the one before")
CLOCK_WENT_BACK = Missing("our clock went back since the scrape before")


@dataclass(frozen=True)
class Estimated(Generic[V_co]):
    """A value that the source only estimates; the record says so."""

    value: V_co


def estimated(value: T | Missing) -> Estimated[T] | Missing:
    """Mark a value as an estimate, if there is one."""
    return value if isinstance(value, Missing) else Estimated(value)


def over(change: Callable[[A], T], value: A | Missing) -> T | Missing:
    """`change(value)`, unless there is no value."""
    return value if isinstance(value, Missing) else change(value)


def combine(
    merge: Callable[[A, B], T | Missing], first: A | Missing, second: B | Missing
) -> T | Missing:
    """`merge(first, second)`, unless one of them is missing."""
    if isinstance(first, Missing):
        return first
    if isinstance(second, Missing):
        return second
    return merge(first, second)


def known_or(value: T | Missing, otherwise: B) -> T | B:
    """The value, or `otherwise` where there is none."""
    return otherwise if isinstance(value, Missing) else value


def total(addends: Iterable[Number | Missing]) -> Number | Missing:
    """The sum; one unknown addend makes it unknown. The sum of nothing is 0."""
    known: list[Number] = []
    unknown: list[Missing] = []
    for addend in addends:
        if isinstance(addend, Missing):
            unknown.append(addend)
        else:
            known.append(addend)
    if not unknown:
        # mypy: `sum` of an empty int list is an int, which is a float as well.
        return sum(known)
    if len(unknown) == 1 and not known:
        return unknown[0]
    count = len(unknown) + len(known)
    return Missing(f"{len(unknown)} of {count} parts are unknown, e.g. {unknown[0].reason}")


def share(part: float, whole: float, when_none: str) -> float | Missing:
    """`part / whole`, or why there is none when the whole is 0."""
    return part / whole if whole else Missing(when_none)


@dataclass
class Gaps:
    """Turns values into nullable fields of a record and keeps what must be said about them.

    The keys of `reasons` and `estimated` are JSON pointers into the record; `*` stands for
    every element of a list.
    """

    reasons: dict[str, str] = field(default_factory=dict)
    estimates: list[str] = field(default_factory=list)

    def take(self, pointer: str, value: T | Missing, *, estimated: bool = False) -> T | None:
        """The value for the field at `pointer`, null with its reason when it is missing."""
        if isinstance(value, Missing):
            self.reasons[pointer] = value.reason
            return None
        if estimated:
            self.estimates.append(pointer)
        return value

    def fill(self, model: type[R], place: str, otherwise: str | None = None, /, **values: Any) -> R:
        """A `model` for the part at `place` of plain, `Estimated` and `Missing` values.

        A nullable field that `values` does not name is null for the reason `otherwise`; without
        one nothing is said of it, which suits fields that are the runner's.
        """
        fields: dict[str, Any] = {}
        for name, about in model.model_fields.items():
            pointer = f"{place}/{to_camel(name)}"
            if name in values:
                given = values.pop(name)
                guess = isinstance(given, Estimated)
                value = given.value if isinstance(given, Estimated) else given
                fields[name] = self.take(pointer, value, estimated=guess)
            elif otherwise is not None and not about.is_required() and about.default is None:
                self.reasons[pointer] = otherwise
        if values:
            raise TypeError(f"{model.__name__} has no field {', '.join(values)}")
        return model(**fields)

    def shorten(self, pointer: str, count: int) -> None:
        """Say once what holds for each of the `count` elements of the list at `pointer`."""
        by_leaf: dict[str, dict[str, str]] = {}
        for place, reason in self.reasons.items():
            head, _, leaf = place.removeprefix(f"{pointer}/").partition("/")
            if place.startswith(f"{pointer}/") and head.isdecimal():
                by_leaf.setdefault(leaf, {})[place] = reason
        for leaf, places in by_leaf.items():
            if count > 1 and len(places) == count and len(set(places.values())) == 1:
                self.reasons[f"{pointer}/*/{leaf}"] = next(iter(places.values()))
                for place in places:
                    del self.reasons[place]
