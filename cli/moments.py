"""Points in time as people give them on a command line."""

import re
from datetime import datetime, timedelta

from cli.exits import UsageError

__all__ = ["parse_moment"]

AGO = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_moment(text: str, now: datetime) -> datetime:
    """`90m`, `6h` or `2d` ago, or a time with its zone. Raises `UsageError`."""
    if ago := AGO.fullmatch(text):
        try:
            return now - timedelta(**{UNITS[ago[2]]: float(ago[1])})
        except OverflowError as error:
            raise UsageError(f"{text} ago is before all time") from error
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no time; expected something like 6h, 2d or 2026-11-26T10:00:00Z"
        ) from error
    if moment.tzinfo is None:
        raise UsageError(f"{text!r} has no zone; did you mean {text}Z (UTC)?")
    return moment
