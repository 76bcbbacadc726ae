"""The grammar of `time_range`: how far back from now."""

import re
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.problems import bad_parameter
from store.reads import Range

__all__ = ["MONTH_DAYS", "SeriesQuery", "parse_time_range", "time_range_field"]

TIME_RANGE_PATTERN = "^[1-9][0-9]{0,6}[smhdw]$"
UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
DAY_S = 86_400
LONGEST_DAYS, MONTH_DAYS = 366, 31


def parse_time_range(value: str, most_days: int = LONGEST_DAYS) -> int:
    """Seconds of e.g. `90s`, `15m`, `1h`, `7d` or `2w`; at most 366 days, or fewer.

    Raises `ApiError` (422) with the grammar.
    """
    if not re.fullmatch(TIME_RANGE_PATTERN, value, re.ASCII):
        raise bad_parameter(
            "time_range", "expected a whole number and one of s, m, h, d, w, e.g. 15m, 1h or 7d"
        )
    seconds = int(value[:-1]) * UNITS_S[value[-1]]
    if seconds > most_days * DAY_S:
        raise bad_parameter("time_range", f"at most {most_days}d")
    return seconds


def time_range_field(default: str, most_days: int = LONGEST_DAYS, more: str = "") -> Any:
    """The field of a query or a body that says how far back."""
    return Field(
        default=default,
        description="How far back from now: a whole number and one of s, m, h, d, w; "
        f"at most {most_days}d{more}.",
        json_schema_extra={"pattern": TIME_RANGE_PATTERN},
    )


class SeriesQuery(BaseModel):
    """How much history, and how finely."""

    model_config = ConfigDict(extra="forbid")

    time_range: str = time_range_field("1h")
    max_points: int = Field(
        default=300, ge=1, le=2000, description="Steps at most; the server chooses their length."
    )

    def range(self, now: datetime) -> Range:
        """What is asked of the store. Raises `ApiError` (422) for a bad `time_range`."""
        return Range(parse_time_range(self.time_range), self.max_points, now)
