"""Points in time on a command line."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.exits import UsageError
from cli.moments import parse_moment

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("1.5h", NOW - timedelta(minutes=90)),
        ("2d", NOW - timedelta(days=2)),
        ("2026-03-14T11:00:00Z", NOW - timedelta(hours=1)),
        ("2026-03-14T11:00:00+01:00", NOW - timedelta(hours=2)),
    ],
)
def test_what_is_understood(text: str, expected: datetime) -> None:
    assert parse_moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "6", "-6h", "9999999999d"])
def test_what_is_not(text: str) -> None:
    with pytest.raises(UsageError):
        parse_moment(text, NOW)


def test_a_time_without_a_zone_is_asked_for_one() -> None:
    with pytest.raises(UsageError, match="2026-03-14T11:00Z"):
        parse_moment("2026-03-14T11:00", NOW)
