"""Tables for people: as wide as the terminal, or as wide as they need where nobody looks."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["UNKNOWN", "age", "number", "percent", "printable", "show_table", "size"]

UNKNOWN = "-"
UNBOUNDED = 10_000
UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
PREFIXES = "kMGTP"
STEP = 1_000
TENTH = 0.1


def show_table(
    headers: Sequence[str], rows: Iterable[Sequence[str]], numeric: Iterable[str] = ()
) -> None:
    """Print to standard output. Columns named in `numeric` stand to the right.

    In a terminal a text that does not fit goes on in the next line: nothing is cut off.
    """
    right = set(numeric)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for header in headers:
        table.add_column(
            header,
            justify="right" if header in right else "left",
            no_wrap=header in right,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else UNBOUNDED, highlight=False)
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def printable(text: str) -> str:
    """The text without what would steer the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def number(value: float | None, digits: int = 0) -> str:
    """A number with thousands apart. What is not 0 is never rounded to 0."""
    if value is None:
        return UNKNOWN
    least: float = 10**-digits
    return f"<{least:.{digits}f}" if 0 < value < least / 2 else f"{value:,.{digits}f}"


def percent(ratio: float | None) -> str:
    """A ratio of 0..1 as people read it."""
    return UNKNOWN if ratio is None else f"{number(ratio * 100, 1 if ratio < TENTH else 0)}%"


def size(value: float | None) -> str:
    """Bytes in decimal units, three digits."""
    if value is None:
        return UNKNOWN
    scaled, prefix = float(value), ""
    for larger in PREFIXES:
        if scaled < STEP:
            break
        scaled, prefix = scaled / STEP, larger
    digits = max(0, 3 - len(str(int(scaled)))) if prefix else 0
    return f"{scaled:.{digits}f} {prefix}B"


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago, in one unit."""
    return UNKNOWN if moment is None else span(now - moment)


def span(length: timedelta) -> str:
    """A length of time in its largest whole unit."""
    seconds = max(0, int(length.total_seconds()))
    unit_s, unit = next(((s, name) for s, name in UNITS if seconds >= s), UNITS[-1])
    return f"{seconds // unit_s}{unit}"
