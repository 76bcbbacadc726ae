"""Pieces of a chain, and what each sentence of them is made with."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics.waiting.findings import ChainLink, Layer
from analytics.waiting.fleet import Watched

__all__ = ["Measured", "Part", "count", "link", "some"]

Measured = Mapping[str, float | str | None]
"""By name, unit in the name; null is unknown."""


@dataclass(frozen=True)
class Part:
    """Links from near to far. `unknown`: what is not known behind them; null: the cause.

    `loose`: a link is about more than what waits, so it may be another's cause.
    """

    links: tuple[ChainLink, ...] = ()
    unknown: str | None = None
    loose: bool = False

    def then(self, further: "Part") -> "Part":
        return Part(
            (*self.links, *further.links), further.unknown, loose=self.loose or further.loose
        )


def link(
    own: Watched,
    place: tuple[Layer, str],
    clause: str,
    measured: Measured | None = None,
    joined_by: str | None = None,
) -> ChainLink:
    """A link that the record of `own` shows; what was not measured is left out."""
    layer, subject = place
    return ChainLink(
        layer=layer,
        subject=subject,
        orchestrator_id=own.id,
        orchestrator=own.name,
        clause=clause,
        measured={name: value for name, value in (measured or {}).items() if value is not None},
        joined_by=joined_by,
    )


def count(number: float, noun: str) -> str:
    """`1 pod`, `2 pods`."""
    return f"{number:g} {noun}" if number == 1 else f"{number:g} {noun}s"


def some(number: int | None, noun: str) -> str:
    """The same where the number may be unknown."""
    return f"an unknown number of {noun}s" if number is None else count(number, noun)
