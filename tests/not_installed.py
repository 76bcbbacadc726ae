"""A package that is there, as if it were not."""

import sys

import pytest

__all__ = ["not_installed"]


def not_installed(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make imports of it and of all in it fail for the test."""
    for name in [each for each in sys.modules if each.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
