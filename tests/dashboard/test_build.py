"""What the build puts into the wheel: small, and nothing that the strict policy would refuse."""

import gzip
import re

import pytest

from tests.dashboard.stub import STATIC
from tests.requirements import require_or_skip

pytestmark = pytest.mark.browser

ENTRY_BUDGET_BYTES = 120 * 1024


@pytest.fixture
def page() -> str:
    """The built page's HTML."""
    index = STATIC / "index.html"
    if not index.is_file():
        require_or_skip("browser", "the dashboard is not built (make dashboard)")
    return index.read_text()


def test_scripts_stay_within_their_budget(page: str) -> None:
    scripts = re.findall(r'src="(/assets/[^"]+\.js)"', page)

    sizes = [len(gzip.compress((STATIC / name.lstrip("/")).read_bytes())) for name in scripts]

    assert 0 < sum(sizes) <= ENTRY_BUDGET_BYTES


def test_the_page_has_nothing_inline_and_nothing_foreign(page: str) -> None:
    inline = re.findall(r"<style|style=|<script(?![^>]* src=)|\son\w+=", page)
    foreign = re.findall(r'(?:src|href)="(?!/)[^"]*"', page)

    assert [inline, foreign] == [[], []]
