"""What a test needs from its machine, and what happens where it is missing."""

import os
from typing import NoReturn

import pytest

__all__ = ["REQUIRE_VARIABLE", "require_or_skip"]

REQUIRE_VARIABLE = "WOA_REQUIRE"


def require_or_skip(marker: str, reason: str) -> NoReturn:
    """Call where what `marker` needs is missing: skips, saying why.

    The checks set `WOA_REQUIRE` to a comma list of the markers that must run: for those a
    missing server, browser or package is a failure and no skip.
    """
    if marker in {name.strip() for name in os.environ.get(REQUIRE_VARIABLE, "").split(",")}:
        pytest.fail(f"{REQUIRE_VARIABLE} demands {marker!r} tests, but {reason}", pytrace=False)
    pytest.skip(f"{marker}: {reason}")
